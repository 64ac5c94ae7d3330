-- name: placed(school_id, today, fewest)^
-- Where a school is today, as the facts of reach are, and in which academic years it has been too small; and what was noted of
-- that. Of the facts that hold from one day on the latest recorded count, and before the first of them that first.
SELECT f.la_code, f.phase, f.age_from, f.age_to, EXISTS (SELECT FROM register.sandbox b WHERE b.school_id = f.school_id) AS is_sandbox,
       ARRAY(SELECT y.academic_year FROM analysis.year_total y
             WHERE y.school_id = f.school_id AND y.stretch = 'year' AND y.counted = 'main' AND y.part_of = 'all'
               AND y.enrolments < CAST(:fewest AS int)) AS too_small,
       s.school_id IS NOT NULL AS is_known, s.la_code AS was_la_code, s.phase AS was_phase, s.too_small AS was_too_small
FROM register.school_facts f
LEFT JOIN analysis.area_school s ON s.school_id = f.school_id
WHERE f.school_id = :school_id
ORDER BY f.effective_from <= CAST(:today AS date) DESC, abs(f.effective_from - CAST(:today AS date)), f.seq DESC
LIMIT 1;

-- name: place(school_id, la_code, phase, too_small)!
-- Note where a school is.
INSERT INTO analysis.area_school AS noted (school_id, la_code, phase, too_small)
VALUES (:school_id, :la_code, :phase, :too_small)
ON CONFLICT (school_id) DO UPDATE SET la_code = excluded.la_code, phase = excluded.phase, too_small = excluded.too_small
WHERE (noted.la_code, noted.phase, noted.too_small) IS DISTINCT FROM (excluded.la_code, excluded.phase, excluded.too_small);

-- name: authority(school_id)$
-- The authority that a school was last seen in.
SELECT la_code FROM analysis.area_school WHERE school_id = :school_id;

-- name: entered(school_id)^
-- The first and the last day of which anything of a school is summed.
SELECT min(session_date) AS first, max(session_date) AS last FROM analysis.day_total WHERE school_id = :school_id;

-- name: owe(area, source, days, years)!
-- More days and academic years to be summed anew of an area, for what they are of a school or an area in it.
INSERT INTO analysis.area_due AS owed (area, source, days, years)
VALUES (:area, :source, CAST(CAST(:days AS text) AS datemultirange), CAST(CAST(:years AS text) AS datemultirange))
ON CONFLICT (area, source) DO UPDATE SET days = owed.days + excluded.days, years = owed.years + excluded.years;

-- name: due(areas)
-- Those of some areas of which anything is owed.
SELECT DISTINCT area FROM analysis.area_due WHERE area = ANY (CAST(:areas AS text[])) ORDER BY area;

-- name: begin(area)!
-- An area that is new to us.
INSERT INTO analysis.area (area) VALUES (:area) ON CONFLICT DO NOTHING;

-- name: claim(area)$
-- Take an area, unless another worker has it. A statement of its own: what is summed must be read after the lock.
SELECT area FROM analysis.area WHERE area = :area FOR UPDATE SKIP LOCKED;

-- name: take_area(area)$
-- Take an area, waiting for whoever has it.
SELECT area FROM analysis.area WHERE area = :area FOR UPDATE;

-- name: plan_each()$
-- One school's day differs too much from all the years of an area for one plan to serve both.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: latest(area)$
-- The day after the last that anything is owed of.
SELECT greatest(max(upper(days)), max(upper(years))) FROM analysis.area_due WHERE area = :area;

-- name: take(area, first, until)^
-- Strike out what is owed of an academic year, and say what that was.
WITH taken AS (
    UPDATE analysis.area_due d
    SET days = d.days - datemultirange(daterange(:first, :until)), years = d.years - datemultirange(daterange(:first, :until))
    WHERE d.area = :area
    RETURNING old.days * datemultirange(daterange(:first, :until)) AS days,
              old.years * datemultirange(daterange(:first, :until)) AS years, d.source
)
SELECT CAST(coalesce(range_agg(days), '{}') AS text) AS days, CAST(coalesce(range_agg(years), '{}') AS text) AS years FROM taken;

-- name: made(area, today)!
-- Nothing is kept of what is owed no more; where nothing else is, the area is as on the evening before a day.
WITH settled AS (
    DELETE FROM analysis.area_due WHERE area = :area AND isempty(days) AND isempty(years)
)
UPDATE analysis.area SET made_on = coalesce(CAST(:today AS date), made_on) WHERE area = :area;

