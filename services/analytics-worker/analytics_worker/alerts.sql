-- name: alerts(school_id, after, is_open, kinds, pupil_nos, limit)
-- Alerts that changed after a position and meet every filter, in the order of their changes.
SELECT id, changed, pupil_no, kind, opened_on, closed_on, CAST(evidence AS text) AS evidence
FROM analysis.alert
WHERE school_id = :school_id AND changed > :after
  AND (CAST(:is_open AS boolean) IS NULL OR (closed_on IS NULL) = :is_open)
  AND (CAST(:kinds AS text[]) IS NULL OR kind = ANY (CAST(:kinds AS text[])))
  AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
ORDER BY changed
LIMIT :limit;

-- name: last_change(school_id)$
-- The number of the last change of the school's alerts.
SELECT last_change FROM analysis.checkpoint WHERE school_id = :school_id;
