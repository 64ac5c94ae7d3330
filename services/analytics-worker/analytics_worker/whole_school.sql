-- name: everyone(school_id)
-- Every pupil that the register knows.
SELECT DISTINCT pupil_no FROM register.pupil WHERE school_id = :school_id ORDER BY pupil_no;

-- name: recorded(school_id, after, up_to, ends, dates)
-- What was recorded between two positions on days whose last positions are given: by day (its place, from 0) the dates of
-- marks, of some, and null for what is no mark.
SELECT DISTINCT width_bucket(seq - 1, CAST(:ends AS bigint[])) AS day_no, session_date
FROM (SELECT seq, session_date FROM ledger.event
      WHERE school_id = :school_id AND seq > :after AND seq <= :up_to AND session_date = ANY (CAST(:dates AS date[]))
      UNION ALL
      SELECT seq, NULL FROM ledger.change WHERE school_id = :school_id AND seq > :after AND seq <= :up_to) AS each;

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