-- name: sum_days(area, members, days, fewest)!
-- The sums of some days of an authority, from those of its schools: by phase and year group, by phase, and all together; or of
-- another area, from those of its members. Only rows that are not as they should be are written.
WITH owed AS MATERIALIZED (
    SELECT coalesce(lower(r), '-infinity') AS first, coalesce(upper(r), 'infinity') AS until
    FROM unnest(CAST(CAST(:days AS text) AS datemultirange)) AS r
), small AS MATERIALIZED (
    SELECT s.school_id, CAST(left(y.academic_year, 4) AS int) AS year
    FROM analysis.area_school s
    CROSS JOIN LATERAL (SELECT y.academic_year FROM analysis.year_total y
                        WHERE y.school_id = s.school_id AND y.stretch = 'year' AND y.counted = 'main' AND y.part_of = 'all'
                          AND y.enrolments < CAST(:fewest AS int) OFFSET 0) y
    WHERE s.la_code = :area
), entered AS MATERIALIZED (
    SELECT t.session_date, t.session, s.phase, t.year_group, t.code,
           CASE WHEN t.counted = 'main' AND m.school_id IS NOT NULL THEN 'small' ELSE t.counted END AS counted,
           sum(t.entries) AS entries
    FROM analysis.area_school s
    CROSS JOIN owed o
    JOIN analysis.day_total t ON t.school_id = s.school_id AND t.session_date >= o.first AND t.session_date < o.until
    LEFT JOIN small m ON m.school_id = t.school_id AND m.year = extract(year FROM t.session_date - interval '7 months')
    WHERE s.la_code = :area
    GROUP BY 1, 2, 3, 4, 5, 6
    HAVING sum(t.entries) <> 0
), parted AS (
    SELECT CASE grouping(phase, year_group) WHEN 0 THEN 'year-group' WHEN 1 THEN 'phase' ELSE 'all' END AS part_of,
           session_date, counted, session, coalesce(phase, '') AS phase, coalesce(year_group, '') AS year_group, code,
           sum(entries) AS entries
    FROM entered
    GROUP BY session_date, counted, session, code, GROUPING SETS ((phase, year_group), (phase), ())
    UNION ALL
    SELECT d.part_of, d.session_date, d.counted, d.session, d.phase, d.year_group, c.key, sum(CAST(c.value AS bigint))
    FROM analysis.area_day d
    JOIN owed o ON d.session_date >= o.first AND d.session_date < o.until
    CROSS JOIN LATERAL jsonb_each_text(d.codes) AS c
    WHERE d.area = ANY (CAST(:members AS text[]))
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), made AS MATERIALIZED (
    SELECT part_of, session_date, counted, session, phase, year_group, jsonb_object_agg(code, entries) AS codes
    FROM parted
    GROUP BY 1, 2, 3, 4, 5, 6
), gone AS (
    DELETE FROM analysis.area_day d
    USING owed o
    WHERE d.area = :area AND d.session_date >= o.first AND d.session_date < o.until
      AND NOT EXISTS (SELECT FROM made m
                      WHERE m.part_of = d.part_of AND m.session_date = d.session_date AND m.counted = d.counted
                        AND m.session = d.session AND m.phase = d.phase AND m.year_group = d.year_group)
)
INSERT INTO analysis.area_day AS stands (area, part_of, session_date, counted, session, phase, year_group, codes)
SELECT :area, part_of, session_date, counted, session, phase, year_group, codes FROM made
ON CONFLICT (area, part_of, session_date, counted, session, phase, year_group) DO UPDATE SET codes = excluded.codes
WHERE stands.codes <> excluded.codes;

