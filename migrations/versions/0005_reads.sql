-- Who looked at which pupil's history, when, and through which client: a row is committed before the answer is given.

-- Without a pupil the read was of all of the school's. first_day, last_day and seq say what it was of; no name but the
-- reader's stands here, and no text of the register.
CREATE TABLE access.pupil_read (
    school_id int         NOT NULL,
    at        timestamptz NOT NULL,
    -- By chance, not counted: a number would tell one school how much is read at the others.
    id        uuid        NOT NULL DEFAULT gen_random_uuid(),
    pupil_no  int,
    first_day date,
    last_day  date,
    seq       bigint      NOT NULL,
    what      text        NOT NULL CHECK (what ~ '^[a-z]+(-[a-z]+)*$'),
    client_id text        NOT NULL,
    read_by   text        CHECK (length(read_by) BETWEEN 1 AND 200),
    PRIMARY KEY (school_id, at, id)
);
CREATE INDEX pupil_read_pupil ON access.pupil_read (school_id, pupil_no, at) WHERE pupil_no IS NOT NULL;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access.pupil_read FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON access.pupil_read FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
ALTER TABLE access.pupil_read ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_school ON access.pupil_read
    USING (school_id = nullif(current_setting('app.school_id', true), '')::int);
GRANT SELECT, INSERT ON access.pupil_read TO rollbook_register;
