-- name: schools(la_code)
-- The schools of an authority, in an order that no change of a URN touches, each with how far it is folded.
SELECT f.school_id, f.urn, f.laestab, f.la_code, f.closed_on, coalesce(c.seq, 0) AS seq, h.seq - coalesce(c.seq, 0) AS behind
FROM register.school_facts f
JOIN ledger.head h ON h.school_id = f.school_id
LEFT JOIN analysis.checkpoint c ON c.school_id = f.school_id
WHERE f.la_code = :la_code
  AND NOT EXISTS (SELECT FROM register.school_facts later WHERE later.school_id = f.school_id AND later.seq > f.seq)
ORDER BY f.school_id;
