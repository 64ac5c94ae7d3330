-- name: numbers(school_id, ids)
-- Pupils' numbers by id.
SELECT id, pupil_no FROM register.pupil_id WHERE school_id = :school_id AND id = ANY (CAST(:ids AS text[]));

-- name: ids(school_id, pupil_nos)
-- Pupils' newest ids by number.
SELECT DISTINCT ON (pupil_no) pupil_no, id
FROM register.pupil_id
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY pupil_no, seq DESC;
