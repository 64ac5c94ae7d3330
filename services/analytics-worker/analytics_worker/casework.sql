-- name: since(school_id, no)
-- What was added to the casework of a school after a number: of whom, and on which London day.
SELECT no, pupil_no, CAST(recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on
FROM (SELECT no, pupil_no, recorded_at FROM casework.act WHERE school_id = :school_id AND no > :no
      UNION ALL
      SELECT no, pupil_no, recorded_at FROM casework.notice WHERE school_id = :school_id AND no > :no) added
ORDER BY no;

-- name: acts(school_id, pupil_nos)
-- What was done about alerts of some pupils and of the school itself, in order, with the London day on which it was recorded.
SELECT pupil_no, kind, period, action, done_on, name, note, CAST(evidence AS text) AS evidence,
       CAST(recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on
FROM casework.act
WHERE school_id = :school_id AND action <> 'acknowledged'
  AND (pupil_no IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
ORDER BY no;

-- name: notices(school_id, pupil_nos)
-- Every version of the penalty notices about some pupils, in order, with the London day on which it was recorded.
SELECT pupil_no, id, CAST(body AS text) AS body, CAST(recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on
FROM casework.notice
WHERE school_id = :school_id AND kind = 'penalty-notice' AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY no;

-- name: lock(school_id)!
-- Wait for whoever else adds to the casework of a school, and hold it to the end of the transaction.
INSERT INTO casework.head AS head (school_id, no) VALUES (:school_id, 0)
ON CONFLICT (school_id) DO UPDATE SET no = head.no;

-- name: next_no(school_id)$
-- The number of the row that is added next.
UPDATE casework.head SET no = no + 1 WHERE school_id = :school_id RETURNING no;
