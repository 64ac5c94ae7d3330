-- name: authority_of(urn)$
-- The authority that a school lies in, by its latest facts.
SELECT la_code FROM register.school_facts
WHERE urn = :urn
ORDER BY seq DESC
LIMIT 1;

-- name: covered()$
-- Whether a checkpoint covers every register as it stands.
SELECT NOT EXISTS (
    SELECT FROM ledger.head h
    WHERE NOT EXISTS (SELECT FROM ledger.seal s JOIN ledger.log l ON s.checkpoint <= l.size
                      WHERE s.school_id = h.school_id AND s.seq = h.seq));
