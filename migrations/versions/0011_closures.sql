-- What closes sessions beside the calendar. Every row is what one change of the kind `closure` said, found again by its seq:
-- the first of an id closes, a later one of the same id reverses from a session on. No pupil stands here.
CREATE TABLE register.closure (
    school_id     int    NOT NULL,
    id            text   NOT NULL,
    seq           bigint NOT NULL,
    code          text   NOT NULL CHECK (code IN ('#', 'Y3', 'Y4')),
    first_date    date   NOT NULL,
    first_session text   NOT NULL CHECK (first_session IN ('AM', 'PM')),
    last_date     date   NOT NULL,
    last_session  text   NOT NULL CHECK (last_session IN ('AM', 'PM')),
    body          text   NOT NULL,
    PRIMARY KEY (school_id, seq),
    CHECK (first_date <= last_date)
);

-- Sessions whose entries are still to be made once their registers have opened, and those whose entries have been made.
CREATE TABLE register.closure_due (
    school_id    int         NOT NULL,
    seq          bigint      NOT NULL,
    session_date date        NOT NULL,
    session      text        NOT NULL CHECK (session IN ('AM', 'PM')),
    opens_at     timestamptz NOT NULL,
    PRIMARY KEY (school_id, seq, session_date, session)
);
CREATE INDEX closure_due_opens_at ON register.closure_due (opens_at);
CREATE TABLE register.closure_done (
    school_id    int    NOT NULL,
    seq          bigint NOT NULL,
    session_date date   NOT NULL,
    session      text   NOT NULL CHECK (session IN ('AM', 'PM')),
    PRIMARY KEY (school_id, seq, session_date, session)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['closure', 'closure_due', 'closure_done'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON register.%I FOR EACH ROW EXECUTE FUNCTION ledger.refuse()', t);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON register.%I FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse()', t);
        EXECUTE format('GRANT SELECT, INSERT ON register.%I TO rollbook_register', t);
    END LOOP;
END
$$;
GRANT SELECT ON register.closure TO rollbook_analytics;
