-- name: school_id(urn)$
-- The number of the register that a URN stands for.
SELECT school_id FROM register.urn WHERE urn = :urn;
