-- name: public_keys()
-- The keys that tokens may be signed with.
SELECT public_jwk FROM access.key WHERE retired_at IS NULL
ORDER BY kid;
