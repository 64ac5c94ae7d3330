-- name: add_plan(school_id, seq, pupil_no, id, kind, code, outcome, asked_first_date, asked_first_session, asked_last_date, asked_last_session, first_date, first_session, last_date, last_session, pattern)!
-- What a change said of an absence known ahead.
INSERT INTO register.planned_absence (school_id, id, seq, pupil_no, kind, code, outcome, asked_first_date, asked_first_session,
                                      asked_last_date, asked_last_session, first_date, first_session, last_date, last_session,
                                      pattern)
VALUES (:school_id, :id, :seq, :pupil_no, :kind, :code, :outcome, :asked_first_date, :asked_first_session,
        :asked_last_date, :asked_last_session, :first_date, :first_session, :last_date, :last_session, :pattern);

-- name: standing(school_id, first, last, seq, pupil_nos)
-- The absences known ahead that are about a day between two, as they stood at a position, in the order of the stream.
SELECT p.pupil_no, p.id, p.kind, p.code, p.outcome, p.asked_first_date, p.asked_first_session, p.asked_last_date,
       p.asked_last_session, p.first_date, p.first_session, p.last_date, p.last_session, p.pattern
FROM register.planned_absence p
WHERE p.school_id = :school_id AND p.seq <= :seq AND p.asked_first_date <= :last
  AND coalesce(p.asked_last_date, date 'infinity') >= :first
  AND (CAST(:pupil_nos AS int[]) IS NULL OR p.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND NOT EXISTS (SELECT FROM register.planned_absence later
                  WHERE later.school_id = :school_id AND later.id = p.id AND later.seq > p.seq AND later.seq <= :seq)
ORDER BY p.seq;
