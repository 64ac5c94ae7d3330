-- name: own(school_id, today)^
-- What a school is today, by which the DfE publishes figures.
SELECT la_code, phase, age_from, age_to
FROM register.school_facts
WHERE school_id = :school_id
ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC
LIMIT 1;
