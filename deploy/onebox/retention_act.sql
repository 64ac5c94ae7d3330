-- name: fingerprints(school_id, blocks)
-- The fingerprints that were taken of leaves when they were sealed.
SELECT block, prints FROM ledger.fingerprint WHERE school_id = :school_id AND block = ANY (CAST(:blocks AS bigint[]));

-- name: seals(school_id)
-- The sizes at which a register was sealed: proofs are asked for at each.
SELECT seq FROM ledger.seal WHERE school_id = :school_id;

-- name: add_nodes(school_id, levels, indices, hashes)!
-- The hashes that stand for what goes.
INSERT INTO ledger.node (school_id, level, index, hash)
SELECT :school_id, * FROM unnest(CAST(:levels AS smallint[]), CAST(:indices AS bigint[]), CAST(:hashes AS bytea[]))
ON CONFLICT DO NOTHING;

-- name: years_key(school_id, year)$
-- The key of a year's nonces, while it has one.
SELECT key FROM ledger.nonce_key WHERE school_id = :school_id AND academic_year = CAST(:year AS smallint);

-- name: seqs(school_id, first, last)
-- The positions of a school's entries of a year.
SELECT seq FROM ledger.event WHERE school_id = :school_id AND session_date BETWEEN :first AND :last;

-- name: keep_nonces(school_id, seqs, nonces)!
-- The nonces of entries that outlive the key of their year.
INSERT INTO ledger.kept_nonce (school_id, seq, nonce)
SELECT :school_id, * FROM unnest(CAST(:seqs AS bigint[]), CAST(:nonces AS bytea[]));

-- name: swap(year, first, last, schools, befores)$
-- The statements that put a partition which holds only what stays in the place of a year's. Names cannot be parameters.
SELECT format($script$
    LOCK TABLE ledger.event_%1$s IN SHARE MODE;
    CREATE TEMP TABLE staying ON COMMIT DROP AS
    SELECT e.* FROM ledger.event e
    WHERE e.session_date BETWEEN %2$L AND %3$L
      AND NOT EXISTS (SELECT FROM ledger.judged(%2$L, %3$L, %4$L, %5$L) AS j
                      WHERE j.goes AND j.school_id = e.school_id AND j.session_date = e.session_date
                        AND j.session = e.session AND j.pupil_no = e.pupil_no);
    DROP TABLE ledger.event_%1$s;
    CREATE TABLE ledger.event_%1$s PARTITION OF ledger.event FOR VALUES FROM (%2$L) TO (%6$L);
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.event_%1$s
        FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
    ALTER TABLE ledger.event_%1$s ENABLE ROW LEVEL SECURITY;
    INSERT INTO ledger.event SELECT * FROM staying;
    DROP TABLE staying;
$script$, CAST(:year AS int), CAST(:first AS date), CAST(:last AS date), CAST(:schools AS int[]),
          CAST(:befores AS timestamptz[]), CAST(:last AS date) + 1);

-- name: drop_texts(school_id, seqs)!
-- The texts of events that have gone.
DELETE FROM ledger.text WHERE school_id = :school_id AND seq = ANY (CAST(:seqs AS bigint[]));

-- name: drop_nonces(school_id, seqs)!
-- The nonces of entries that had stayed once and have gone now.
DELETE FROM ledger.kept_nonce WHERE school_id = :school_id AND seq = ANY (CAST(:seqs AS bigint[]));

-- name: drop_key(school_id, year)!
-- The key of the year: what was hashed under it can be guessed by nobody any more.
DELETE FROM ledger.nonce_key WHERE school_id = :school_id AND academic_year = CAST(:year AS smallint);

-- name: claim(school_id)!
-- Keep the projector from folding the school meanwhile.
SELECT FROM analysis.checkpoint WHERE school_id = :school_id FOR UPDATE;

