-- name: client(client_id)^
-- A client that has not been revoked, and until when it may call.
SELECT secret_sha256, previous_sha256, previous_until, scopes, reach_kind, reach, ends_at
FROM access.client
WHERE client_id = :client_id AND revoked_at IS NULL;

-- name: knows_key(kid)$
-- Whether a public key has been published.
SELECT EXISTS (SELECT FROM access.key WHERE kid = :kid);

-- name: publish_key(kid, public_jwk)!
-- Make a public key known; two processes that share it may both try.
INSERT INTO access.key (kid, public_jwk) VALUES (:kid, :public_jwk) ON CONFLICT (kid) DO NOTHING;
