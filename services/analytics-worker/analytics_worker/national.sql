-- name: schools(la_codes, today)
-- The schools of some authorities, as the facts of reach are today, with what they are and how far each is folded. A school
-- without an authority is in none, and a sandbox has none.
SELECT f.school_id, f.la_code, f.phase, f.age_from, f.age_to, h.seq - coalesce(c.seq, 0) AS behind, c.totals_on
FROM ledger.head h
JOIN LATERAL (SELECT * FROM register.school_facts
              WHERE school_id = h.school_id
              ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC LIMIT 1) f
    ON f.la_code = ANY (CAST(:la_codes AS text[]))
LEFT JOIN analysis.checkpoint c ON c.school_id = h.school_id
WHERE NOT EXISTS (SELECT FROM register.sandbox b WHERE b.school_id = h.school_id)
ORDER BY f.school_id;

-- name: sizes(school_ids, academic_year)
-- How many enrolments aged 5 to 15 each of some schools has had in a year to date.
SELECT school_id, enrolments
FROM analysis.year_total
WHERE school_id = ANY (CAST(:school_ids AS int[])) AND academic_year = :academic_year AND stretch = 'year' AND counted = 'main'
  AND part_of = 'all';

-- name: reporting(school_ids, on)
-- How many pupils aged 5 to 15 each of some schools has an entry of on a day: of its two sessions the fuller one. `#` and Z
-- are entries of nobody's session.
SELECT s.school_id, CAST(max(s.entries) AS int) AS enrolments
FROM (SELECT school_id, session, sum(entries) AS entries
      FROM analysis.day_total
      WHERE school_id = ANY (CAST(:school_ids AS int[])) AND session_date = :on AND counted = 'main' AND code <> ALL ('{#,Z}')
      GROUP BY school_id, session) s
WHERE s.entries > 0
GROUP BY s.school_id;

-- name: of_day(school_ids, cells, on)
-- The sessions of a day by code, summed over the schools of each cell, of pupils aged 5 to 15.
SELECT a.cell, t.code, sum(t.entries) AS sessions
FROM analysis.day_total t
JOIN unnest(CAST(:school_ids AS int[]), CAST(:cells AS int[])) AS a (school_id, cell) ON a.school_id = t.school_id
WHERE t.school_id = ANY (CAST(:school_ids AS int[])) AND t.session_date = :on AND t.counted = 'main'
GROUP BY a.cell, t.code
HAVING sum(t.entries) <> 0;

-- name: of_year(school_ids, cells, academic_year)
-- What rests on each pupil's sums over an academic year to date, summed over the schools of each cell, and their sessions by code.
SELECT a.cell, count(*) AS schools, sum(y.enrolments) AS enrolments, sum(y.persistent) AS persistent,
       (SELECT jsonb_object_agg(k.code, k.sessions)
        FROM (SELECT e.key AS code, sum(CAST(e.value AS bigint)) AS sessions
              FROM unnest(array_agg(y.codes)) AS one (codes), jsonb_each_text(one.codes) e
              GROUP BY e.key) k) AS codes
FROM analysis.year_total y
JOIN unnest(CAST(:school_ids AS int[]), CAST(:cells AS int[])) AS a (school_id, cell) ON a.school_id = y.school_id
WHERE y.school_id = ANY (CAST(:school_ids AS int[])) AND y.academic_year = :academic_year AND y.stretch = 'year'
  AND y.counted = 'main' AND y.part_of = 'all'
GROUP BY a.cell;
