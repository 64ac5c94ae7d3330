-- name: server_version()$
-- The server's version as a number: 180006 is 18.6.
SELECT CAST(current_setting('server_version_num') AS int);

-- name: any_school()$
-- Whether any school has been set up.
SELECT EXISTS (SELECT FROM ledger.head);

-- name: log_origin()$
-- The name of the log of checkpoints.
SELECT origin FROM ledger.log;

-- name: admission(role, password)$
-- The statement that lets a role log in: a password cannot be a parameter of it, so it is quoted by the server.
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', CAST(:role AS text), CAST(:password AS text));
