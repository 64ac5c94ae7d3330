-- What follows from the register. All but the history of alerts can be thrown away and folded again from the events.

CREATE SCHEMA analysis;
GRANT USAGE ON SCHEMA analysis TO rollbook_analytics;

-- How far a school has been folded, and for how far its alerts have been looked at. Whoever folds a school holds the lock
-- on its row here, never on its head. It holds no pupil, so every reader may poll it.
CREATE TABLE analysis.checkpoint (
    school_id   int         PRIMARY KEY,
    seq         bigint      NOT NULL DEFAULT 0,
    alerts_seq  bigint      NOT NULL DEFAULT 0,
    alerts_on   date,
    last_change bigint      NOT NULL DEFAULT 0,
    failures    int         NOT NULL DEFAULT 0,
    failed_at   timestamptz,
    retry_at    timestamptz,
    failure     text,
    CHECK (alerts_seq <= seq)
) WITH (fillfactor = 50);

-- What stands for a pupil and a session. Date before pupil, as in the book: pupil first writes fifteen times the WAL.
CREATE TABLE analysis.entry (
    seq          bigint      NOT NULL,
    made_at      timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    school_id    int         NOT NULL,
    session_date date        NOT NULL,
    pupil_no     int         NOT NULL,
    version      smallint    NOT NULL,
    session      text        NOT NULL,
    code         text        NOT NULL,
    first_code   text        NOT NULL,
    arrived_at   time(0),
    PRIMARY KEY (school_id, session_date, session, pupil_no)
);
-- The few entries that a deadline or a threshold looks for, pupil first.
CREATE INDEX entry_unauthorised ON analysis.entry (school_id, pupil_no, session_date) WHERE code IN ('G', 'N', 'O', 'U');

-- How many entries of each code stand for a session: +1 for the new, -1 for the old. It holds no pupil.
CREATE TABLE analysis.session_total (
    school_id    int  NOT NULL,
    session_date date NOT NULL,
    session      text NOT NULL,
    code         text NOT NULL,
    entries      int  NOT NULL,
    PRIMARY KEY (school_id, session_date, session, code)
) WITH (fillfactor = 80);

-- One open alert a pupil and kind, and year where the kind belongs to one. `changed` numbers the changes of a school's
-- alerts (the last stands in its checkpoint), so that a reader who was here before sees what is new and nothing else.
CREATE TABLE analysis.alert (
    school_id     int    NOT NULL,
    changed       bigint NOT NULL,
    seq           bigint NOT NULL,
    pupil_no      int    NOT NULL,
    opened_on     date   NOT NULL,
    closed_on     date,
    id            uuid   NOT NULL DEFAULT gen_random_uuid(),
    kind          text   NOT NULL,
    academic_year text,
    evidence      jsonb  NOT NULL,
    PRIMARY KEY (school_id, id)
);
CREATE UNIQUE INDEX alert_is_open_once ON analysis.alert (school_id, pupil_no, kind, academic_year) NULLS NOT DISTINCT
    WHERE closed_on IS NULL;
CREATE UNIQUE INDEX alert_changed ON analysis.alert (school_id, changed);

-- Pupils for whom even an entry that is no absence may change an alert: see analytics_worker.evaluation.
CREATE TABLE analysis.watched (
    school_id int NOT NULL,
    pupil_no  int NOT NULL,
    PRIMARY KEY (school_id, pupil_no)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['checkpoint', 'entry', 'session_total', 'alert', 'watched'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON analysis.%I TO rollbook_analytics', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['entry', 'alert', 'watched'] LOOP
        EXECUTE format('ALTER TABLE analysis.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY of_the_school ON analysis.%I '
                       'USING (school_id = nullif(current_setting(''app.school_id'', true), '''')::int)', t);
    END LOOP;
END
$$;
