-- name: in_register(school_id, on, seq)
-- Every pupil on roll on a day, as placed that day, with the codes entered: folded as they are, or as they stood at a position.
-- Of a school that has closed for good nobody.
WITH entered AS (
    SELECT pupil_no, session, code FROM analysis.entry
    WHERE CAST(:seq AS bigint) IS NULL AND school_id = :school_id AND session_date = :on
    UNION ALL
    (SELECT DISTINCT ON (session, pupil_no) pupil_no, session, code FROM ledger.event
     WHERE seq <= CAST(:seq AS bigint) AND school_id = :school_id AND session_date = :on
     ORDER BY session, pupil_no, version DESC)
)
SELECT p.pupil_no, i.id, d.class, d.year_group, p.boarder, e."AM", e."PM"
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, on_roll, boarder FROM register.pupil
      WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
      ORDER BY pupil_no, seq DESC) p
JOIN (SELECT DISTINCT ON (pupil_no) pupil_no, id FROM register.pupil_id
      WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
      ORDER BY pupil_no, seq DESC) i ON i.pupil_no = p.pupil_no
LEFT JOIN (SELECT DISTINCT ON (pupil_no) pupil_no, year_group, class FROM register.placing
           WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq) AND effective_from <= :on
           ORDER BY pupil_no, effective_from DESC, seq DESC) d ON d.pupil_no = p.pupil_no
LEFT JOIN (SELECT pupil_no, max(code) FILTER (WHERE session = 'AM') AS "AM", max(code) FILTER (WHERE session = 'PM') AS "PM"
           FROM entered GROUP BY pupil_no) e ON e.pupil_no = p.pupil_no
WHERE p.on_roll @> CAST(:on AS date)
  AND coalesce((SELECT closed_on >= CAST(:on AS date) FROM register.school_facts
                WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
                ORDER BY effective_from <= CAST(:on AS date) DESC, abs(effective_from - CAST(:on AS date)), seq DESC LIMIT 1),
               true)
ORDER BY p.pupil_no;
