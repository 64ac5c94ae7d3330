-- name: enrolled(school_id, pupil_nos, seq)
-- What stands of some pupils, or of all, or stood at a position.
SELECT DISTINCT ON (pupil_no) pupil_no, date_of_birth, on_roll
FROM register.pupil
WHERE school_id = :school_id AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
ORDER BY pupil_no, seq DESC;

-- name: placings(school_id, by_class, seq)
-- Every pupil's classes or year groups with the day from which each holds; of two from one day the later change stands; now or as at a position.
SELECT pupil_no, array_agg(effective_from ORDER BY effective_from) AS starts,
       array_agg(CASE WHEN :by_class THEN class ELSE year_group END ORDER BY effective_from) AS names
FROM (SELECT DISTINCT ON (pupil_no, effective_from) pupil_no, effective_from, class, year_group
      FROM register.placing WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
      ORDER BY pupil_no, effective_from, seq DESC) AS dated
GROUP BY pupil_no;
