-- name: begin(school_id)^
-- The position that a school is folded to, and that to which its weeks are laid together. What is asked next is planned for
-- hashing: of how many rows come of parts and weeks the planner guesses one or two, and would search them row by row, which
-- takes a hundred times as long.
SELECT coalesce(max(seq), 0) AS seq, coalesce(max(weeks_seq), 0) AS weeks_seq,
       set_config('enable_nestloop', 'off', true), set_config('enable_sort', 'off', true)
FROM analysis.checkpoint WHERE school_id = :school_id;

-- name: end()$
-- What is asked after this is planned as ever.
SELECT set_config('enable_nestloop', 'on', true) || set_config('enable_sort', 'on', true);

-- name: ask(school_id, after, up_to, first, last, pupil_nos, spell_pupils, spell_firsts, spell_untils, spell_parts, spell_compulsory, weeks, weekdays, slices, slices_within, eras, codes, code_nos, worth_eras, compulsories, possibles, absents, by_session, by_weekday, is_parted, persistent_times, severe_times)
-- The sums of a school's sessions on some days: over everybody (part is null) and, where parted, of each part and slice of
-- time; of each one row for its pupils, one for each code as it was read, and one for the pupils with it. What stands are the weeks as they were laid together at one
-- position, and the events from there to another; from 0, which is nothing, it is the book alone. A spell says of which
-- days of a pupil what part is made, a stretch which days of a week lie together; days of a week are bits, Monday's the
-- lowest. Weeks are many and the ways in which a week goes are few: what one comes to is worked out once for each.
WITH spell AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:spell_pupils AS int[]), CAST(:spell_firsts AS date[]), CAST(:spell_untils AS date[]),
                         CAST(:spell_parts AS int[]), CAST(:spell_compulsory AS boolean[]))
                  AS s (pupil_no, first, until, part, compulsory)
), stretch AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:weeks AS date[]), CAST(:weekdays AS int[]), CAST(:slices AS int[]),
                         CAST(:slices_within AS int[]), CAST(:eras AS int[]))
                  AS t (week, weekdays, slice, slice_within, era)
), worth AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:code_nos AS int[]), CAST(:worth_eras AS int[]),
                         CAST(:compulsories AS boolean[]), CAST(:possibles AS int[]), CAST(:absents AS int[]))
                  AS w (code, code_no, era, compulsory, possible, absent)
), laid AS (
    SELECT pupil_no, week, codes
    FROM analysis.pupil_week
    WHERE CAST(:after AS bigint) > 0 AND school_id = :school_id AND week = ANY (CAST(:weeks AS date[]))
      AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
), event AS NOT MATERIALIZED (
    SELECT pupil_no, session_date, session, version, code
    FROM ledger.event
    WHERE school_id = :school_id AND seq > CAST(:after AS bigint) AND seq <= CAST(:up_to AS bigint)
      AND session_date BETWEEN :first AND :last
      AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
), said AS (
    SELECT e.pupil_no, mod(e.session_date - date '2000-01-03', 7) AS weekday, e.session_date, e.session, e.code
    FROM event e
    WHERE NOT EXISTS (SELECT FROM event l
                      WHERE l.version > 1 AND l.version > e.version AND l.session_date = e.session_date
                        AND l.session = e.session AND l.pupil_no = e.pupil_no)
), said_of_day AS (
    SELECT pupil_no, session_date - weekday AS week, weekday,
           rpad(coalesce(max(code) FILTER (WHERE session = 'AM'), ''), 2)
           || rpad(coalesce(max(code) FILTER (WHERE session = 'PM'), ''), 2) AS codes
    FROM said GROUP BY pupil_no, session_date, weekday
), said_of_week AS MATERIALIZED (
    SELECT pupil_no, week, coalesce(max(codes) FILTER (WHERE weekday = 0), '    ')
                           || coalesce(max(codes) FILTER (WHERE weekday = 1), '    ')
                           || coalesce(max(codes) FILTER (WHERE weekday = 2), '    ')
                           || coalesce(max(codes) FILTER (WHERE weekday = 3), '    ')
                           || coalesce(max(codes) FILTER (WHERE weekday = 4), '    ')
                           || coalesce(max(codes) FILTER (WHERE weekday = 5), '    ')
                           || coalesce(max(codes) FILTER (WHERE weekday = 6), '    ') AS codes
    FROM said_of_day GROUP BY 1, 2
), stands AS (
    SELECT coalesce(s.pupil_no, l.pupil_no) AS pupil_no, coalesce(s.week, l.week) AS week,
           CASE WHEN s.codes IS NULL THEN l.codes WHEN l.codes IS NULL THEN s.codes
                ELSE (SELECT string_agg(coalesce(nullif(substr(s.codes, 2 * n + 1, 2), '  '), substr(l.codes, 2 * n + 1, 2)), '' ORDER BY n)
                      FROM generate_series(0, 13) AS n) END COLLATE "C" AS codes
    FROM laid l
    FULL JOIN said_of_week s ON s.pupil_no = l.pupil_no AND s.week = l.week
), placed AS MATERIALIZED (
    SELECT s.part, t.slice, t.slice_within, t.era, s.compulsory, w.pupil_no, w.codes,
           t.weekdays & CASE WHEN s.first <= w.week AND s.until >= w.week + 7 THEN 127
                             ELSE (127 << greatest(s.first - w.week, 0)) & (127 >> greatest(w.week + 7 - s.until, 0)) END AS weekdays,
           CAST(count(*) AS int) AS weeks
    FROM stands w
    JOIN stretch t ON t.week = w.week
    JOIN spell s ON s.pupil_no = w.pupil_no AND s.first < w.week + 7 AND s.until > w.week
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
), alike AS MATERIALIZED (
    SELECT part, slice, slice_within, era, compulsory, codes, weekdays, CAST(sum(weeks) AS int) AS weeks
    FROM placed
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), way AS MATERIALIZED (
    SELECT p.codes, p.weekdays, p.era, p.compulsory, n.place, rtrim(substr(p.codes, 2 * n.place + 1, 2)) AS code
    FROM (SELECT DISTINCT codes, weekdays, era, compulsory FROM alike) p
    CROSS JOIN generate_series(0, 13) AS n (place)
    WHERE (p.weekdays >> (n.place / 2)) & 1 = 1
), pattern AS MATERIALIZED (
    SELECT y.codes, y.weekdays, y.era, y.compulsory, CASE WHEN CAST(:by_session AS boolean) THEN y.place % 2 END AS session,
           CASE WHEN CAST(:by_weekday AS boolean) THEN y.place / 2 END AS weekday, w.code_no, w.possible, w.absent,
           CAST(count(*) AS int) AS sessions
    FROM way y
    JOIN worth w ON w.code = y.code AND w.era = y.era AND w.compulsory = y.compulsory
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
), valued AS MATERIALIZED (
    SELECT codes, weekdays, era, compulsory, session, weekday, CAST(sum(sessions * possible) AS int) AS possible,
           CAST(sum(sessions * absent) AS int) AS absent, bit_or(CAST(1 AS bigint) << code_no) AS held
    FROM pattern
    GROUP BY 1, 2, 3, 4, 5, 6
), of_pupil AS (
    SELECT GROUPING(p.part) AS is_whole, p.part, p.slice, p.slice_within, v.session, v.weekday, p.pupil_no,
           CAST(sum(p.weeks * v.possible) AS int) AS possible, CAST(sum(p.weeks * v.absent) AS int) AS absent,
           bit_or(v.held) AS held
    FROM placed p
    JOIN valued v ON v.codes = p.codes AND v.weekdays = p.weekdays AND v.era = p.era AND v.compulsory = p.compulsory
    GROUP BY GROUPING SETS ((p.pupil_no), (p.part, p.slice, p.slice_within, v.session, v.weekday, p.pupil_no))
), of_pupils AS MATERIALIZED (
    SELECT is_whole, part, slice, slice_within, session, weekday, held, count(*) AS pupils,
           count(*) FILTER (WHERE possible > 0) AS enrolments,
           count(*) FILTER (WHERE possible > 0 AND absent * CAST(:persistent_times AS int) >= possible) AS persistent,
           count(*) FILTER (WHERE possible > 0 AND absent * CAST(:severe_times AS int) >= possible) AS severe,
           sum(absent) FILTER (WHERE possible > 0 AND absent * CAST(:persistent_times AS int) >= possible) AS absence_of_persistent
    FROM of_pupil
    WHERE is_whole = 1 OR CAST(:is_parted AS boolean)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT part, slice, slice_within, session, weekday, CAST(NULL AS int) AS code_no, CAST(NULL AS int) AS era,
       CAST(NULL AS boolean) AS compulsory, CAST(NULL AS bigint) AS sessions, CAST(NULL AS bigint) AS pupils,
       CAST(sum(enrolments) AS bigint) AS enrolments, CAST(sum(persistent) AS bigint) AS persistent,
       CAST(sum(severe) AS bigint) AS severe, CAST(coalesce(sum(absence_of_persistent), 0) AS bigint) AS absence_of_persistent
FROM of_pupils
GROUP BY is_whole, part, slice, slice_within, session, weekday
UNION ALL
SELECT p.part, p.slice, p.slice_within, c.session, c.weekday, c.code_no, c.era, c.compulsory, sum(p.weeks * c.sessions),
       NULL, NULL, NULL, NULL, NULL
FROM alike p
JOIN pattern c ON c.codes = p.codes AND c.weekdays = p.weekdays AND c.era = p.era AND c.compulsory = p.compulsory
GROUP BY GROUPING SETS ((c.code_no, c.era, c.compulsory),
                        (p.part, p.slice, p.slice_within, c.session, c.weekday, c.code_no, c.era, c.compulsory))
HAVING GROUPING(p.part) = 1 OR CAST(:is_parted AS boolean)
UNION ALL
SELECT p.part, p.slice, p.slice_within, p.session, p.weekday, c.code_no, NULL, NULL, NULL, CAST(sum(p.pupils) AS bigint),
       NULL, NULL, NULL, NULL
FROM of_pupils p
JOIN (SELECT DISTINCT code_no FROM pattern) c ON (p.held >> c.code_no) & 1 = 1
GROUP BY p.is_whole, p.part, p.slice, p.slice_within, p.session, p.weekday, c.code_no;

-- name: of_pupils(school_id, pupil_nos, days, edges, moving, moves, ageing_codes, ageing_from, ageing_to)
-- Some pupils' sessions on some days by code. Both sessions are named so that the index can be entered at each day. Sums are
-- kept apart where a code changes its class: at the edges of the code book, and by the day where the class depends on the
-- pupil's age that day; and, of pupils who moved, where somebody moved.
SELECT e.pupil_no, e.code, min(e.session_date) AS "on", count(*) AS sessions
FROM analysis.entry e
WHERE e.school_id = :school_id AND e.session_date = ANY (CAST(:days AS date[])) AND e.session IN ('AM', 'PM')
  AND e.pupil_no = ANY (CAST(:pupil_nos AS int[]))
GROUP BY e.pupil_no, e.code, width_bucket(e.session_date, CAST(:edges AS date[])),
         CASE WHEN e.pupil_no = ANY (CAST(:moving AS int[])) THEN width_bucket(e.session_date, CAST(:moves AS date[])) END,
         CASE WHEN e.code = ANY (CAST(:ageing_codes AS text[])) AND e.session_date BETWEEN :ageing_from AND :ageing_to
              THEN e.session_date END;
