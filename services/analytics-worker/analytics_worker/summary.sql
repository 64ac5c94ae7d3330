-- name: as_of(school_id)^
-- The position that a school is folded to, and how many events follow it.
SELECT coalesce(c.seq, 0) AS seq, h.seq - coalesce(c.seq, 0) AS behind
FROM ledger.head h
LEFT JOIN analysis.checkpoint c ON c.school_id = h.school_id
WHERE h.school_id = :school_id;
