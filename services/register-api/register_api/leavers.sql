-- name: codes(school_id, pupil_nos, first, last)
-- The codes that stand for these pupils between two dates.
SELECT DISTINCT ON (session_date, session, pupil_no) pupil_no, session_date, session, code
FROM ledger.event
WHERE school_id = :school_id AND session_date BETWEEN :first AND :last AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY session_date, session, pupil_no, version DESC;

-- name: leaves(school_id, pupil_nos, codes)
-- The leaves of absence that stand as granted to these pupils, with their first and last days.
SELECT pupil_no, first_date, last_date
FROM (SELECT DISTINCT ON (id) id, pupil_no, code, outcome, first_date, last_date FROM register.planned_absence
      WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[])) ORDER BY id, seq DESC) latest
WHERE outcome = 'granted' AND last_date IS NOT NULL AND code = ANY (CAST(:codes AS text[]));
