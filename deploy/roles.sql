-- Lets the two services log in. The first migration makes their roles, without login and without password.
-- Run by psql as the owner, with REGISTER_PASSWORD and ANALYTICS_PASSWORD in the environment; safe to run again.

\set ON_ERROR_STOP on
\getenv register_password REGISTER_PASSWORD
\getenv analytics_password ANALYTICS_PASSWORD

BEGIN;
ALTER ROLE rollbook_register LOGIN PASSWORD :'register_password';
ALTER ROLE rollbook_analytics LOGIN PASSWORD :'analytics_password';
COMMIT;
