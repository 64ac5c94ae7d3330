-- name: standing(school_id, pupil_nos)
-- The spells by which some pupils' entries are summed, in order.
SELECT pupil_no, first, until, year_group, counted
FROM analysis.spell
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY pupil_no, first;

-- name: move_sums(school_id, pupil_nos, since, of_pupils, firsts, untils, year_groups, counteds)!
-- Take what stands of some pupils since a day out of the sums by their old spells, and put it in by the new.
WITH entries AS MATERIALIZED (
    SELECT e.pupil_no, e.session_date, e.session, e.code
    FROM analysis.entry e
    WHERE e.school_id = :school_id AND e.session_date >= :since AND e.pupil_no = ANY (CAST(:pupil_nos AS int[]))
), signed AS (
    SELECT e.session_date, e.session, s.year_group, s.counted, e.code, -1 AS sign
    FROM entries e
    JOIN analysis.spell s ON s.pupil_no = e.pupil_no AND s.first <= e.session_date AND e.session_date < s.until
    WHERE s.school_id = :school_id
    UNION ALL
    SELECT e.session_date, e.session, n.year_group, n.counted, e.code, 1
    FROM entries e
    JOIN unnest(CAST(:of_pupils AS int[]), CAST(:firsts AS date[]), CAST(:untils AS date[]),
                CAST(:year_groups AS text[]), CAST(:counteds AS text[])) AS n (pupil_no, first, until, year_group, counted)
      ON n.pupil_no = e.pupil_no AND n.first <= e.session_date AND e.session_date < n.until
)
INSERT INTO analysis.day_total AS stands (school_id, session_date, session, year_group, counted, code, entries)
SELECT :school_id, session_date, session, year_group, counted, code, sum(sign)
FROM signed
GROUP BY session_date, session, year_group, counted, code
HAVING sum(sign) <> 0
ON CONFLICT (school_id, session_date, session, year_group, counted, code)
DO UPDATE SET entries = stands.entries + excluded.entries;

-- name: forget(school_id, pupil_nos)!
-- The spells of some pupils.
DELETE FROM analysis.spell WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: keep(school_id, of_pupils, firsts, untils, year_groups, counteds)!
-- Spells of pupils who have none.
INSERT INTO analysis.spell (school_id, pupil_no, first, until, year_group, counted)
SELECT :school_id, *
FROM unnest(CAST(:of_pupils AS int[]), CAST(:firsts AS date[]), CAST(:untils AS date[]), CAST(:year_groups AS text[]),
            CAST(:counteds AS text[]));
