-- name: beside()$
-- The statements that make what is laid beside the live models, the connection's own: tables; what stands after an event,
-- as a part of the statements below, where few entries are ever amended, so that the last amendments are joined to the first
-- entries, which takes no sorting of all; and a hash of such a row, of its columns one after the other, which takes a third
-- of the time of a hash of the row as a record. The interval makes a time that has no zone, at no cost, for a hash of one
-- that has is not in every version of the server.
SELECT $script$
    CREATE TEMP TABLE IF NOT EXISTS rebuilt_spell (LIKE analysis.spell) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE IF NOT EXISTS rebuilt_day_total (LIKE analysis.day_total) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE IF NOT EXISTS rebuilt_pupil_week (LIKE analysis.pupil_week) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE IF NOT EXISTS former_year_total (LIKE analysis.year_total) ON COMMIT DELETE ROWS;
    CREATE OR REPLACE FUNCTION pg_temp.rebuilt_entry(of_school int, up_to bigint) RETURNS SETOF analysis.entry
    LANGUAGE sql STABLE AS $folded$
        SELECT coalesce(a.seq, e.seq), coalesce(a.made_at, e.made_at), coalesce(a.recorded_at, e.recorded_at), e.school_id,
               e.session_date, e.pupil_no, coalesce(a.version, e.version), e.session, coalesce(a.code, e.code), e.code,
               CASE WHEN a.version IS NULL THEN e.arrived_at ELSE a.arrived_at END
        FROM ledger.event e
        LEFT JOIN (SELECT DISTINCT ON (session_date, session, pupil_no)
                          session_date, session, pupil_no, code, version, arrived_at, made_at, recorded_at, seq
                   FROM ledger.event
                   WHERE school_id = of_school AND seq <= up_to AND version > 1
                   ORDER BY session_date, session, pupil_no, version DESC) a
               ON a.session_date = e.session_date AND a.session = e.session AND a.pupil_no = e.pupil_no
        WHERE e.school_id = of_school AND e.seq <= up_to AND e.version = 1
    $folded$;
    CREATE OR REPLACE FUNCTION pg_temp.entry_hash(e analysis.entry) RETURNS bigint LANGUAGE sql IMMUTABLE AS $hash$
        SELECT timestamp_hash_extended(e.made_at AT TIME ZONE interval '0',
               timestamp_hash_extended(e.recorded_at AT TIME ZONE interval '0',
               hashint4extended(e.session_date - date '2000-01-01',
               hashint4extended(e.pupil_no, hashint8extended(e.seq, hashint2extended(e.version,
               hashtextextended(e.session, hashtextextended(e.code, hashtextextended(e.first_code,
               coalesce(time_hash_extended(e.arrived_at, 1), 0))))))))))
    $hash$;
$script$;

-- name: take(school_id)^
-- Take the school, waiting for whoever has it, and say how far it stands. A statement of its own: what is folded must be
-- read after the lock.
SELECT seq, totals_seq, weeks_seq, alerts_seq, alerts_on, acts_no, last_change
FROM analysis.checkpoint WHERE school_id = :school_id FOR UPDATE;

-- name: head(school_id)$
-- How far the school's stream goes.
SELECT seq FROM ledger.head WHERE school_id = :school_id;

-- name: fold_spells(school_id, of_pupils, firsts, untils, year_groups, counteds)!
-- The spells of the roll.
INSERT INTO rebuilt_spell (school_id, pupil_no, first, until, year_group, counted)
SELECT :school_id, *
FROM unnest(CAST(:of_pupils AS int[]), CAST(:firsts AS date[]), CAST(:untils AS date[]), CAST(:year_groups AS text[]),
            CAST(:counteds AS text[]));

-- name: entries_are_the_same(school_id, seq)$
-- Whether what stands is what the events come to, in whatever order and without writing any of it: how many, and all their
-- hashes together. Each has a key, so none is there twice.
SELECT (SELECT (count(*), bit_xor(pg_temp.entry_hash(e))) FROM analysis.entry e WHERE e.school_id = :school_id)
     = (SELECT (count(*), bit_xor(pg_temp.entry_hash(r))) FROM pg_temp.rebuilt_entry(:school_id, :seq) r);

