-- name: school(school_id, seq)^
-- The school's policies, calendars and closures as they stand, or stood at a position.
SELECT
    (SELECT array_agg((p.effective_from, p.seq, p.body)) FROM register.policy p
     WHERE p.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR p.seq <= :seq)) AS policies,
    (SELECT array_agg((latest.academic_year, latest.body))
     FROM (SELECT DISTINCT ON (c.academic_year) c.academic_year, c.body FROM register.calendar c
           WHERE c.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR c.seq <= :seq)
           ORDER BY c.academic_year, c.seq DESC) AS latest) AS calendars,
    (SELECT array_agg((c.id, c.body) ORDER BY c.seq) FROM register.closure c
     WHERE c.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR c.seq <= :seq)) AS closures;

-- name: retired(school_id)
-- The academic years that the school has let go.
SELECT DISTINCT split_part(subject, ':', 2) AS academic_year
FROM ledger.change
WHERE school_id = :school_id AND kind = 'year-retired';

-- name: pupils(ids, school_id)
-- Pupils by the MIS's id with what is true of them, and their year groups by the date that each holds from.
SELECT i.id, i.pupil_no, p.date_of_birth, p.on_roll, p.boarder,
       (SELECT array_agg((d.effective_from, d.year_group) ORDER BY d.effective_from, d.seq) FROM register.placing d
        WHERE d.school_id = :school_id AND d.pupil_no = i.pupil_no) AS year_groups
FROM register.pupil_id i
JOIN LATERAL (SELECT date_of_birth, on_roll, boarder FROM register.pupil
              WHERE school_id = :school_id AND pupil_no = i.pupil_no ORDER BY seq DESC LIMIT 1) p ON true
WHERE i.school_id = :school_id AND i.id = ANY (CAST(:ids AS text[]));
