-- Sums are kept apart where a code changes its class: at the edges of the code book, and by the day where the class depends
-- on the pupil's age that day; and, of pupils who moved, where somebody moved.

-- name: of_school(school_id, days, edges, moving, moves, ageing_codes, ageing_from, ageing_to)
-- Every pupil's sessions on some days by code.
SELECT e.pupil_no, e.code, min(e.session_date) AS "on", count(*) AS sessions
FROM analysis.entry e
WHERE e.school_id = :school_id AND e.session_date = ANY (CAST(:days AS date[]))
GROUP BY e.pupil_no, e.code, width_bucket(e.session_date, CAST(:edges AS date[])),
         CASE WHEN e.pupil_no = ANY (CAST(:moving AS int[])) THEN width_bucket(e.session_date, CAST(:moves AS date[])) END,
         CASE WHEN e.code = ANY (CAST(:ageing_codes AS text[])) AND e.session_date BETWEEN :ageing_from AND :ageing_to
              THEN e.session_date END
ORDER BY e.pupil_no;

-- name: of_pupils(school_id, pupil_nos, days, edges, moving, moves, ageing_codes, ageing_from, ageing_to)
-- Some pupils' sessions on some days by code. Both sessions are named so that the index can be entered at each day.
SELECT e.pupil_no, e.code, min(e.session_date) AS "on", count(*) AS sessions
FROM analysis.entry e
WHERE e.school_id = :school_id AND e.session_date = ANY (CAST(:days AS date[])) AND e.session IN ('AM', 'PM')
  AND e.pupil_no = ANY (CAST(:pupil_nos AS int[]))
GROUP BY e.pupil_no, e.code, width_bucket(e.session_date, CAST(:edges AS date[])),
         CASE WHEN e.pupil_no = ANY (CAST(:moving AS int[])) THEN width_bucket(e.session_date, CAST(:moves AS date[])) END,
         CASE WHEN e.code = ANY (CAST(:ageing_codes AS text[])) AND e.session_date BETWEEN :ageing_from AND :ageing_to
              THEN e.session_date END;

-- name: of_school_at(school_id, seq, days, edges, moving, moves, ageing_codes, ageing_from, ageing_to)
-- The same of the entries that stood at a position, from the book itself.
SELECT e.pupil_no, e.code, min(e.session_date) AS "on", count(*) AS sessions
FROM (SELECT DISTINCT ON (session_date, session, pupil_no) pupil_no, session_date, code
      FROM ledger.event
      WHERE school_id = :school_id AND session_date = ANY (CAST(:days AS date[])) AND seq <= :seq
      ORDER BY session_date, session, pupil_no, version DESC) e
GROUP BY e.pupil_no, e.code, width_bucket(e.session_date, CAST(:edges AS date[])),
         CASE WHEN e.pupil_no = ANY (CAST(:moving AS int[])) THEN width_bucket(e.session_date, CAST(:moves AS date[])) END,
         CASE WHEN e.code = ANY (CAST(:ageing_codes AS text[])) AND e.session_date BETWEEN :ageing_from AND :ageing_to
              THEN e.session_date END
ORDER BY e.pupil_no;

-- name: of_pupils_at(school_id, seq, pupil_nos, days, edges, moving, moves, ageing_codes, ageing_from, ageing_to)
-- The same of the entries that stood at a position, from the book itself.
SELECT e.pupil_no, e.code, min(e.session_date) AS "on", count(*) AS sessions
FROM (SELECT DISTINCT ON (session_date, session, pupil_no) pupil_no, session_date, code
      FROM ledger.event
      WHERE school_id = :school_id AND session_date = ANY (CAST(:days AS date[])) AND session IN ('AM', 'PM')
        AND pupil_no = ANY (CAST(:pupil_nos AS int[])) AND seq <= :seq
      ORDER BY session_date, session, pupil_no, version DESC) e
GROUP BY e.pupil_no, e.code, width_bucket(e.session_date, CAST(:edges AS date[])),
         CASE WHEN e.pupil_no = ANY (CAST(:moving AS int[])) THEN width_bucket(e.session_date, CAST(:moves AS date[])) END,
         CASE WHEN e.code = ANY (CAST(:ageing_codes AS text[])) AND e.session_date BETWEEN :ageing_from AND :ageing_to
              THEN e.session_date END;
