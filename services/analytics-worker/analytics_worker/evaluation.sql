-- name: changes(school_id, after, up_to)
-- What changed that is no mark; wide is what concerns every pupil.
SELECT subject, kind IN ('calendar-changed', 'policy-changed', 'closure') AS is_wide
FROM ledger.change
WHERE school_id = :school_id AND seq > :after AND seq <= :up_to;

-- name: turned(school_id, base, up_to)
-- The days on which something that concerns every pupil was recorded, each with its last position.
SELECT CAST(recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on, max(seq) AS seq
FROM ledger.change
WHERE school_id = :school_id AND seq > :base AND seq <= :up_to
  AND kind IN ('calendar-changed', 'policy-changed', 'closure')
GROUP BY 1
ORDER BY 1;

-- name: due(school_id, today)
-- Pupils for whom the day has come on which something falls due.
SELECT pupil_no, on_date FROM analysis.awaited WHERE school_id = :school_id AND on_date <= :today;

-- name: everyone(school_id)
-- Every pupil that the register knows.
SELECT DISTINCT pupil_no FROM register.pupil WHERE school_id = :school_id ORDER BY pupil_no;

-- name: register(school_id)$
-- The id that the register has for life.
SELECT register_id FROM ledger.head WHERE school_id = :school_id;

-- name: lives(school_id, pupil_nos)
-- The alerts of some pupils, open or not.
SELECT pupil_no, kind, period, academic_year, CAST(held AS text) AS held, CAST(evidence AS text) AS evidence, shown_on,
       CAST(before AS text) AS before
FROM analysis.alert
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: keep(school_id, ids, pupil_nos, kinds, periods, years, opened, closed, held, evidence, shown, before, changed)!
-- Alerts as they are now.
INSERT INTO analysis.alert AS stands (school_id, id, pupil_no, kind, period, academic_year, opened_on, closed_on, held, evidence,
                                      shown_on, before, changed)
SELECT :school_id, n.id, n.pupil_no, n.kind, n.period, n.academic_year, n.opened_on, n.closed_on, CAST(n.held AS jsonb),
       CAST(n.evidence AS jsonb), n.shown_on, CAST(n.before AS jsonb), n.changed
FROM unnest(CAST(:ids AS uuid[]), CAST(:pupil_nos AS int[]), CAST(:kinds AS text[]), CAST(:periods AS text[]),
            CAST(:years AS text[]), CAST(:opened AS date[]), CAST(:closed AS date[]), CAST(:held AS text[]),
            CAST(:evidence AS text[]), CAST(:shown AS date[]), CAST(:before AS text[]), CAST(:changed AS bigint[]))
     AS n (id, pupil_no, kind, period, academic_year, opened_on, closed_on, held, evidence, shown_on, before, changed)
ON CONFLICT (school_id, id) DO UPDATE
SET opened_on = excluded.opened_on, closed_on = excluded.closed_on, held = excluded.held, evidence = excluded.evidence,
    shown_on = excluded.shown_on, before = excluded.before, changed = excluded.changed;

-- name: acted_on(school_id, after, up_to, last_change)$
-- The alerts on which something was done, between two numbers of casework, have changed after all others; give the number of
-- the last change.
WITH acted AS (
    SELECT alert_id, row_number() OVER (ORDER BY max(no)) AS place
    FROM casework.act
    WHERE school_id = :school_id AND no > :after AND no <= :up_to
    GROUP BY alert_id
), moved AS (
    UPDATE analysis.alert a
    SET changed = CAST(:last_change AS bigint) + acted.place
    FROM acted
    WHERE a.school_id = :school_id AND a.id = acted.alert_id
    RETURNING a.changed
)
SELECT coalesce(max(changed), CAST(:last_change AS bigint)) FROM moved;

-- name: awaits(school_id, pupil_nos)
-- What some pupils await.
SELECT pupil_no, on_date, watched FROM analysis.awaited
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: forget(school_id, pupil_nos)!
-- These pupils await nothing any more.
DELETE FROM analysis.awaited WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: await_(school_id, pupil_nos, on_dates, watched)!
-- These pupils await a day, or any entry.
INSERT INTO analysis.awaited (school_id, pupil_no, on_date, watched)
SELECT :school_id, * FROM unnest(CAST(:pupil_nos AS int[]), CAST(:on_dates AS date[]), CAST(:watched AS boolean[]));

-- name: lives_of_school(school_id, kind)
-- The alerts about the school itself, and those of one kind about its pupils.
SELECT pupil_no, kind, period, academic_year, CAST(held AS text) AS held, CAST(evidence AS text) AS evidence, shown_on,
       CAST(before AS text) AS before
FROM analysis.alert
WHERE school_id = :school_id AND (pupil_no IS NULL OR kind = :kind);

-- name: looked(school_id, alerts_seq, alerts_on, acts_no, last_change, closes_at, missing_at)!
-- The alerts are as the entries are: whatever failed before is over. The school is looked at again when a register may be said
-- to be missing, and, while pupils await that, when one closes.
UPDATE analysis.checkpoint
SET alerts_seq = :alerts_seq, alerts_on = :alerts_on, acts_no = :acts_no, last_change = :last_change,
    wake_at = least(CAST(:missing_at AS timestamptz),
                    CASE WHEN EXISTS (SELECT FROM analysis.awaited w WHERE w.school_id = :school_id AND w.on_date <= :alerts_on)
                         THEN CAST(:closes_at AS timestamptz) END),
    failures = 0, failed_at = NULL, retry_at = NULL, failure = NULL
WHERE school_id = :school_id;

-- name: last_change(school_id)$
-- The number of the last change of the school's alerts.
SELECT last_change FROM analysis.checkpoint WHERE school_id = :school_id;

-- name: forget_all(school_id)!
-- Nothing was ever raised, and nobody awaits anything.
WITH awaited AS (DELETE FROM analysis.awaited WHERE school_id = :school_id)
DELETE FROM analysis.alert WHERE school_id = :school_id;

-- name: compared(school_id)
-- Every alert that was open when a day was over, or is.
SELECT id, pupil_no, kind, period, academic_year, opened_on, closed_on, CAST(held AS text) AS held,
       CAST(evidence AS text) AS evidence
FROM analysis.alert
WHERE school_id = :school_id AND opened_on IS DISTINCT FROM closed_on;
