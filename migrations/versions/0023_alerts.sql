-- Alerts by the day, under ids that follow from what they are about; and, apart from them, what people did about them, which
-- no rebuild touches.

DROP TABLE analysis.alert;
DROP TABLE analysis.watched;

-- What held, and holds, of a pupil or, where `pupil_no` is null, of the school or a part of it. `id` is derived from the
-- register, the kind, the pupil and the period: the same thing is the same alert for ever. `held` are the stretches of days on
-- which it was open, [{"from", "until"}], the last without an end while it is. `changed` numbers the changes of a school's
-- alerts (the last stands in its checkpoint), so that a reader who was here before sees what is new and nothing else.
CREATE TABLE analysis.alert (
    school_id     int    NOT NULL,
    changed       bigint NOT NULL,
    pupil_no      int,
    opened_on     date   NOT NULL,
    closed_on     date,
    id            uuid   NOT NULL,
    kind          text   NOT NULL,
    period        text   NOT NULL,
    academic_year text   NOT NULL,
    held          jsonb  NOT NULL,
    evidence      jsonb  NOT NULL,
    shown_on      date   NOT NULL,
    before        jsonb,
    PRIMARY KEY (school_id, id)
);
CREATE UNIQUE INDEX alert_changed ON analysis.alert (school_id, changed);
CREATE INDEX alert_of_pupil ON analysis.alert (school_id, pupil_no);

-- When a pupil must be looked at though nothing was recorded, because something falls due; and whether any entry may change
-- an alert, not an absence alone: analytics_worker.evaluation.
CREATE TABLE analysis.awaited (
    school_id int     NOT NULL,
    pupil_no  int     NOT NULL,
    on_date   date,
    watched   boolean NOT NULL,
    PRIMARY KEY (school_id, pupil_no)
);

-- `acts_no` is how far the acts were looked at. Every alert is raised anew, from the first event.
ALTER TABLE analysis.checkpoint ADD COLUMN acts_no bigint NOT NULL DEFAULT 0, ADD COLUMN wake_at timestamptz;
UPDATE analysis.checkpoint SET alerts_seq = 0, alerts_on = NULL, last_change = 0;

-- What people do about what follows from the register. It follows from nothing, so it is kept as the register is: added to,
-- never changed.
CREATE SCHEMA casework;
GRANT USAGE ON SCHEMA casework TO rollbook_analytics;

-- How many rows of casework a school has: whoever adds one moves it.
CREATE TABLE casework.head (
    school_id int    PRIMARY KEY,
    no        bigint NOT NULL
) WITH (fillfactor = 50);

-- An act on an alert: that somebody has seen it ("acknowledged"), or what was done. It says what the alert was about, and what
-- it rested on at that time, so that it means something whatever becomes of the alert.
CREATE TABLE casework.act (
    school_id   int         NOT NULL,
    no          bigint      NOT NULL,
    alert_id    uuid        NOT NULL,
    pupil_no    int,
    kind        text        NOT NULL,
    period      text        NOT NULL,
    action      text        NOT NULL,
    done_on     date        NOT NULL,
    recorded_at timestamptz NOT NULL,
    client_id   text        NOT NULL,
    name        text        NOT NULL CHECK (name <> ''),
    position    text        NOT NULL CHECK (position <> ''),
    note        text,
    evidence    jsonb       NOT NULL,
    PRIMARY KEY (school_id, no)
);
CREATE INDEX act_on_alert ON casework.act (school_id, alert_id, no);
CREATE INDEX act_of_pupil ON casework.act (school_id, pupil_no, no);

-- A penalty notice or a notice to improve, to one parent for one child: every row is what was known from then on, and the
-- latest of an id stands. `body` is as it was stated.
CREATE TABLE casework.notice (
    school_id   int         NOT NULL,
    no          bigint      NOT NULL,
    id          text        NOT NULL CHECK (id ~ '^[A-Za-z0-9._~-]{1,64}$'),
    pupil_no    int         NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('penalty-notice', 'notice-to-improve')),
    recorded_at timestamptz NOT NULL,
    client_id   text        NOT NULL,
    name        text        NOT NULL CHECK (name <> ''),
    position    text        NOT NULL CHECK (position <> ''),
    body        jsonb       NOT NULL,
    PRIMARY KEY (school_id, no)
);
CREATE INDEX notice_id ON casework.notice (school_id, id, no);
CREATE INDEX notice_of_pupil ON casework.notice (school_id, pupil_no, no);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['analysis.alert', 'analysis.awaited', 'casework.act', 'casework.notice'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY of_the_school ON %s '
                       'USING (school_id = nullif(current_setting(''app.school_id'', true), '''')::int)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['casework.act', 'casework.notice'] LOOP
        -- As that somebody read of a pupil: it goes with the pupil, once the admission register knows nobody of that number.
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s '
                       'FOR EACH ROW EXECUTE FUNCTION access.admit_pupil_read()', t);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse()', t);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON analysis.alert, analysis.awaited TO rollbook_analytics;
GRANT SELECT, INSERT ON casework.act, casework.notice TO rollbook_analytics;
GRANT SELECT, INSERT, UPDATE (no) ON casework.head TO rollbook_analytics;

-- As it was, and what people did about the alerts of a sandbox goes with it.
CREATE OR REPLACE FUNCTION register.forget_sandbox(of_school int, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held regclass;
BEGIN
    PERFORM FROM register.sandbox WHERE school_id = of_school AND until <= moment FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Behind whoever still writes to the register, and whoever folds it.
    PERFORM FROM ledger.head WHERE school_id = of_school FOR UPDATE;
    PERFORM FROM analysis.checkpoint WHERE school_id = of_school FOR UPDATE;
    UPDATE register.sandbox SET over_at = moment WHERE school_id = of_school;
    -- Events and changes first: what belongs to one goes after it.
    FOR held IN
        SELECT t.oid FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'school_id'
        WHERE n.nspname IN ('ledger', 'register', 'access', 'analysis', 'casework') AND t.relkind IN ('r', 'p') AND NOT t.relispartition
          AND t.oid <> 'register.sandbox'::regclass
        ORDER BY t.oid IN ('ledger.event'::regclass, 'ledger.change'::regclass) DESC, t.oid
    LOOP
        EXECUTE format('DELETE FROM %s WHERE school_id = $1', held) USING of_school;
    END LOOP;
    DELETE FROM access.client WHERE client_id = (SELECT client_id FROM register.sandbox WHERE school_id = of_school);
    DELETE FROM register.sandbox WHERE school_id = of_school;
    RETURN true;
END
$$;
