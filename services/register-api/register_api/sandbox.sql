-- name: begin(client_id, secret_sha256, scopes, begun_at, until, most)^
-- A register that is a sandbox from its first moment, with its URN and its client; none where as many stand as there may be.
SELECT number, given FROM register.begin_sandbox(:client_id, :secret_sha256, :scopes, :begun_at, :until, :most);

-- name: first_over()$
-- When the first of those that stand is over.
SELECT min(until) FROM register.sandbox;
