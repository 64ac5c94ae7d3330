-- name: position_before(school_id, up_to, at)$
-- The last position recorded before an instant, of those up to a position: recording never goes back.
SELECT max(seq) FROM (
    (SELECT seq FROM ledger.event WHERE school_id = :school_id AND seq <= :up_to AND recorded_at < :at ORDER BY seq DESC LIMIT 1)
    UNION ALL
    (SELECT seq FROM ledger.change WHERE school_id = :school_id AND seq <= :up_to AND recorded_at < :at ORDER BY seq DESC LIMIT 1)
) AS each;

-- name: everyone(school_id)
-- Every pupil that the register knows.
SELECT DISTINCT pupil_no FROM register.pupil WHERE school_id = :school_id ORDER BY pupil_no;

-- name: recorded(school_id, after, up_to)
-- What was recorded between two positions: by London day the last position, for each date of marks, and for what is no mark.
SELECT CAST(recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on, session_date, max(seq) AS seq
FROM (SELECT recorded_at, session_date, seq FROM ledger.event WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
      UNION ALL
      SELECT recorded_at, NULL, seq FROM ledger.change WHERE school_id = :school_id AND seq > :after AND seq <= :up_to) AS each
GROUP BY 1, 2;

-- name: amendments(school_id, first, until)
-- The amendments that persons made between two instants, in order, with the pupil's id and who made them.
SELECT i.id AS pupil, e.session_date, e.session, e.original_code, e.code, s.name, s.position,
       CAST(e.recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on
FROM ledger.event e
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN (SELECT DISTINCT ON (pupil_no) pupil_no, id FROM register.pupil_id WHERE school_id = :school_id
      ORDER BY pupil_no, seq) i ON i.pupil_no = e.pupil_no
WHERE e.school_id = :school_id AND e.version > 1 AND e.source IN ('live', 'adapter')
  AND e.recorded_at >= :first AND e.recorded_at < :until
ORDER BY e.seq;

-- name: thresholds(school_id, until)
-- By pupil, the evidence of the first penalty threshold that was met by a day, as it stands or stood last.
SELECT DISTINCT ON (a.pupil_no) i.id AS pupil, CAST(a.evidence AS text) AS evidence
FROM analysis.alert a
JOIN (SELECT DISTINCT ON (pupil_no) pupil_no, id FROM register.pupil_id WHERE school_id = :school_id
      ORDER BY pupil_no, seq) i ON i.pupil_no = a.pupil_no
WHERE a.school_id = :school_id AND a.kind = 'penalty-threshold' AND a.opened_on <= :until
ORDER BY a.pupil_no, a.opened_on;
