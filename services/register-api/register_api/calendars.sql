-- name: calendar(school_id, academic_year, seq)$
-- The calendar of a year as it stands, or stood at a position.
SELECT body FROM register.calendar
WHERE school_id = :school_id AND academic_year = :academic_year AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
ORDER BY seq DESC
LIMIT 1;

-- name: add_calendar(school_id, academic_year, seq, body)!
-- What a change made of the calendar of a year.
INSERT INTO register.calendar (school_id, academic_year, seq, body) VALUES (:school_id, :academic_year, :seq, :body);
