-- name: years_of_marks(school_id, after, up_to)
-- The calendar years in which the academic years begin that marks between two positions are of: seven months earlier, a
-- day of August is one of January.
SELECT DISTINCT CAST(extract(year FROM session_date - interval '7 months') AS int) AS year
FROM ledger.event
WHERE school_id = :school_id AND seq > :after AND seq <= :up_to;

-- name: changes(school_id, after, up_to)
-- Changes of the roll, and acts of letting a year go.
SELECT kind, subject FROM ledger.change
WHERE school_id = :school_id AND seq > :after AND seq <= :up_to AND kind IN ('roll-changed', 'year-retired');

-- name: years(school_id)
-- The academic years of which anything is summed.
SELECT DISTINCT CAST(extract(year FROM session_date - interval '7 months') AS int) AS year
FROM analysis.day_total
WHERE school_id = :school_id;

-- name: forget(school_id, academic_year)!
-- The sums of a year.
DELETE FROM analysis.year_total WHERE school_id = :school_id AND academic_year = :academic_year;

-- name: make(school_id, academic_year, up_to, first, last, spell_pupils, spell_firsts, spell_untils, spell_parts, spell_compulsory, spell_counted, numbers, parts_of, parts, cuts, eras, codes, worth_eras, compulsories, possibles, authoriseds, unauthoriseds, persistent_times, severe_times)!
-- The sums of a year from the entries, once over: first of each pupil by code, kept apart wherever a spell or an era of the
-- code book begins or ends, so that any day of a sum tells its spell; then of each part that spells belong to.
WITH spell AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:spell_pupils AS int[]), CAST(:spell_firsts AS date[]), CAST(:spell_untils AS date[]),
                         CAST(:spell_parts AS int[]), CAST(:spell_compulsory AS boolean[]), CAST(:spell_counted AS text[]))
                  AS s (pupil_no, first, until, number, compulsory, counted)
), belongs AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:numbers AS int[]), CAST(:parts_of AS text[]), CAST(:parts AS text[])) AS b (number, part_of, part)
), worth AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:worth_eras AS int[]), CAST(:compulsories AS boolean[]),
                         CAST(:possibles AS int[]), CAST(:authoriseds AS int[]), CAST(:unauthoriseds AS int[]))
                  AS w (code, era, compulsory, possible, authorised, unauthorised)
), apart AS MATERIALIZED (
    SELECT e.pupil_no, e.code, CASE WHEN cardinality(CAST(:cuts AS date[])) = 0 THEN 0
                                    ELSE width_bucket(e.session_date, CAST(:cuts AS date[])) END AS cut,
           min(e.session_date) AS "on", count(*) AS sessions
    FROM analysis.entry e
    WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last
    GROUP BY 1, 2, 3
), summed AS MATERIALIZED (
    SELECT s.number, s.pupil_no, s.counted, s.compulsory, a.code, width_bucket(a.on, CAST(:eras AS date[])) AS era, a.sessions
    FROM apart a
    JOIN spell s ON s.pupil_no = a.pupil_no AND a.on >= s.first AND a.on < s.until
), of_pupil AS (
    SELECT m.counted, b.part_of, b.part, m.pupil_no, sum(m.sessions * w.possible) AS possible,
           sum(m.sessions * (w.authorised + w.unauthorised)) AS absent
    FROM summed m
    JOIN worth w ON w.code = m.code AND w.era = m.era AND w.compulsory = m.compulsory
    JOIN belongs b ON b.number = m.number
    GROUP BY 1, 2, 3, 4
), of_code AS (
    SELECT counted, part_of, part, jsonb_object_agg(code, sessions) AS codes
    FROM (SELECT m.counted, b.part_of, b.part, m.code, CAST(sum(m.sessions) AS bigint) AS sessions
          FROM summed m JOIN belongs b ON b.number = m.number
          GROUP BY 1, 2, 3, 4) AS each
    GROUP BY 1, 2, 3
)
INSERT INTO analysis.year_total (school_id, academic_year, counted, part_of, part, up_to, enrolments, persistent, severe,
                                 absence_of_persistent, codes)
SELECT :school_id, :academic_year, p.counted, p.part_of, p.part, :up_to,
       count(*) FILTER (WHERE p.possible > 0),
       count(*) FILTER (WHERE p.possible > 0 AND p.absent * CAST(:persistent_times AS int) >= p.possible),
       count(*) FILTER (WHERE p.possible > 0 AND p.absent * CAST(:severe_times AS int) >= p.possible),
       coalesce(sum(p.absent) FILTER (WHERE p.possible > 0 AND p.absent * CAST(:persistent_times AS int) >= p.possible), 0),
       c.codes
FROM of_pupil p
JOIN of_code c ON c.counted = p.counted AND c.part_of = p.part_of AND c.part = p.part
GROUP BY p.counted, p.part_of, p.part, c.codes;
