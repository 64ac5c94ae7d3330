-- name: said(school_id, seq, id)
-- The closures and their reversals as at a position, or those of one id, in the order in which they were recorded.
SELECT c.id, c.seq, c.body, h.made_at, h.recorded_at, s.name, s.position, w.client_id, r.text AS reason
FROM register.closure c
JOIN ledger.change h ON h.school_id = c.school_id AND h.seq = c.seq
JOIN ledger.client w ON w.school_id = c.school_id AND w.no = h.client_no
LEFT JOIN ledger.staff s ON s.school_id = c.school_id AND s.no = h.staff_no
LEFT JOIN ledger.text r ON r.school_id = c.school_id AND r.seq = c.seq AND r.part = 'reason'
WHERE c.school_id = :school_id AND c.seq <= :seq AND (CAST(:id AS text) IS NULL OR c.id = :id)
ORDER BY c.seq;

-- name: entries(school_id, since, seq, first_date, last_date, by_system)
-- How many entries each session had before a closure, and how many that made or amended, up to a position and ever.
SELECT e.session_date, e.session,
       count(*) FILTER (WHERE e.version = 1 AND e.seq < :since) AS stood,
       count(*) FILTER (WHERE e.version = 1 AND e.seq <= :seq AND t.seq IS NOT NULL) AS entered,
       count(*) FILTER (WHERE e.version > 1 AND e.seq <= :seq AND t.seq IS NOT NULL) AS amended,
       count(*) FILTER (WHERE e.version = 1 AND t.seq IS NOT NULL) AS entered_ever
FROM ledger.event e
LEFT JOIN ledger.text t ON t.school_id = e.school_id AND t.seq = e.seq AND t.part = 'by-system' AND t.text = :by_system
WHERE e.school_id = :school_id AND e.session_date BETWEEN :first_date AND :last_date
GROUP BY e.session_date, e.session;

-- name: due(school_id, seq)
-- The sessions of a closure that are still to be entered.
SELECT session_date, session FROM register.closure_due WHERE school_id = :school_id AND seq = :seq;
