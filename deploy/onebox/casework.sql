-- name: add_head(school_id, lines)!
-- How many rows of casework the register has ever had.
INSERT INTO casework.head (school_id, no)
SELECT :school_id, CAST(CAST(line AS json) -> 'row' ->> 'no' AS bigint)
FROM unnest(CAST(:lines AS text[])) AS line
WHERE CAST(line AS json) ->> 'table' = 'head';

-- name: add_acts(school_id, lines)!
-- What people did about alerts, as it stands in the file.
INSERT INTO casework.act (school_id, no, alert_id, pupil_no, kind, period, action, done_on, recorded_at, client_id, name,
                          position, note, evidence)
SELECT :school_id, no, alert_id, pupil_no, kind, period, action, done_on, recorded_at, client_id, name, position, note, evidence
FROM unnest(CAST(:lines AS text[])) AS line, json_populate_record(CAST(NULL AS casework.act), CAST(line AS json) -> 'row')
WHERE CAST(line AS json) ->> 'table' = 'act';

-- name: add_notices(school_id, lines)!
-- Notices, as they stand in the file.
INSERT INTO casework.notice (school_id, no, id, pupil_no, kind, recorded_at, client_id, name, position, body)
SELECT :school_id, no, id, pupil_no, kind, recorded_at, client_id, name, position, body
FROM unnest(CAST(:lines AS text[])) AS line, json_populate_record(CAST(NULL AS casework.notice), CAST(line AS json) -> 'row')
WHERE CAST(line AS json) ->> 'table' = 'notice';

-- name: stray(school_id)$
-- The first row about a pupil whom the register does not know, or past the last number.
SELECT min(no)
FROM (SELECT no, pupil_no FROM casework.act WHERE school_id = :school_id
      UNION ALL
      SELECT no, pupil_no FROM casework.notice WHERE school_id = :school_id) AS each
WHERE no > coalesce((SELECT no FROM casework.head WHERE school_id = :school_id), 0)
   OR (pupil_no IS NOT NULL
       AND NOT EXISTS (SELECT FROM register.pupil p WHERE p.school_id = :school_id AND p.pupil_no = each.pupil_no));
