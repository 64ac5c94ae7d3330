-- name: numbers(school_id, ids, seq)
-- Pupils' numbers by id, now or as at a position.
SELECT id, pupil_no
FROM register.pupil_id
WHERE school_id = :school_id AND id = ANY (CAST(:ids AS text[])) AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq);

-- name: ids(school_id, pupil_nos, seq)
-- Pupils' newest ids by number, now or as at a position.
SELECT DISTINCT ON (pupil_no) pupil_no, id
FROM register.pupil_id
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[])) AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
ORDER BY pupil_no, seq DESC;