-- name: weeks_are_the_same(school_id)$
-- Whether the weeks hold what stands: as many sessions, and the same all together. Weeks are many and the ways in which one
-- goes are few: each is taken apart once.
WITH way AS MATERIALIZED (
    SELECT codes, n AS place, rtrim(substr(codes, 2 * n + 1, 2)) AS code
    FROM (SELECT DISTINCT codes FROM analysis.pupil_week WHERE school_id = :school_id) AS each CROSS JOIN generate_series(0, 13) AS n
    WHERE substr(codes, 2 * n + 1, 2) <> '  '
)
SELECT (SELECT (count(*), bit_xor(hashtextextended(e.code, hashint4extended(
            2 * (e.session_date - date '2000-01-03') + CASE e.session WHEN 'PM' THEN 1 ELSE 0 END, e.pupil_no))))
        FROM analysis.entry e WHERE e.school_id = :school_id)
     = (SELECT (count(*), bit_xor(hashtextextended(y.code, hashint4extended(
            2 * (w.week - date '2000-01-03') + y.place, w.pupil_no))))
        FROM analysis.pupil_week w
        JOIN way y ON y.codes = w.codes
        WHERE w.school_id = :school_id);

-- name: lay_weeks(school_id)!
-- The weeks of all that stands; the live entries are by now those made anew.
INSERT INTO rebuilt_pupil_week (school_id, pupil_no, week, codes)
SELECT w.school_id, w.pupil_no, w.week, w.codes
FROM (SELECT min(session_date) AS first, max(session_date) AS last FROM analysis.entry WHERE school_id = :school_id) AS of
CROSS JOIN analysis.pupil_weeks(:school_id, ARRAY(SELECT CAST(monday AS date) FROM generate_series(
    CAST(of.first - mod(of.first - date '2000-01-03', 7) AS timestamp), of.last, interval '1 week') AS monday)) AS w;

-- name: fold_totals(school_id)!
-- The sums of a day, of what stands by the spells: alike weeks are summed first, and then taken apart into their sessions.
WITH alike AS MATERIALIZED (
    SELECT w.week, greatest(s.first, w.week) - w.week AS first, least(s.until, w.week + 7) - w.week AS until, s.year_group,
           s.counted, w.codes, CAST(count(*) AS int) AS pupils
    FROM analysis.pupil_week w
    JOIN rebuilt_spell s ON s.pupil_no = w.pupil_no AND s.first < w.week + 7 AND s.until > w.week
    WHERE w.school_id = :school_id
    GROUP BY 1, 2, 3, 4, 5, 6
), way AS MATERIALIZED (
    SELECT codes, n AS place, rtrim(substr(codes, 2 * n + 1, 2)) AS code
    FROM (SELECT DISTINCT codes FROM alike) AS each CROSS JOIN generate_series(0, 13) AS n
    WHERE substr(codes, 2 * n + 1, 2) <> '  '
)
INSERT INTO rebuilt_day_total (school_id, session_date, session, year_group, counted, code, entries)
SELECT :school_id, a.week + y.place / 2, CASE y.place % 2 WHEN 0 THEN 'AM' ELSE 'PM' END, a.year_group, a.counted, y.code,
       sum(a.pupils)
FROM alike a
JOIN way y ON y.codes = a.codes AND y.place / 2 >= a.first AND y.place / 2 < a.until
GROUP BY 2, 3, 4, 5, 6;

-- name: sweep_totals(school_id)!
-- Sums that have come to 0 are as good as none.
DELETE FROM analysis.day_total WHERE school_id = :school_id AND entries = 0;

-- name: remove_spells(school_id)!
-- Live rows that are not among those made anew.
DELETE FROM analysis.spell s
WHERE s.school_id = :school_id
  AND NOT EXISTS (SELECT FROM rebuilt_spell r WHERE r.pupil_no = s.pupil_no AND r.first = s.first AND r.* = s.*);

-- name: add_spells(school_id)!
-- Rows made anew that are not among the live.
INSERT INTO analysis.spell
SELECT r.* FROM rebuilt_spell r
WHERE NOT EXISTS (SELECT FROM analysis.spell s
                  WHERE s.school_id = :school_id AND s.pupil_no = r.pupil_no AND s.first = r.first)
