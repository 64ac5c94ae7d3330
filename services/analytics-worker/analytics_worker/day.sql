-- name: entries(school_id, pupil_nos, first, last)
-- What stands of some pupils between two days, with the code that each entry began with, in order.
SELECT pupil_no, session_date, session, code, first_code
FROM analysis.entry
WHERE school_id = :school_id AND session_date BETWEEN :first AND :last AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY pupil_no, session_date, session;

-- name: standing_n(school_id, pupil_nos, up_to)
-- Every N that stands of some pupils, up to a day, the oldest first.
SELECT pupil_no, session_date, session
FROM analysis.entry
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[])) AND code IN ('G', 'N', 'O', 'U') AND code = 'N'
  AND session_date <= :up_to
ORDER BY session_date, session, pupil_no;

-- name: held(school_id, on)
-- The alerts that were open when a day was over, or are, the oldest first; one of no pupil is of the class or the
-- year group that it says.
SELECT a.id, a.kind, a.pupil_no, a.opened_on,
       CASE WHEN a.evidence ->> 'of' LIKE 'class %' THEN substr(a.evidence ->> 'of', 7)
            WHEN a.pupil_no IS NULL THEN a.evidence ->> 'register' END AS class,
       CASE WHEN a.evidence ->> 'of' LIKE 'year group %' THEN substr(a.evidence ->> 'of', 12) END AS year_group
FROM analysis.alert a
WHERE a.school_id = :school_id
  AND EXISTS (SELECT FROM jsonb_array_elements(a.held) AS stretch
              WHERE CAST(stretch ->> 0 AS date) <= :on
                AND (stretch ->> 1 IS NULL OR CAST(stretch ->> 1 AS date) > :on))
ORDER BY a.opened_on, a.id;
