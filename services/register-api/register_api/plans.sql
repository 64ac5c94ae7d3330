-- name: add_plan(school_id, seq, pupil_no, id, kind, code, outcome, asked_first_date, asked_first_session, asked_last_date, asked_last_session, first_date, first_session, last_date, last_session, pattern)!
-- What a change said of an absence known ahead.
INSERT INTO register.planned_absence (school_id, id, seq, pupil_no, kind, code, outcome, asked_first_date, asked_first_session,
                                      asked_last_date, asked_last_session, first_date, first_session, last_date, last_session,
                                      pattern)
VALUES (:school_id, :id, :seq, :pupil_no, :kind, :code, :outcome, :asked_first_date, :asked_first_session,
        :asked_last_date, :asked_last_session, :first_date, :first_session, :last_date, :last_session, :pattern);