-- name: sum_years(area, members, years, fewest)!
-- The sums of some academic years of an authority, from those of its schools, by phase; or of another area, from those of its
-- members.
WITH owed AS MATERIALIZED (
    SELECT CAST(extract(year FROM y.first) AS int) AS year
    FROM unnest(CAST(CAST(:years AS text) AS datemultirange)) AS r
    CROSS JOIN LATERAL generate_series(lower(r), upper(r) - 1, interval '1 year') AS y (first)
), small AS MATERIALIZED (
    SELECT s.school_id, y.academic_year
    FROM analysis.area_school s
    CROSS JOIN LATERAL (SELECT y.academic_year FROM analysis.year_total y
                        WHERE y.school_id = s.school_id AND y.stretch = 'year' AND y.counted = 'main' AND y.part_of = 'all'
                          AND y.enrolments < CAST(:fewest AS int) OFFSET 0) y
    WHERE s.la_code = :area
), each AS MATERIALIZED (
    SELECT y.academic_year, y.stretch, y.part_of, s.phase, y.part,
           CASE WHEN y.counted = 'main' AND m.school_id IS NOT NULL THEN 'small' ELSE y.counted END AS counted,
           y.enrolments, y.persistent, y.severe, y.absence_of_persistent, y.codes
    FROM analysis.area_school s
    JOIN analysis.year_total y ON y.school_id = s.school_id
    LEFT JOIN small m ON m.school_id = y.school_id AND m.academic_year = y.academic_year
    WHERE s.la_code = :area AND CAST(left(y.academic_year, 4) AS int) IN (SELECT year FROM owed)
    UNION ALL
    SELECT t.academic_year, t.stretch, t.part_of, t.phase, t.part, t.counted, t.enrolments, t.persistent, t.severe,
           t.absence_of_persistent, t.codes
    FROM analysis.area_total t
    WHERE t.area = ANY (CAST(:members AS text[])) AND CAST(left(t.academic_year, 4) AS int) IN (SELECT year FROM owed)
), counted AS (
    SELECT academic_year, stretch, part_of, counted, phase, part, sum(enrolments) AS enrolments, sum(persistent) AS persistent,
           sum(severe) AS severe, sum(absence_of_persistent) AS absence_of_persistent
    FROM each
    GROUP BY 1, 2, 3, 4, 5, 6
), coded AS (
    SELECT academic_year, stretch, part_of, counted, phase, part, jsonb_object_agg(code, sessions) AS codes
    FROM (SELECT academic_year, stretch, part_of, counted, phase, part, c.key AS code, sum(CAST(c.value AS bigint)) AS sessions
          FROM each CROSS JOIN LATERAL jsonb_each_text(codes) AS c
          GROUP BY 1, 2, 3, 4, 5, 6, 7) AS e
    GROUP BY 1, 2, 3, 4, 5, 6
), made AS MATERIALIZED (
    SELECT * FROM counted JOIN coded USING (academic_year, stretch, part_of, counted, phase, part)
), gone AS (
    DELETE FROM analysis.area_total t
    WHERE t.area = :area AND CAST(left(t.academic_year, 4) AS int) IN (SELECT year FROM owed)
      AND NOT EXISTS (SELECT FROM made m
                      WHERE m.academic_year = t.academic_year AND m.stretch = t.stretch AND m.part_of = t.part_of
                        AND m.counted = t.counted AND m.phase = t.phase AND m.part = t.part)
)
INSERT INTO analysis.area_total AS stands (area, academic_year, stretch, part_of, counted, phase, part, enrolments, persistent,
                                           severe, absence_of_persistent, codes)
SELECT :area, academic_year, stretch, part_of, counted, phase, part, enrolments, persistent, severe, absence_of_persistent, codes
FROM made
ON CONFLICT (area, academic_year, stretch, part_of, counted, phase, part) DO UPDATE
SET enrolments = excluded.enrolments, persistent = excluded.persistent, severe = excluded.severe,
    absence_of_persistent = excluded.absence_of_persistent, codes = excluded.codes
WHERE (stands.enrolments, stands.persistent, stands.severe, stands.absence_of_persistent, stands.codes)
   <> (excluded.enrolments, excluded.persistent, excluded.severe, excluded.absence_of_persistent, excluded.codes);

-- name: authorities(school_id)
-- The authorities that schools were last seen in, or one was, and those that have sums.
SELECT DISTINCT la_code FROM analysis.area_school
WHERE la_code IS NOT NULL AND (CAST(:school_id AS int) IS NULL OR school_id = :school_id)
UNION
SELECT area FROM analysis.area WHERE CAST(:school_id AS int) IS NULL AND area ~ '^[0-9]{3}$';

-- name: beside()$
-- The statement that makes what the former rows of an area are laid into, the connection's own.
SELECT 'CREATE TEMP TABLE IF NOT EXISTS former_area_day (LIKE analysis.area_day) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE IF NOT EXISTS former_area_total (LIKE analysis.area_total) ON COMMIT DELETE ROWS';

-- name: keep_days(area)!
-- Lay the sums of days aside.
INSERT INTO former_area_day SELECT d.* FROM analysis.area_day d WHERE d.area = :area;

-- name: keep_years(area)!
-- Lay the sums of academic years aside.
INSERT INTO former_area_total SELECT t.* FROM analysis.area_total t WHERE t.area = :area;

-- name: differences(area)^
-- How many of the former rows are not among those made anew, and the other way round.
SELECT (SELECT count(*) FROM (TABLE former_area_day EXCEPT SELECT * FROM analysis.area_day WHERE area = :area) a) AS days_removed,
       (SELECT count(*) FROM (SELECT * FROM analysis.area_day WHERE area = :area EXCEPT TABLE former_area_day) a) AS days_added,
       (SELECT count(*) FROM (TABLE former_area_total EXCEPT SELECT * FROM analysis.area_total WHERE area = :area) a) AS years_removed,
       (SELECT count(*) FROM (SELECT * FROM analysis.area_total WHERE area = :area EXCEPT TABLE former_area_total) a) AS years_added;
