-- Absence that is known ahead: every row is what one change of the kind `absence-planned` said of a pupil, under the
-- subject `absence:{pupil_no}`; the latest of an id stands. Grounds, applicant and decision stay in the body of the change.
CREATE TABLE register.planned_absence (
    school_id     int    NOT NULL,
    id            text   NOT NULL CHECK (id ~ '^[A-Za-z0-9._~-]{1,64}$'),
    seq           bigint NOT NULL,
    pupil_no      int    NOT NULL,
    kind          text   NOT NULL,
    code          text   NOT NULL,
    outcome       text   NOT NULL CHECK (outcome IN ('asked', 'granted', 'refused', 'withdrawn')),
    first_date    date   NOT NULL,
    first_session text   NOT NULL CHECK (first_session IN ('AM', 'PM')),
    last_date     date,
    last_session  text   CHECK (last_session IN ('AM', 'PM')),
    PRIMARY KEY (school_id, seq)
);
CREATE INDEX planned_absence_id ON register.planned_absence (school_id, id, seq);
CREATE INDEX planned_absence_pupil ON register.planned_absence (school_id, pupil_no, seq);

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON register.planned_absence FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
ALTER TABLE register.planned_absence ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_school ON register.planned_absence
    USING (school_id = nullif(current_setting('app.school_id', true), '')::int);
GRANT SELECT, INSERT ON register.planned_absence TO rollbook_register;
GRANT SELECT ON register.planned_absence TO rollbook_analytics;

ALTER TABLE ledger.change DROP CONSTRAINT change_kind_check;
ALTER TABLE ledger.change ADD CONSTRAINT change_kind_check
    CHECK (kind IN ('roll-changed', 'calendar-changed', 'policy-changed', 'school-changed', 'closure', 'absence-planned',
                    'text-redacted', 'year-retired'));
