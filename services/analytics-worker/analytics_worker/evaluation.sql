-- name: changes(school_id, after, up_to)
-- What changed that is no mark.
SELECT kind, subject FROM ledger.change WHERE school_id = :school_id AND seq > :after AND seq <= :up_to;

-- name: everyone(school_id)
-- Every pupil that the register knows.
SELECT DISTINCT pupil_no FROM register.pupil WHERE school_id = :school_id ORDER BY pupil_no;

-- name: touched(school_id, after, up_to, absences, this_year)
-- Pupils with an absence, an amendment, or any entry where they are watched or the day lies before this year.
SELECT e.pupil_no, bool_or(e.session_date < CAST(:this_year AS date)) AS earlier
FROM ledger.event e
WHERE e.school_id = :school_id AND e.seq > :after AND e.seq <= :up_to
  AND (e.version > 1 OR e.code = ANY (CAST(:absences AS text[])) OR e.session_date < CAST(:this_year AS date)
       OR e.pupil_no IN (SELECT pupil_no FROM analysis.watched WHERE school_id = :school_id))
GROUP BY e.pupil_no;

-- name: with_standing_n(school_id)
-- Pupils with an N that stands: one more day may have made it overdue.
SELECT DISTINCT pupil_no FROM analysis.entry WHERE school_id = :school_id AND code = 'N';

-- name: unauthorised(school_id, pupil_nos)
-- Some pupils' entries that a threshold or a deadline looks for, in order.
SELECT pupil_no, session_date, session, code
FROM analysis.entry
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[])) AND code IN ('G', 'N', 'O', 'U')
ORDER BY pupil_no, session_date, session;

-- name: open_alerts(school_id, pupil_nos, but)
-- Some pupils' open alerts, but those of one year where that was not looked at.
SELECT id, pupil_no, kind, academic_year, CAST(evidence AS text) AS evidence
FROM analysis.alert
WHERE school_id = :school_id AND closed_on IS NULL AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
  AND (CAST(:but AS text) IS NULL OR academic_year IS DISTINCT FROM :but);

-- name: close(school_id, seq, ids, changed, today)!
-- These no longer hold; their last evidence stays.
UPDATE analysis.alert a
SET closed_on = :today, changed = gone.changed, seq = :seq
FROM unnest(CAST(:ids AS uuid[]), CAST(:changed AS bigint[])) AS gone (id, changed)
WHERE a.school_id = :school_id AND a.id = gone.id;

-- name: renew(school_id, seq, ids, changed, evidence)!
-- These hold by other evidence.
UPDATE analysis.alert a
SET evidence = CAST(new.evidence AS jsonb), changed = new.changed, seq = :seq
FROM unnest(CAST(:ids AS uuid[]), CAST(:changed AS bigint[]), CAST(:evidence AS text[])) AS new (id, changed, evidence)
WHERE a.school_id = :school_id AND a.id = new.id;

-- name: open_new(school_id, seq, changed, pupil_nos, kinds, years, evidence, today)!
-- These hold from now on.
INSERT INTO analysis.alert (school_id, seq, changed, pupil_no, kind, academic_year, evidence, opened_on)
SELECT :school_id, :seq, new.changed, new.pupil_no, new.kind, new.academic_year, CAST(new.evidence AS jsonb), :today
FROM unnest(CAST(:changed AS bigint[]), CAST(:pupil_nos AS int[]), CAST(:kinds AS text[]), CAST(:years AS text[]),
            CAST(:evidence AS text[])) AS new (changed, pupil_no, kind, academic_year, evidence);

-- name: watch(school_id, pupil_nos)!
-- Any entry of these pupils may change an alert.
INSERT INTO analysis.watched (school_id, pupil_no)
SELECT :school_id, * FROM unnest(CAST(:pupil_nos AS int[]))
ON CONFLICT DO NOTHING;

-- name: unwatch(school_id, pupil_nos)!
-- Of these pupils, absences and amendments alone matter again.
DELETE FROM analysis.watched WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: looked(school_id, alerts_seq, alerts_on, last_change)!
-- The alerts are as the entries are: whatever failed before is over.
UPDATE analysis.checkpoint
SET alerts_seq = :alerts_seq, alerts_on = :alerts_on, last_change = :last_change,
    failures = 0, failed_at = NULL, retry_at = NULL, failure = NULL
WHERE school_id = :school_id;
