-- name: ask(school_id, seq, days, pupil_nos, moving, moves, spell_pupils, spell_firsts, spell_untils, spell_parts, spell_compulsory, eras, codes, worth_eras, compulsories, possibles, presents, attendings, authoriseds, unauthoriseds, slices, slices_within, by_session, by_weekday, is_parted, persistent_times, severe_times)
-- The sums of a school's sessions on some days: over everybody (part is null) and, where parted, of each part and slice of
-- time; of each one row with its sums, and one for each code. A spell says of which days of a pupil what part is made. The
-- entries are many and the spells few: sums are made first, of pupils who have several spells kept apart where any begins, and
-- joined then. As at a position the entries are read in the book. Both sessions are named so that the index can be entered
-- at each day.
WITH spell AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:spell_pupils AS int[]), CAST(:spell_firsts AS date[]), CAST(:spell_untils AS date[]),
                         CAST(:spell_parts AS int[]), CAST(:spell_compulsory AS boolean[]))
                  AS s (pupil_no, first, until, part, compulsory)
), worth AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:worth_eras AS int[]), CAST(:compulsories AS boolean[]),
                         CAST(:possibles AS int[]), CAST(:presents AS int[]), CAST(:attendings AS int[]),
                         CAST(:authoriseds AS int[]), CAST(:unauthoriseds AS int[]))
                  AS w (code, era, compulsory, possible, present, attending, authorised, unauthorised)
), entry AS (
    SELECT pupil_no, session_date, session, code
    FROM analysis.entry
    WHERE CAST(:seq AS bigint) IS NULL AND school_id = :school_id AND session_date = ANY (CAST(:days AS date[]))
      AND session IN ('AM', 'PM') AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
    UNION ALL
    (SELECT DISTINCT ON (session_date, session, pupil_no) pupil_no, session_date, session, code
     FROM ledger.event
     WHERE seq <= CAST(:seq AS bigint) AND school_id = :school_id AND session_date = ANY (CAST(:days AS date[]))
       AND session IN ('AM', 'PM') AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
     ORDER BY session_date, session, pupil_no, version DESC)
), apart AS (
    SELECT width_bucket(e.session_date, CAST(:slices AS date[])) AS slice,
           width_bucket(e.session_date, CAST(:slices_within AS date[])) AS slice_within,
           CASE WHEN CAST(:by_session AS boolean) THEN e.session END AS session,
           CASE WHEN CAST(:by_weekday AS boolean) THEN CAST(extract(isodow FROM e.session_date) AS int) END AS weekday,
           e.pupil_no, e.code, width_bucket(e.session_date, CAST(:eras AS date[])) AS era,
           CASE WHEN e.pupil_no = ANY (CAST(:moving AS int[])) THEN width_bucket(e.session_date, CAST(:moves AS date[])) END AS move,
           min(e.session_date) AS "on", count(*) AS sessions
    FROM entry e
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
), summed AS MATERIALIZED (
    SELECT s.part, a.slice, a.slice_within, a.session, a.weekday, a.pupil_no, a.code, a.era, s.compulsory,
           CAST(sum(a.sessions) AS bigint) AS sessions
    FROM apart a
    JOIN spell s ON s.pupil_no = a.pupil_no AND a.on >= s.first AND a.on < s.until
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
), of_pupil AS (
    SELECT m.part, m.slice, m.slice_within, m.session, m.weekday, m.pupil_no, GROUPING(m.part) AS is_whole,
           sum(m.sessions * w.possible) AS possible, sum(m.sessions * w.present) AS present,
           sum(m.sessions * (w.attending - w.present)) AS approved, sum(m.sessions * w.authorised) AS authorised,
           sum(m.sessions * w.unauthorised) AS unauthorised, sum(m.sessions * (w.authorised + w.unauthorised)) AS absent
    FROM summed m
    JOIN worth w ON w.code = m.code AND w.era = m.era AND w.compulsory = m.compulsory
    GROUP BY GROUPING SETS ((m.pupil_no), (m.part, m.slice, m.slice_within, m.session, m.weekday, m.pupil_no))
)
SELECT part, slice, slice_within, session, weekday, NULL AS code, CAST(NULL AS bigint) AS sessions, CAST(NULL AS bigint) AS pupils,
       CAST(sum(possible) AS bigint) AS possible, CAST(sum(present) AS bigint) AS present,
       CAST(sum(approved) AS bigint) AS approved, CAST(sum(authorised) AS bigint) AS authorised,
       CAST(sum(unauthorised) AS bigint) AS unauthorised,
       count(*) FILTER (WHERE possible > 0) AS enrolments,
       count(*) FILTER (WHERE possible > 0 AND absent * CAST(:persistent_times AS int) >= possible) AS persistent,
       count(*) FILTER (WHERE possible > 0 AND absent * CAST(:severe_times AS int) >= possible) AS severe,
       CAST(coalesce(sum(absent) FILTER (WHERE possible > 0 AND absent * CAST(:persistent_times AS int) >= possible), 0) AS bigint)
           AS absence_of_persistent
FROM of_pupil
WHERE is_whole = 1 OR CAST(:is_parted AS boolean)
GROUP BY is_whole, part, slice, slice_within, session, weekday
UNION ALL
SELECT part, slice, slice_within, session, weekday, code, CAST(sum(sessions) AS bigint), count(DISTINCT pupil_no),
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM summed
GROUP BY GROUPING SETS ((code), (part, slice, slice_within, session, weekday, code))
HAVING GROUPING(part) = 1 OR CAST(:is_parted AS boolean);

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
