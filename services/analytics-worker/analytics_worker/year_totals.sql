-- name: days_of_marks(school_id, after, up_to)
-- The days that marks between two positions are of.
SELECT DISTINCT session_date FROM ledger.event WHERE school_id = :school_id AND seq > :after AND seq <= :up_to;

-- name: changes(school_id, after, up_to)
-- Changes of the roll, and acts of letting a year go.
SELECT kind, subject FROM ledger.change
WHERE school_id = :school_id AND seq > :after AND seq <= :up_to AND kind IN ('roll-changed', 'year-retired');

-- name: years(school_id)
-- The academic years of which anything is summed.
SELECT DISTINCT CAST(extract(year FROM session_date - interval '7 months') AS int) AS year
FROM analysis.day_total
WHERE school_id = :school_id;

-- name: entered(school_id, first, last)^
-- The first and the last day of which anything stands, of some days.
SELECT min(session_date) AS first, max(session_date) AS last
FROM analysis.entry WHERE school_id = :school_id AND session_date BETWEEN :first AND :last;

-- name: make(school_id, academic_year, up_to, first, last, spell_pupils, spell_firsts, spell_untils, spell_compulsory, spell_kinds, kinds, belongings, counteds, parts_of, parts, cuts, eras, pieces, stretches, stretch_pieces, codes, worth_eras, compulsories, possibles, authoriseds, unauthoriseds, persistent_times, severe_times)!
-- The sums of a year from the weeks, once over: first of each pupil by code, kept apart wherever a spell, a stretch or an
-- era of the code book begins or ends, so that any day of a sum tells its spell; then over each stretch and kind of spell, and
-- of the few kinds over each part that they belong to. Who was of two kinds is summed by each part. Rows that are as they
-- should be are not written: most stretches are over.
WITH spell AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:spell_pupils AS int[]), CAST(:spell_firsts AS date[]), CAST(:spell_untils AS date[]),
                         CAST(:spell_kinds AS int[]), CAST(:spell_compulsory AS boolean[]))
                  AS s (pupil_no, first, until, kind, compulsory)
), belongs AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:kinds AS int[]), CAST(:belongings AS int[])) AS b (kind, part_no)
), moved AS MATERIALIZED (
    SELECT pupil_no FROM spell GROUP BY pupil_no HAVING min(kind) < max(kind)
), named AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:counteds AS text[]), CAST(:parts_of AS text[]), CAST(:parts AS text[]))
                  WITH ORDINALITY AS n (counted, part_of, part, part_no)
), of_stretch AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:stretches AS text[]), CAST(:stretch_pieces AS int[])) AS t (stretch, piece)
), worth AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:worth_eras AS int[]), CAST(:compulsories AS boolean[]),
                         CAST(:possibles AS int[]), CAST(:authoriseds AS int[]), CAST(:unauthoriseds AS int[]))
                  AS w (code, era, compulsory, possible, authorised, unauthorised)
), alike AS MATERIALIZED (
    -- A week that something cuts, or an end of the year, stays by itself.
    SELECT pupil_no, codes, cut, is_cut, min(week) AS week, CAST(count(*) AS int) AS weeks
    FROM (SELECT pupil_no, codes, week, width_bucket(week, CAST(:cuts AS date[])) AS cut,
                 width_bucket(week, CAST(:cuts AS date[])) <> width_bucket(week + 6, CAST(:cuts AS date[]))
                 OR week < :first OR week + 6 > :last AS is_cut
          FROM analysis.pupil_week
          WHERE school_id = :school_id AND week BETWEEN CAST(:first AS date) - 6 AND :last) AS each
    GROUP BY pupil_no, codes, cut, is_cut, CASE WHEN is_cut THEN week END
), way AS MATERIALIZED (
    SELECT codes, n AS place, rtrim(substr(codes, 2 * n + 1, 2)) AS code
    FROM (SELECT DISTINCT codes FROM alike) AS each CROSS JOIN generate_series(0, 13) AS n
    WHERE substr(codes, 2 * n + 1, 2) <> '  '
), apart AS MATERIALIZED (
    SELECT pupil_no, code, cut, min("on") AS "on", CAST(sum(sessions) AS int) AS sessions
    FROM (SELECT a.pupil_no, y.code, a.cut, a.week + y.place / 2 AS "on", a.weeks * y.sessions AS sessions
          FROM alike a
          JOIN (SELECT codes, code, min(place) AS place, CAST(count(*) AS int) AS sessions FROM way GROUP BY 1, 2) y
            ON y.codes = a.codes
          WHERE NOT a.is_cut
          UNION ALL
          SELECT a.pupil_no, y.code, width_bucket(a.week + y.place / 2, CAST(:cuts AS date[])), a.week + y.place / 2, 1
          FROM alike a
          JOIN way y ON y.codes = a.codes
          WHERE a.is_cut AND a.week + y.place / 2 BETWEEN :first AND :last) AS each
    GROUP BY 1, 2, 3
), summed AS MATERIALIZED (
    SELECT s.kind, s.pupil_no, s.compulsory, a.code, width_bucket(a.on, CAST(:eras AS date[])) AS era,
           width_bucket(a.on, CAST(:pieces AS date[])) AS piece, a.sessions
    FROM apart a
    JOIN spell s ON s.pupil_no = a.pupil_no AND a.on >= s.first AND a.on < s.until
), of_spell AS MATERIALIZED (
    SELECT m.kind, m.pupil_no, t.stretch, CAST(sum(m.possible) AS int) AS possible, CAST(sum(m.absent) AS int) AS absent
    FROM (SELECT m.kind, m.pupil_no, m.piece, sum(m.sessions * w.possible) AS possible,
                 sum(m.sessions * (w.authorised + w.unauthorised)) AS absent
          FROM summed m
          JOIN worth w ON w.code = m.code AND w.era = m.era AND w.compulsory = m.compulsory
          GROUP BY 1, 2, 3) m
    JOIN of_stretch t ON t.piece = m.piece
    GROUP BY 1, 2, 3
), of_pupil AS (
    -- Of who was of one kind, by kind; of who moved, by part.
    SELECT s.kind, CAST(NULL AS int) AS part_no, s.stretch, s.possible, s.absent
    FROM of_spell s
    WHERE s.pupil_no NOT IN (SELECT pupil_no FROM moved)
    UNION ALL
    SELECT NULL, b.part_no, s.stretch, sum(s.possible), sum(s.absent)
    FROM of_spell s
    JOIN belongs b ON b.kind = s.kind
    WHERE s.pupil_no IN (SELECT pupil_no FROM moved)
    GROUP BY b.part_no, s.stretch, s.pupil_no
), of_kind AS (
    SELECT kind, part_no, stretch, count(*) FILTER (WHERE possible > 0) AS enrolments,
           count(*) FILTER (WHERE possible > 0 AND absent * CAST(:persistent_times AS int) >= possible) AS persistent,
           count(*) FILTER (WHERE possible > 0 AND absent * CAST(:severe_times AS int) >= possible) AS severe,
           coalesce(sum(absent) FILTER (WHERE possible > 0 AND absent * CAST(:persistent_times AS int) >= possible), 0)
               AS absence_of_persistent
    FROM of_pupil
    GROUP BY 1, 2, 3
), of_part AS (
    SELECT coalesce(b.part_no, k.part_no) AS part_no, k.stretch, sum(k.enrolments) AS enrolments, sum(k.persistent) AS persistent,
           sum(k.severe) AS severe, sum(k.absence_of_persistent) AS absence_of_persistent
    FROM of_kind k
    LEFT JOIN belongs b ON b.kind = k.kind
    GROUP BY 1, 2
), of_code AS (
    SELECT part_no, stretch, jsonb_object_agg(code, sessions) AS codes
    FROM (SELECT b.part_no, t.stretch, m.code, sum(m.sessions) AS sessions
          FROM (SELECT kind, piece, code, CAST(sum(sessions) AS int) AS sessions FROM summed GROUP BY 1, 2, 3) AS m
          JOIN of_stretch t ON t.piece = m.piece
          JOIN belongs b ON b.kind = m.kind
          GROUP BY 1, 2, 3) AS each
    GROUP BY 1, 2
), made AS MATERIALIZED (
    SELECT p.stretch, n.counted, n.part_of, n.part, p.enrolments, p.persistent, p.severe, p.absence_of_persistent, c.codes
    FROM of_part p
    JOIN of_code c ON c.part_no = p.part_no AND c.stretch = p.stretch
    JOIN named n ON n.part_no = p.part_no
), gone AS (
    DELETE FROM analysis.year_total y
    WHERE y.school_id = :school_id AND y.academic_year = :academic_year
      AND NOT EXISTS (SELECT FROM made m WHERE m.stretch = y.stretch AND m.counted = y.counted AND m.part_of = y.part_of
                                           AND m.part = y.part)
)
INSERT INTO analysis.year_total AS stands (school_id, academic_year, stretch, counted, part_of, part, up_to, enrolments,
                                           persistent, severe, absence_of_persistent, codes)
SELECT :school_id, :academic_year, m.stretch, m.counted, m.part_of, m.part, :up_to, m.enrolments, m.persistent, m.severe,
       m.absence_of_persistent, m.codes
FROM made m
ON CONFLICT (school_id, academic_year, stretch, counted, part_of, part) DO UPDATE
SET up_to = excluded.up_to, enrolments = excluded.enrolments, persistent = excluded.persistent, severe = excluded.severe,
    absence_of_persistent = excluded.absence_of_persistent, codes = excluded.codes
WHERE (stands.enrolments, stands.persistent, stands.severe, stands.absence_of_persistent, stands.codes)
   <> (excluded.enrolments, excluded.persistent, excluded.severe, excluded.absence_of_persistent, excluded.codes);
