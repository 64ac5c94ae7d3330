-- name: authority_of(urn)$
-- The authority that a school lies in, by its latest facts.
SELECT la_code FROM register.school_facts
WHERE urn = :urn
ORDER BY seq DESC
LIMIT 1;