ORDER BY r.pupil_no, r.first;

-- name: remove_entries(school_id, seq)!
-- Live rows that are not among those made anew.
DELETE FROM analysis.entry e
WHERE e.school_id = :school_id
  AND NOT EXISTS (SELECT FROM pg_temp.rebuilt_entry(:school_id, :seq) r
                  WHERE r.session_date = e.session_date AND r.session = e.session AND r.pupil_no = e.pupil_no
                    AND r.* IS NOT DISTINCT FROM e.*);

-- name: add_entries(school_id, seq)!
-- Rows made anew that are not among the live, in the order of their key.
INSERT INTO analysis.entry
SELECT r.* FROM pg_temp.rebuilt_entry(:school_id, :seq) r
WHERE NOT EXISTS (SELECT FROM analysis.entry e
                  WHERE e.school_id = :school_id AND e.session_date = r.session_date AND e.session = r.session
                    AND e.pupil_no = r.pupil_no)
ORDER BY r.session_date, r.session, r.pupil_no;

-- name: remove_weeks(school_id)!
-- Live rows that are not among those made anew.
DELETE FROM analysis.pupil_week w
WHERE w.school_id = :school_id
  AND NOT EXISTS (SELECT FROM rebuilt_pupil_week r WHERE r.week = w.week AND r.pupil_no = w.pupil_no AND r.codes = w.codes);

-- name: add_weeks(school_id)!
-- Rows made anew that are not among the live.
INSERT INTO analysis.pupil_week
SELECT r.* FROM rebuilt_pupil_week r
WHERE NOT EXISTS (SELECT FROM analysis.pupil_week w
                  WHERE w.school_id = :school_id AND w.week = r.week AND w.pupil_no = r.pupil_no)
ORDER BY r.week, r.pupil_no;

-- name: remove_totals(school_id)!
-- Live rows that are not among those made anew.
DELETE FROM analysis.day_total t
WHERE t.school_id = :school_id
  AND NOT EXISTS (SELECT FROM rebuilt_day_total r
                  WHERE r.session_date = t.session_date AND r.session = t.session AND r.year_group = t.year_group
                    AND r.counted = t.counted AND r.code = t.code AND r.entries = t.entries);

-- name: add_totals(school_id)!
-- Rows made anew that are not among the live.
INSERT INTO analysis.day_total
SELECT r.* FROM rebuilt_day_total r
WHERE NOT EXISTS (SELECT FROM analysis.day_total t
                  WHERE t.school_id = :school_id AND t.session_date = r.session_date AND t.session = r.session
                    AND t.year_group = r.year_group AND t.counted = r.counted AND t.code = r.code)
ORDER BY r.session_date, r.session, r.year_group, r.counted, r.code;

-- name: keep_years(school_id)!
-- Lay the live sums of academic years aside.
INSERT INTO former_year_total SELECT t.* FROM analysis.year_total t WHERE t.school_id = :school_id;

-- name: forget_years(school_id, years)!
-- Throw away the live ones of years of which nothing is summed by day.
DELETE FROM analysis.year_total WHERE school_id = :school_id AND academic_year <> ALL (CAST(:years AS text[]));

-- name: year_differences(school_id)^
-- How many of the former rows are not among those made anew, and the other way round, whenever each was made.
WITH former AS (
    SELECT academic_year, stretch, counted, part_of, part, enrolments, persistent, severe, absence_of_persistent, codes
    FROM former_year_total
), anew AS (
    SELECT academic_year, stretch, counted, part_of, part, enrolments, persistent, severe, absence_of_persistent, codes
    FROM analysis.year_total WHERE school_id = :school_id
)
SELECT (SELECT count(*) FROM (SELECT * FROM former EXCEPT SELECT * FROM anew) AS gone) AS removed,
       (SELECT count(*) FROM (SELECT * FROM anew EXCEPT SELECT * FROM former) AS come) AS added;

-- name: stand_at(school_id, seq)!
-- The models stand at a position. Whatever failed before may be tried at once.
UPDATE analysis.checkpoint SET seq = :seq, totals_seq = :seq, weeks_seq = :seq, retry_at = NULL
WHERE school_id = :school_id;
