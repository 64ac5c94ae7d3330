-- name: add_pupil_id(row)!
-- The id that a change gave to a pupil, where its body is gone.
INSERT INTO register.pupil_id SELECT * FROM json_populate_record(CAST(NULL AS register.pupil_id), CAST(CAST(:row AS text) AS json));

-- name: add_pupil(row)!
-- What a change said of a pupil at all, where its body is gone.
INSERT INTO register.pupil SELECT * FROM json_populate_record(CAST(NULL AS register.pupil), CAST(CAST(:row AS text) AS json));

-- name: add_placing(row)!
-- What a change said of a pupil from a date on, and which authority it named, where its body is gone.
WITH placed AS (
    INSERT INTO register.placing SELECT * FROM json_populate_record(CAST(NULL AS register.placing), CAST(CAST(:row AS text) AS json))
    RETURNING school_id, facts
)
INSERT INTO register.responsible (la_code, school_id)
SELECT facts ->> 'responsible_la', school_id FROM placed WHERE facts ->> 'responsible_la' IS NOT NULL
ON CONFLICT DO NOTHING;

-- name: add_planned_absence(row)!
-- What a change said of an absence known ahead, where its body is gone.
INSERT INTO register.planned_absence SELECT * FROM json_populate_record(CAST(NULL AS register.planned_absence), CAST(CAST(:row AS text) AS json));
