-- name: school(school_id, seq)^
-- The school's policies, closures, and the calendar of every year, as they stand, or stood at a position.
SELECT
    (SELECT array_agg((p.effective_from, p.seq, p.body)) FROM register.policy p
     WHERE p.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR p.seq <= :seq)) AS policies,
    (SELECT array_agg((latest.academic_year, latest.body))
     FROM (SELECT DISTINCT ON (c.academic_year) c.academic_year, c.body FROM register.calendar c
           WHERE c.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR c.seq <= :seq)
           ORDER BY c.academic_year, c.seq DESC) AS latest) AS calendars,
    (SELECT array_agg((c.id, c.body) ORDER BY c.seq) FROM register.closure c
     WHERE c.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR c.seq <= :seq)) AS closures;