-- name: drop_entries(school_id, first, last)!
-- What was folded of entries that have gone.
DELETE FROM analysis.entry a
WHERE a.school_id = :school_id AND a.session_date BETWEEN :first AND :last
  AND NOT EXISTS (SELECT FROM ledger.event e
                  WHERE e.school_id = :school_id AND e.session_date = a.session_date AND e.session = a.session
                    AND e.pupil_no = a.pupil_no AND e.version = 1);

-- name: drop_weeks(school_id, first, last)!
-- The weeks of a year, to be laid together anew.
DELETE FROM analysis.pupil_week WHERE school_id = :school_id AND week BETWEEN CAST(:first AS date) - 6 AND :last;

-- name: add_weeks(school_id, first, last)!
-- The weeks of what is folded and stays.
INSERT INTO analysis.pupil_week (school_id, pupil_no, week, codes)
SELECT school_id, pupil_no, week, codes
FROM analysis.pupil_weeks(:school_id, ARRAY(
    SELECT CAST(:first AS date) - n FROM generate_series(-366, 6) AS n
    WHERE mod(CAST(:first AS date) - n - date '2000-01-03', 7) = 0 AND CAST(:first AS date) - n <= :last));

-- name: drop_totals(school_id, first, last)!
-- The sums of a year, to be made anew.
DELETE FROM analysis.day_total WHERE school_id = :school_id AND session_date BETWEEN :first AND :last;

-- name: add_totals(school_id, first, last)!
-- The sums of what is folded and stays.
INSERT INTO analysis.day_total (school_id, session_date, session, year_group, counted, code, entries)
SELECT :school_id, e.session_date, e.session, s.year_group, s.counted, e.code, count(*)
FROM analysis.entry e
JOIN analysis.spell s ON s.school_id = :school_id AND s.pupil_no = e.pupil_no
                     AND s.first <= e.session_date AND e.session_date < s.until
WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last
GROUP BY e.session_date, e.session, s.year_group, s.counted, e.code;

-- name: drop_years_totals(school_id, academic_year)!
-- The sums of the year itself; what stays of it is summed when the day is over.
DELETE FROM analysis.year_total WHERE school_id = :school_id AND academic_year = :academic_year;

-- name: drop_alerts(school_id, academic_year, first, last)!
-- Alerts of a year, of pupils who have no entry left in it.
DELETE FROM analysis.alert a
WHERE a.school_id = :school_id AND a.academic_year = :academic_year
  AND NOT EXISTS (SELECT FROM ledger.event e
                  WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last AND e.pupil_no = a.pupil_no);

-- name: drop_placings(school_id, pupil_nos)!
-- Where pupils were placed.
DELETE FROM register.placing WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_pupils(school_id, pupil_nos)!
-- What was true of pupils.
DELETE FROM register.pupil WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_ids(school_id, pupil_nos)!
-- The ids that the MIS gave them.
DELETE FROM register.pupil_id WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_plans(school_id, pupil_nos)!
-- What was known ahead of their absence.
DELETE FROM register.planned_absence WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: forget_words(school_id, pupil_nos)!
-- What the admission register and plans of absence said of them, and why they were changed; the commitments stay in the stream.
UPDATE ledger.text t
SET salt = NULL, text = NULL
FROM ledger.change c
WHERE t.school_id = :school_id AND c.school_id = :school_id AND t.seq = c.seq AND t.text IS NOT NULL
  AND c.kind IN ('roll-changed', 'absence-planned')
  AND CAST(split_part(c.subject, ':', 2) AS int) = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_reads(school_id, pupil_nos)!
-- Who read of them.
DELETE FROM access.pupil_read WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_alerts_of(school_id, pupil_nos)!
-- Their alerts.
DELETE FROM analysis.alert WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_spells(school_id, pupil_nos)!
-- When they were on roll.
DELETE FROM analysis.spell WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_acts(school_id, pupil_nos)!
-- What was done about their alerts.
DELETE FROM casework.act WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_notices(school_id, pupil_nos)!
-- The notices about them.
DELETE FROM casework.notice WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: drop_awaited(school_id, pupil_nos)!
-- When they were to be looked at.
DELETE FROM analysis.awaited WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));
