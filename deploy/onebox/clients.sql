-- name: add(client_id, name, secret_sha256, scopes, reach_kind, reach)!
-- A client that may call from now on.
INSERT INTO access.client (client_id, name, secret_sha256, scopes, reach_kind, reach)
VALUES (:client_id, :name, :secret_sha256, :scopes, :reach_kind, :reach);

-- name: every()
-- Every client, those revoked too, the oldest first.
SELECT client_id, name, scopes, reach_kind, reach, created_at, previous_until, ends_at, revoked_at FROM access.client
ORDER BY created_at, client_id;

-- name: rotate(client_id, secret_sha256, until)$
-- A new secret for a client that is not revoked; the one before is good until an instant.
UPDATE access.client SET previous_sha256 = secret_sha256, previous_until = :until, secret_sha256 = :secret_sha256
WHERE client_id = :client_id AND revoked_at IS NULL
RETURNING client_id;

-- name: revoke(client_id, at)$
-- A client that may not call from now on; one that was revoked before stays so since then.
UPDATE access.client SET revoked_at = coalesce(revoked_at, :at) WHERE client_id = :client_id
RETURNING revoked_at;

-- name: keys()
-- The keys that tokens are verified with, the newest first.
SELECT kid, created_at, retired_at FROM access.key ORDER BY created_at DESC, kid;

-- name: retire(kid, at)$
-- A key whose tokens are refused from now on.
UPDATE access.key SET retired_at = coalesce(retired_at, :at) WHERE kid = :kid
RETURNING retired_at;
