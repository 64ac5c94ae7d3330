-- name: school_facts(school_id, seq, years)^
-- The school's policies, and its calendars of some academic years, as they stand or stood at a position.
SELECT
    (SELECT array_agg((p.effective_from, p.seq, p.body)) FROM register.policy p
     WHERE p.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR p.seq <= :seq)) AS policies,
    (SELECT array_agg((latest.academic_year, latest.body))
     FROM (SELECT DISTINCT ON (c.academic_year) c.academic_year, c.body FROM register.calendar c
           WHERE c.school_id = :school_id AND c.academic_year = ANY (CAST(:years AS text[]))
             AND (CAST(:seq AS bigint) IS NULL OR c.seq <= :seq)
           ORDER BY c.academic_year, c.seq DESC) AS latest) AS calendars;

-- name: pupils(ids, dates, school_id)
-- Pupils by the MIS's id with what is true of them, each with the year group of a date.
SELECT wanted.id, wanted.day AS "on", i.pupil_no, p.date_of_birth, p.on_roll, p.boarder, d.year_group
FROM unnest(CAST(:ids AS text[]), CAST(:dates AS date[])) AS wanted (id, day)
JOIN register.pupil_id i ON i.school_id = :school_id AND i.id = wanted.id
JOIN LATERAL (SELECT date_of_birth, on_roll, boarder FROM register.pupil
              WHERE school_id = :school_id AND pupil_no = i.pupil_no ORDER BY seq DESC LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT year_group FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = i.pupil_no AND effective_from <= wanted.day
                   ORDER BY effective_from DESC, seq DESC LIMIT 1) d ON true;
