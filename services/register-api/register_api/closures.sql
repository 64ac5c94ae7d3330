-- name: add_closure(school_id, id, seq, code, first_date, first_session, last_date, last_session, body)!
-- What a change said that closes sessions, or reverses a closure.
INSERT INTO register.closure (school_id, id, seq, code, first_date, first_session, last_date, last_session, body)
VALUES (:school_id, :id, :seq, :code, :first_date, :first_session, :last_date, :last_session, :body);

-- name: classes(school_id, classes)
-- Which of some names are, or were, a class of the school.
SELECT DISTINCT class FROM register.placing WHERE school_id = :school_id AND class = ANY (CAST(:classes AS text[]));
