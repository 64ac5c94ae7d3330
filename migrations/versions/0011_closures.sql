-- What closes sessions beside the calendar. Every row is what one change of the kind `closure` said, found again by its seq:
-- the first of an id closes, a later one of the same id reverses from a session on. A closure of a part may name pupils.
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

ALTER TABLE register.closure ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_school ON register.closure
    USING (school_id = nullif(current_setting('app.school_id', true), '')::int);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON register.closure FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON register.closure FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
GRANT SELECT, INSERT ON register.closure TO rollbook_register;
GRANT SELECT ON register.closure TO rollbook_analytics;

-- What is still to be done: sessions whose entries are made once their registers have opened. It follows from the closures
-- and is no part of the register: a session leaves the list when its entries have been made. No pupil stands here.
CREATE TABLE register.closure_due (
    school_id    int         NOT NULL,
    seq          bigint      NOT NULL,
    session_date date        NOT NULL,
    session      text        NOT NULL CHECK (session IN ('AM', 'PM')),
    opens_at     timestamptz NOT NULL,
    PRIMARY KEY (school_id, seq, session_date, session)
);
CREATE INDEX closure_due_opens_at ON register.closure_due (opens_at);
GRANT SELECT, INSERT, DELETE ON register.closure_due TO rollbook_register;
