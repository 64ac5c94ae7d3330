-- name: reads(school_id, pupil_nos, clients, since, until, before_at, before_id, limit)
-- Reads that meet every filter given, newest first, below a row where one is given.
SELECT at, id, pupil_no, first_day, last_day, seq, what, client_id, read_by
FROM access.pupil_read
WHERE school_id = :school_id
  AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND (CAST(:clients AS text[]) IS NULL OR client_id = ANY (CAST(:clients AS text[])))
  AND (CAST(:since AS timestamptz) IS NULL OR at >= CAST(:since AS timestamptz))
  AND (CAST(:until AS timestamptz) IS NULL OR at < CAST(:until AS timestamptz))
  AND (CAST(:before_at AS timestamptz) IS NULL
       OR (at, id) < (CAST(:before_at AS timestamptz), CAST(:before_id AS uuid)))
ORDER BY at DESC, id DESC
LIMIT :limit;
