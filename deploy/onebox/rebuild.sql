-- name: schools(urn)
-- The school that a URN is of, or every school that has a stream, by its present URN.
SELECT h.school_id, coalesce(:urn, (SELECT f.urn FROM register.school_facts f WHERE f.school_id = h.school_id
                                    ORDER BY f.effective_from DESC, f.seq DESC LIMIT 1), 'none') AS urn
FROM ledger.head h
WHERE h.seq > 0
  AND (CAST(:urn AS text) IS NULL OR h.school_id IN (SELECT u.school_id FROM register.urn u WHERE u.urn = :urn))
ORDER BY h.school_id;
