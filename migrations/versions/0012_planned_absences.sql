-- Absence that is known ahead: every row is what one change of the kind `absence-planned` said of a pupil, under the
-- subject `absence:{pupil_no}`; the latest of an id stands. Grounds, applicant and decision stay in the body of the change.
-- It is about the sessions from the first to the last, of the weekdays in `pattern` where there is one: those granted, where
-- fewer were granted than asked for.
CREATE TABLE register.planned_absence (
    school_id           int    NOT NULL,
    id                  text   NOT NULL CHECK (id ~ '^[A-Za-z0-9._~-]{1,64}$'),
    seq                 bigint NOT NULL,
    pupil_no            int    NOT NULL,
    kind                text   NOT NULL,
    code                text   NOT NULL,
    outcome             text   NOT NULL CHECK (outcome IN ('asked', 'granted', 'refused', 'withdrawn')),
    asked_first_date    date   NOT NULL,
    asked_first_session text   NOT NULL CHECK (asked_first_session IN ('AM', 'PM')),
    asked_last_date     date,
    asked_last_session  text   CHECK (asked_last_session IN ('AM', 'PM')),
    first_date          date   NOT NULL,
    first_session       text   NOT NULL CHECK (first_session IN ('AM', 'PM')),
    last_date           date,
    last_session        text   CHECK (last_session IN ('AM', 'PM')),
    pattern             text[] CHECK (pattern <> '{}'),
    PRIMARY KEY (school_id, seq)
);
CREATE INDEX planned_absence_id ON register.planned_absence (school_id, id, seq);
CREATE INDEX planned_absence_pupil ON register.planned_absence (school_id, pupil_no, seq);
-- A register asks for what has not ended yet, which is little among all that ever was.
CREATE INDEX planned_absence_ends ON register.planned_absence (school_id, (coalesce(asked_last_date, date 'infinity')));

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

-- What the book admits to be done to a text, and nothing else: it goes with its event; its words go by an act that stands
-- (and the body of a change says what holds, so it goes only from an entry of the admission register that a later one of
-- the pupil has replaced, or from an absence known ahead that a later one under its id has replaced); and what was said of
-- a pupil goes with the pupil.
CREATE OR REPLACE FUNCTION ledger.admit_redaction() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE'
       AND NOT EXISTS (SELECT FROM ledger.event WHERE school_id = OLD.school_id AND seq = OLD.seq)
       AND NOT EXISTS (SELECT FROM ledger.change WHERE school_id = OLD.school_id AND seq = OLD.seq)
    THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE'
       AND (NEW.school_id, NEW.seq, NEW.part, NEW.commitment) = (OLD.school_id, OLD.seq, OLD.part, OLD.commitment)
       AND OLD.text IS NOT NULL AND NEW.text IS NULL AND NEW.salt IS NULL
       AND (EXISTS (SELECT FROM ledger.change act
                    WHERE act.school_id = OLD.school_id AND act.kind = 'text-redacted'
                      AND act.subject = format('text:%s/%s', OLD.seq, OLD.part)
                      AND (OLD.part <> 'body'
                           OR EXISTS (SELECT FROM ledger.change roll
                                      JOIN register.pupil later ON later.school_id = roll.school_id AND later.seq > roll.seq
                                                               AND later.pupil_no = split_part(roll.subject, ':', 2)::int
                                      WHERE roll.school_id = OLD.school_id AND roll.seq = OLD.seq
                                        AND roll.kind = 'roll-changed')
                           OR EXISTS (SELECT FROM register.planned_absence said
                                      JOIN register.planned_absence later ON later.school_id = said.school_id
                                                                         AND later.id = said.id AND later.seq > said.seq
                                      WHERE said.school_id = OLD.school_id AND said.seq = OLD.seq)))
            OR EXISTS (SELECT FROM ledger.change said
                       WHERE said.school_id = OLD.school_id AND said.seq = OLD.seq
                         AND said.kind IN ('roll-changed', 'absence-planned')
                         AND NOT EXISTS (SELECT FROM register.pupil p
                                         WHERE p.school_id = said.school_id
                                           AND p.pupil_no = split_part(said.subject, ':', 2)::int)))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
