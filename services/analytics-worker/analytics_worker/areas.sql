-- name: sums(school_ids, cells, first, last, counted, by_year_group, by_session, by_weekday, slices, slices_within, edges)
-- The sessions of some schools between two days, by cell and whatever else is asked by, by code: kept apart where a code
-- changes its class and by whether the pupils count in the main tables, with any day of each sum, and the most entries that
-- any one session has of it: of so many pupils it is at the least.
SELECT s.cell, s.part_year_group AS year_group, s.part_session AS session, s.weekday, s.slice, s.slice_within, s.is_main, s.code,
       min(s.session_date) AS "on", sum(s.entries) AS sessions, max(s.entries) AS pupils
FROM (SELECT a.cell, t.session_date, t.session, t.code, t.counted = 'main' AS is_main, sum(t.entries) AS entries,
             CASE WHEN :by_year_group THEN t.year_group END AS part_year_group,
             CASE WHEN :by_session THEN t.session END AS part_session,
             CASE WHEN :by_weekday THEN CAST(extract(isodow FROM t.session_date) AS int) END AS weekday,
             width_bucket(t.session_date, CAST(:slices AS date[])) AS slice,
             width_bucket(t.session_date, CAST(:slices_within AS date[])) AS slice_within,
             width_bucket(t.session_date, CAST(:edges AS date[])) AS era
      FROM analysis.day_total t
      JOIN unnest(CAST(:school_ids AS int[]), CAST(:cells AS int[])) AS a (school_id, cell) ON a.school_id = t.school_id
      WHERE t.school_id = ANY (CAST(:school_ids AS int[])) AND t.session_date BETWEEN :first AND :last
        AND (CAST(:counted AS text) IS NULL OR t.counted = :counted)
      GROUP BY a.cell, t.session_date, t.session, t.code, is_main, part_year_group, weekday) s
GROUP BY s.cell, s.part_year_group, s.part_session, s.weekday, s.slice, s.slice_within, s.is_main, s.code, s.era
HAVING sum(s.entries) <> 0;

-- name: of_year(school_ids, cells, academic_year, counted, part_of)
-- What rests on each pupil's own sums over an academic year to date, by cell and part, with the sessions by code.
SELECT s.cell, s.part, sum(s.enrolments) AS enrolments, sum(s.persistent) AS persistent, sum(s.severe) AS severe,
       sum(s.absence_of_persistent) AS absence_of_persistent,
       jsonb_object_agg(s.code, s.sessions) FILTER (WHERE s.code IS NOT NULL) AS codes
FROM (SELECT a.cell, y.part, e.key AS code, sum(CAST(e.value AS bigint)) AS sessions,
             CASE WHEN e.key IS NULL THEN sum(y.enrolments) END AS enrolments,
             CASE WHEN e.key IS NULL THEN sum(y.persistent) END AS persistent,
             CASE WHEN e.key IS NULL THEN sum(y.severe) END AS severe,
             CASE WHEN e.key IS NULL THEN sum(y.absence_of_persistent) END AS absence_of_persistent
      FROM analysis.year_total y
      JOIN unnest(CAST(:school_ids AS int[]), CAST(:cells AS int[])) AS a (school_id, cell) ON a.school_id = y.school_id
      CROSS JOIN LATERAL (SELECT key, value FROM jsonb_each_text(y.codes) UNION ALL SELECT NULL, NULL) e
      WHERE y.school_id = ANY (CAST(:school_ids AS int[])) AND y.academic_year = :academic_year
        AND (CAST(:counted AS text) IS NULL OR y.counted = :counted) AND y.part_of = :part_of
      GROUP BY a.cell, y.part, e.key) s
GROUP BY s.cell, s.part;
