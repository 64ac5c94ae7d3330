-- name: standing(school_id, first, last, seq, pupil_nos)
-- The absences known ahead that are about a day between two, as they stand, or stood at a position, in the order of the stream.
SELECT p.pupil_no, p.id, p.kind, p.code, p.outcome, p.asked_first_date, p.asked_first_session, p.asked_last_date,
       p.asked_last_session, p.first_date, p.first_session, p.last_date, p.last_session, p.pattern
FROM register.planned_absence p
WHERE p.school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR p.seq <= :seq) AND p.asked_first_date <= :last
  AND coalesce(p.asked_last_date, date 'infinity') >= :first
  AND (CAST(:pupil_nos AS int[]) IS NULL OR p.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND NOT EXISTS (SELECT FROM register.planned_absence later
                  WHERE later.school_id = :school_id AND later.id = p.id AND later.seq > p.seq
                    AND (CAST(:seq AS bigint) IS NULL OR later.seq <= :seq))
ORDER BY p.seq;
