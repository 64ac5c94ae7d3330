-- name: entered(school_id, on, seq)
-- Who has an entry for which session of a day, as at a position.
SELECT session, pupil_no
FROM ledger.event
WHERE school_id = :school_id AND session_date = :on AND version = 1 AND seq <= :seq;
