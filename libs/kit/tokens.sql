-- name: trusted(since)^
-- The keys that tokens may be signed with, and the clients that have been revoked since an instant.
SELECT (SELECT array_agg(public_jwk ORDER BY kid) FROM access.key WHERE retired_at IS NULL) AS keys,
       (SELECT array_agg(client_id) FROM access.revoked WHERE revoked_at >= :since) AS revoked;
