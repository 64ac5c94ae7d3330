-- name: sums_now(school_ids, areas, phases, first, last, counted, by_year_group, by_session, by_weekday, slices, slices_within, edges)
-- The sessions of some schools between two days, by area, phase and whatever else is asked by, by code: kept apart where a code
-- changes its class and by whether the pupils count in the main tables, with any day of each sum, and the most entries that
-- any one session has of it: of so many pupils it is at the least.
SELECT s.area, s.phase, s.part_year_group AS year_group, s.part_session AS session, s.weekday, s.slice, s.slice_within, s.is_main,
       s.code, min(s.session_date) AS "on", sum(s.entries) AS sessions, max(s.entries) AS pupils
FROM (SELECT a.area, a.phase, t.session_date, t.session, t.code, t.counted = 'main' AS is_main, sum(t.entries) AS entries,
             CASE WHEN :by_year_group THEN t.year_group END AS part_year_group,
             CASE WHEN :by_session THEN t.session END AS part_session,
             CASE WHEN :by_weekday THEN CAST(extract(isodow FROM t.session_date) AS int) END AS weekday,
             width_bucket(t.session_date, CAST(:slices AS date[])) AS slice,
             width_bucket(t.session_date, CAST(:slices_within AS date[])) AS slice_within,
             width_bucket(t.session_date, CAST(:edges AS date[])) AS era
      FROM analysis.day_total t
      JOIN unnest(CAST(:school_ids AS int[]), CAST(:areas AS text[]), CAST(:phases AS text[])) AS a (school_id, area, phase)
        ON a.school_id = t.school_id
      WHERE t.school_id = ANY (CAST(:school_ids AS int[])) AND t.session_date BETWEEN :first AND :last
        AND (CAST(:counted AS text) IS NULL OR t.counted = :counted)
      GROUP BY a.area, a.phase, t.session_date, t.session, t.code, is_main, part_year_group, weekday) s
GROUP BY s.area, s.phase, s.part_year_group, s.part_session, s.weekday, s.slice, s.slice_within, s.is_main, s.code, s.era
HAVING sum(s.entries) <> 0;

-- name: plan_each()$
-- A day of one area differs too much from a year of all of them for one plan to serve both. Rows are found by their area and
-- hashed: the planner takes every row for a hundred codes, and would rather sort.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true) || set_config('work_mem', '64MB', true)
    || set_config('enable_sort', 'off', true) || set_config('enable_seqscan', 'off', true)
    || set_config('max_parallel_workers_per_gather', '0', true);

-- name: sums_kept(areas, by_area, by_phase, part_of, counteds, first, last, by_year_group, by_session, by_weekday, slices, slices_within, edges)
-- The same from the sums that are kept of areas: by area where several are given that are not to be told together. The most
-- entries are of one row: of more pupils than these it may be, not of fewer.
SELECT CASE WHEN :by_area THEN d.area END AS area,
       CASE WHEN :by_phase THEN d.phase END AS phase,
       CASE WHEN :by_year_group THEN d.year_group END AS year_group,
       CASE WHEN :by_session THEN d.session END AS session,
       CASE WHEN :by_weekday THEN CAST(extract(isodow FROM d.session_date) AS int) END AS weekday,
       width_bucket(d.session_date, CAST(:slices AS date[])) AS slice,
       width_bucket(d.session_date, CAST(:slices_within AS date[])) AS slice_within,
       d.counted IN ('main', 'small') AS is_main, c.key AS code, min(d.session_date) AS "on",
       sum(CAST(c.value AS int)) AS sessions, max(CAST(c.value AS int)) AS pupils
FROM analysis.area_day d
CROSS JOIN LATERAL jsonb_each_text(d.codes) AS c
WHERE d.area = ANY (CAST(:areas AS text[])) AND d.part_of = :part_of
  AND d.session_date BETWEEN :first AND :last AND d.counted = ANY (CAST(:counteds AS text[]))
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, width_bucket(d.session_date, CAST(:edges AS date[]));

-- name: of_stretches(areas, by_area, by_phase, academic_years, stretches, counted, part_of, with_codes)
-- What rests on each pupil's own sums over some stretches of academic years, numbered from 0 on, by area, phase and part; with
-- the sessions by code where they are asked for.
SELECT s.number, s.part_area AS area, s.part_phase AS phase, s.part, sum(s.enrolments) AS enrolments,
       sum(s.persistent) AS persistent, sum(s.severe) AS severe, sum(s.absence_of_persistent) AS absence_of_persistent,
       jsonb_object_agg(s.code, s.sessions) FILTER (WHERE s.code IS NOT NULL) AS codes
FROM (SELECT w.number - 1 AS number, t.part, e.key AS code, sum(CAST(e.value AS bigint)) AS sessions,
             CASE WHEN :by_area THEN t.area END AS part_area,
             CASE WHEN :by_phase THEN t.phase END AS part_phase,
             CASE WHEN e.key IS NULL THEN sum(t.enrolments) END AS enrolments,
             CASE WHEN e.key IS NULL THEN sum(t.persistent) END AS persistent,
             CASE WHEN e.key IS NULL THEN sum(t.severe) END AS severe,
             CASE WHEN e.key IS NULL THEN sum(t.absence_of_persistent) END AS absence_of_persistent
      FROM unnest(CAST(:academic_years AS text[]), CAST(:stretches AS text[])) WITH ORDINALITY AS w (academic_year, stretch, number)
      JOIN analysis.area_total t ON t.academic_year = w.academic_year AND t.stretch = w.stretch
      CROSS JOIN LATERAL (SELECT c.key, c.value FROM jsonb_each_text(t.codes) AS c WHERE :with_codes
                          UNION ALL SELECT NULL, NULL) AS e
      WHERE t.area = ANY (CAST(:areas AS text[])) AND t.counted = :counted AND t.part_of = :part_of
      GROUP BY w.number, t.part, e.key, part_area, part_phase) s
GROUP BY s.number, s.part_area, s.part_phase, s.part;

-- name: standing(areas, la_codes, published, academic_year)^
-- How many schools are in the sums that are kept of some areas, how far they are behind, and on which days the sums of years of
-- the one that waits the longest were made, and those of the areas of which anything is still to be summed.
SELECT count(*) AS schools, count(*) FILTER (WHERE h.seq > coalesce(c.seq, 0)) AS behind,
       CAST(coalesce(sum(h.seq - coalesce(c.seq, 0)), 0) AS bigint) AS events_behind, min(c.totals_on) AS totals_on,
       max(o.made_on) AS made_on, coalesce(bool_or(o.is_unmade), false) AS is_unmade
FROM analysis.area_school s
JOIN ledger.head h ON h.school_id = s.school_id
LEFT JOIN analysis.checkpoint c ON c.school_id = s.school_id
CROSS JOIN (SELECT min(a.made_on) AS made_on, count(*) > count(a.made_on) AS is_unmade
            FROM (SELECT DISTINCT area FROM analysis.area_due WHERE area = ANY (CAST(:areas AS text[]))) AS d
            LEFT JOIN analysis.area a ON a.area = d.area) AS o
WHERE s.la_code = ANY (CAST(:la_codes AS text[]))
  AND NOT (CAST(:published AS boolean) AND CAST(:academic_year AS text) = ANY (s.too_small));
