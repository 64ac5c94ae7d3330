-- name: entries(school_id, pupil_no, days, seq)
-- A pupil's entries on some days, in order: as they stand, or as they stood at a position, from the book.
SELECT session_date, session, code
FROM analysis.entry
WHERE CAST(:seq AS bigint) IS NULL AND school_id = :school_id AND session_date = ANY (CAST(:days AS date[]))
  AND session IN ('AM', 'PM') AND pupil_no = :pupil_no
UNION ALL
(SELECT DISTINCT ON (session_date, session) session_date, session, code
 FROM ledger.event
 WHERE seq <= CAST(:seq AS bigint) AND school_id = :school_id AND session_date = ANY (CAST(:days AS date[]))
   AND session IN ('AM', 'PM') AND pupil_no = :pupil_no
 ORDER BY session_date, session, version DESC)
ORDER BY session_date, session;
