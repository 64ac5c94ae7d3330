-- name: school_of(urn)$
-- The register that a URN stands for.
SELECT school_id FROM register.urn WHERE urn = :urn;

-- name: pupil_of(school_id, id)$
-- The number behind a pupil's id.
SELECT pupil_no FROM register.pupil_id WHERE school_id = :school_id AND id = :id;

-- name: add(school_id, lifts, pupil_no, first_day, last_day, reason, name, position, now)$
-- A hold, or the lifting of one, numbered within its school. The table is locked.
INSERT INTO register.hold (school_id, no, lifts, pupil_no, first_day, last_day, reason, name, position, made_at)
SELECT CAST(:school_id AS int), coalesce(max(no), 0) + 1, CAST(:lifts AS int), CAST(:pupil_no AS int),
       CAST(:first_day AS date), CAST(:last_day AS date), CAST(:reason AS text), CAST(:name AS text),
       CAST(:position AS text), CAST(:now AS timestamptz)
FROM register.hold WHERE school_id = :school_id
RETURNING no;

-- name: stands(school_id, no)$
-- Whether a hold stands.
SELECT EXISTS (SELECT FROM register.standing_hold WHERE school_id = :school_id AND no = :no);

-- name: holds()
-- Every hold of every school, with who lifted it and why.
SELECT u.urn, h.no, i.id AS pupil, h.first_day, h.last_day, h.reason, h.name, h.position, h.made_at,
       l.made_at AS lifted_at, l.name AS lifted_by, l.position AS lifted_position, l.reason AS lifted_why
FROM register.hold h
JOIN LATERAL (SELECT min(urn) AS urn FROM register.urn WHERE school_id = h.school_id) u ON true
LEFT JOIN LATERAL (SELECT id FROM register.pupil_id
                   WHERE school_id = h.school_id AND pupil_no = h.pupil_no ORDER BY seq DESC LIMIT 1) i ON true
LEFT JOIN register.hold l ON l.school_id = h.school_id AND l.lifts = h.no
WHERE h.lifts IS NULL
ORDER BY u.urn, h.no;
