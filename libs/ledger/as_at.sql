-- name: head_position(school_id)^
-- Where a school's stream stands.
SELECT seq, recorded_at FROM ledger.head WHERE school_id = :school_id;

-- name: recorded_by(school_id, seq)^
-- The last event at or before a position, and when it was recorded.
SELECT seq, recorded_at
FROM (
    (SELECT seq, recorded_at FROM ledger.event WHERE school_id = :school_id AND seq <= :seq ORDER BY seq DESC LIMIT 1)
    UNION ALL
    (SELECT seq, recorded_at FROM ledger.change WHERE school_id = :school_id AND seq <= :seq ORDER BY seq DESC LIMIT 1)
) AS last
ORDER BY seq DESC
LIMIT 1;
