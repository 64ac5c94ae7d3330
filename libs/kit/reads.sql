-- name: record(school_id, at, what, client_id, read_by, pupils, first, last, seq)!
-- One row for each pupil named that the school knows; one without a pupil for a read that names none.
INSERT INTO access.pupil_read (school_id, at, pupil_no, first_day, last_day, seq, what, client_id, read_by)
SELECT :school_id, :at, named.pupil_no, :first, :last, :seq, :what, :client_id, :read_by
FROM (SELECT CAST(NULL AS int) WHERE CAST(:pupils AS text[]) IS NULL
      UNION ALL
      SELECT DISTINCT pupil_no FROM register.pupil_id
      WHERE school_id = :school_id AND id = ANY (CAST(:pupils AS text[]))) named (pupil_no);
