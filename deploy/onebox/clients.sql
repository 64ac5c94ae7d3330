-- name: add(client_id, name, secret_sha256, scopes, reach_kind, reach)!
-- A client that may call from now on.
INSERT INTO access.client (client_id, name, secret_sha256, scopes, reach_kind, reach)
VALUES (:client_id, :name, :secret_sha256, :scopes, :reach_kind, :reach);
