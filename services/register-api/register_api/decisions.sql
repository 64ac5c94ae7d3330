-- name: date_of_birth(school_id, pupil_no, seq)$
-- When a pupil was born, as the admission register said at a position.
SELECT date_of_birth FROM register.pupil
WHERE school_id = :school_id AND pupil_no = :pupil_no AND seq <= :seq
ORDER BY seq DESC
LIMIT 1;
