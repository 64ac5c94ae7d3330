-- name: the_time()$
-- The database's clock, read anew in each statement.
SELECT clock_timestamp();
