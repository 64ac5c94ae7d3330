-- name: waiting(today, now)
-- Schools with events that are not folded, alerts that are not looked at, acts on them, something that falls due, or a new
-- day; none that failed a moment ago. One that failed and is still behind waits to be folded: its alerts would say that all
-- is well again.
SELECT * FROM (
    SELECT h.school_id, h.recorded_at, c.school_id IS NULL AS is_new, h.seq > coalesce(c.seq, 0) AS is_behind,
           c.school_id IS NOT NULL AND (c.failures = 0 OR c.seq = h.seq)
           AND (c.alerts_seq < c.seq OR c.alerts_on IS NULL OR c.alerts_on < CAST(:today AS date) OR c.wake_at <= :now
                OR c.acts_no < coalesce(a.no, 0)) AS is_unseen
    FROM ledger.head h
    LEFT JOIN analysis.checkpoint c ON c.school_id = h.school_id
    LEFT JOIN casework.head a ON a.school_id = h.school_id
    WHERE h.seq > 0 AND (c.retry_at IS NULL OR c.retry_at <= :now)
) AS each
WHERE is_new OR is_behind OR is_unseen
ORDER BY recorded_at;

-- name: begin(school_id)!
-- The checkpoint of a school that is new to us, if it is still there.
INSERT INTO analysis.checkpoint (school_id) SELECT school_id FROM ledger.head WHERE school_id = :school_id ON CONFLICT DO NOTHING;

-- name: claim(school_id)^
-- Take the school, unless another worker has it. A statement of its own: what is folded must be read after the lock.
SELECT seq, alerts_seq, alerts_on, acts_no, last_change, totals_seq, totals_on, weeks_seq
FROM analysis.checkpoint WHERE school_id = :school_id FOR UPDATE SKIP LOCKED;

-- name: fold(school_id, after, most)^
-- Fold what follows the checkpoint, at most so many events, and move the checkpoint: one statement, so never one without
-- the others. Every event carries the old code and the new, so a sum changes by +1 and -1 whatever came before.
WITH reached AS MATERIALIZED (
    SELECT h.seq AS head, least(h.seq, CAST(:after AS bigint) + CAST(:most AS int)) AS seq
    FROM ledger.head h WHERE h.school_id = :school_id
), batch AS MATERIALIZED (
    SELECT e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at, e.made_at,
           e.recorded_at, e.seq
    FROM ledger.event e
    WHERE e.school_id = :school_id AND e.seq > :after AND e.seq <= (SELECT seq FROM reached)
), chains AS (
    SELECT b.*, lead(b.version) OVER chain AS next_version, first_value(b.code) OVER chain AS first_code
    FROM batch b
    WINDOW chain AS (PARTITION BY b.session_date, b.session, b.pupil_no ORDER BY b.version)
), entries AS (
    INSERT INTO analysis.entry AS stands (school_id, session_date, session, pupil_no, code, first_code, version, arrived_at,
                                          made_at, recorded_at, seq)
    SELECT :school_id, c.session_date, c.session, c.pupil_no, c.code, c.first_code, c.version, c.arrived_at, c.made_at,
           c.recorded_at, c.seq
    FROM chains c
    WHERE c.next_version IS NULL
    -- A chain that stands already began before this batch, and keeps the first entry that it began with.
    ON CONFLICT (school_id, session_date, session, pupil_no) DO UPDATE
    SET code = excluded.code, version = excluded.version, arrived_at = excluded.arrived_at, made_at = excluded.made_at,
        recorded_at = excluded.recorded_at, seq = excluded.seq
), signed AS (
    SELECT pupil_no, session_date, session, code, 1 AS sign FROM batch
    UNION ALL
    SELECT pupil_no, session_date, session, original_code, -1 FROM batch WHERE original_code IS NOT NULL
), totals AS (
    -- A row that has come to 0 stays, and is as good as none: another mark will soon want it.
    INSERT INTO analysis.day_total AS stands (school_id, session_date, session, year_group, counted, code, entries)
    SELECT :school_id, m.session_date, m.session, s.year_group, s.counted, m.code, sum(m.sign)
    FROM signed m
    JOIN analysis.spell s ON s.school_id = :school_id AND s.pupil_no = m.pupil_no
                         AND s.first <= m.session_date AND m.session_date < s.until
    GROUP BY m.session_date, m.session, s.year_group, s.counted, m.code
    HAVING sum(m.sign) <> 0
    ON CONFLICT (school_id, session_date, session, year_group, counted, code)
    DO UPDATE SET entries = stands.entries + excluded.entries
)
UPDATE analysis.checkpoint c
SET seq = reached.seq
FROM reached
WHERE c.school_id = :school_id
RETURNING c.seq, reached.head,
          ARRAY(SELECT DISTINCT CAST(split_part(r.subject, ':', 2) AS int) FROM ledger.change r
                WHERE r.school_id = :school_id AND r.seq > :after AND r.seq <= reached.seq AND r.kind = 'roll-changed') AS moved;

-- name: totalled(school_id, totals_seq, totals_on)!
-- The sums of academic years are as the entries and the roll are.
UPDATE analysis.checkpoint SET totals_seq = :totals_seq, totals_on = :totals_on WHERE school_id = :school_id;

-- name: fail(school_id, now, today, retry_within, failure)!
-- A school stands still until it is tried again: after 2 seconds, 4, 8..., at most after `retry_within` of them. Not where
-- others have brought it up to its head meanwhile: then it was the worker that failed, who slept perhaps, and not the school.
UPDATE analysis.checkpoint c
SET failures = failures + 1, failed_at = :now, failure = :failure,
    retry_at = CAST(:now AS timestamptz) + least(power(2, least(failures + 1, 20)), CAST(:retry_within AS int)) * interval '1 second'
WHERE c.school_id = :school_id
  AND (c.alerts_seq < c.seq OR c.alerts_on IS NULL OR c.alerts_on < CAST(:today AS date) OR c.wake_at <= :now
       OR c.acts_no < (SELECT a.no FROM casework.head a WHERE a.school_id = :school_id)
       OR c.seq < (SELECT h.seq FROM ledger.head h WHERE h.school_id = :school_id));

-- name: faring()^
-- How many schools stand still, how many are behind, and by how many events altogether.
SELECT count(*) FILTER (WHERE c.failures > 0) AS stalled,
       count(*) FILTER (WHERE h.seq > coalesce(c.seq, 0)) AS schools_behind,
       CAST(coalesce(sum(h.seq - coalesce(c.seq, 0)), 0) AS bigint) AS events_behind
FROM ledger.head h
LEFT JOIN analysis.checkpoint c ON c.school_id = h.school_id;

-- name: behind(most)
-- Schools behind their heads: those that stand still, then those whose heads have waited longest.
SELECT h.school_id, coalesce(c.seq, 0) AS seq
FROM ledger.head h
LEFT JOIN analysis.checkpoint c ON c.school_id = h.school_id
WHERE h.seq > coalesce(c.seq, 0)
ORDER BY coalesce(c.failures, 0) > 0 DESC, h.recorded_at
LIMIT :most;

-- name: oldest(school_id, after)$
-- When the first event after a position was recorded: it is a mark or a change.
SELECT least((SELECT e.recorded_at FROM ledger.event e WHERE e.school_id = :school_id AND e.seq = CAST(:after AS bigint) + 1),
             (SELECT c.recorded_at FROM ledger.change c WHERE c.school_id = :school_id AND c.seq = CAST(:after AS bigint) + 1));
