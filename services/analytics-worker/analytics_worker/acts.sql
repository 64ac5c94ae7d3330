-- name: alert(school_id, id)^
-- One alert of a school.
SELECT pupil_no, kind, period, CAST(evidence AS text) AS evidence
FROM analysis.alert
WHERE school_id = :school_id AND id = :id;

-- name: acts(school_id, alert_id)
-- What was done about an alert, in order.
SELECT no, kind, period, action, done_on, recorded_at, client_id, name, position, note, CAST(evidence AS text) AS evidence
FROM casework.act
WHERE school_id = :school_id AND alert_id = :alert_id
ORDER BY no;

-- name: same(school_id, alert_id, action, done_on, name, position, note, evidence)^
-- An act that says the same of the same sessions.
SELECT no, kind, period, action, done_on, recorded_at, client_id, name, position, note, CAST(evidence AS text) AS evidence
FROM casework.act
WHERE school_id = :school_id AND alert_id = :alert_id AND action = :action AND done_on = :done_on
  AND name = :name AND position = :position AND note IS NOT DISTINCT FROM CAST(:note AS text)
  AND evidence -> 'sessions' IS NOT DISTINCT FROM CAST(:evidence AS jsonb) -> 'sessions'
ORDER BY no
LIMIT 1;

-- name: add(school_id, no, alert_id, pupil_no, kind, period, action, done_on, at, client_id, name, position, note, evidence)^
-- Keep an act.
INSERT INTO casework.act (school_id, no, alert_id, pupil_no, kind, period, action, done_on, recorded_at, client_id, name,
                          position, note, evidence)
VALUES (:school_id, :no, :alert_id, :pupil_no, :kind, :period, :action, :done_on, :at, :client_id, :name, :position, :note,
        CAST(:evidence AS jsonb))
RETURNING no, kind, period, action, done_on, recorded_at, client_id, name, position, note, CAST(evidence AS text) AS evidence;
