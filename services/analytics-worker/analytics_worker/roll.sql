-- name: enrolled(school_id, pupil_nos)
-- What stands of some pupils.
SELECT DISTINCT ON (pupil_no) pupil_no, date_of_birth, on_roll
FROM register.pupil
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY pupil_no, seq DESC;
