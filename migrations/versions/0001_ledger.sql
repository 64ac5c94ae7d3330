-- The book. One append-only stream a register: its head, its events, and the texts and persons that they commit to.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollbook_register') THEN
        CREATE ROLE rollbook_register NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollbook_analytics') THEN
        CREATE ROLE rollbook_analytics NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
END
$$;

CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO rollbook_register, rollbook_analytics;

CREATE SEQUENCE ledger.school_id AS int;
GRANT USAGE ON SEQUENCE ledger.school_id TO rollbook_register;

-- One row a school. Locking it is what gives a school's stream its order; it holds no pupil, so every reader may poll it.
-- A register has an identity for life; the number is this database's own and stands in no leaf.
CREATE TABLE ledger.head (
    school_id   int         PRIMARY KEY DEFAULT nextval('ledger.school_id'),
    register_id uuid        NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    seq         bigint      NOT NULL CHECK (seq >= 0),
    root        bytea       NOT NULL CHECK (length(root) = 32),
    frontier    bytea       NOT NULL CHECK (length(frontier) % 32 = 0),
    recorded_at timestamptz NOT NULL,
    -- The last event that was a change: what was read of roll, calendar and policy since then still holds.
    changed_seq bigint      NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE (seq, root, frontier, recorded_at, changed_seq) ON ledger.head TO rollbook_register;
GRANT SELECT ON ledger.head TO rollbook_analytics;

-- A mark entered is version 1 and has no original entry; a mark amended is every later version and has one.
CREATE TABLE ledger.event (
    seq           bigint      NOT NULL CHECK (seq > 0),
    made_at       timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    school_id     int         NOT NULL,
    session_date  date        NOT NULL,
    pupil_no      int         NOT NULL,
    staff_no      int         NOT NULL,
    client_no     int         NOT NULL,
    version       smallint    NOT NULL CHECK (version > 0),
    session       text        NOT NULL CHECK (session IN ('AM', 'PM')),
    original_code text        CHECK (original_code <> ''),
    code          text        NOT NULL CHECK (code <> ''),
    source        text        NOT NULL CHECK (source IN ('live', 'history', 'adapter', 'closure')),
    arrived_at    time(0),
    CHECK ((version = 1) = (original_code IS NULL)),
    -- Unique: two writers cannot both write version 1. Date before pupil: pupil first writes fifteen times the WAL.
    PRIMARY KEY (school_id, session_date, session, pupil_no, version)
) PARTITION BY RANGE (session_date);
-- Partitions cannot enforce that this is unique; the lock on the head does, and a test proves it.
CREATE INDEX event_seq ON ledger.event (school_id, seq);

-- What decides what the register says, but is no mark. The body is a text: see ledger.text, part 'body'.
CREATE TABLE ledger.change (
    school_id   int         NOT NULL,
    seq         bigint      NOT NULL CHECK (seq > 0),
    kind        text        NOT NULL CHECK (kind IN ('roll-changed', 'calendar-changed', 'policy-changed', 'school-changed',
                                                     'closure', 'text-redacted', 'year-retired')),
    subject     text        NOT NULL,
    made_at     timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    staff_no    int,
    client_no   int         NOT NULL,
    PRIMARY KEY (school_id, seq)
);

-- Every free text and body. The commitment stays when a redaction takes the salt and the text.
CREATE TABLE ledger.text (
    school_id  int    NOT NULL,
    seq        bigint NOT NULL,
    part       text   NOT NULL CHECK (part IN ('reason', 'nature', 'by-system', 'body')),
    commitment bytea  NOT NULL CHECK (length(commitment) = 32),
    salt       bytea  CHECK (length(salt) = 16),
    text       text,
    CHECK ((salt IS NULL) = (text IS NULL)),
    PRIMARY KEY (school_id, seq, part)
);

-- Persons as they were when they wrote: a later post is another row.
CREATE TABLE ledger.staff (
    school_id  int   NOT NULL,
    no         int   NOT NULL CHECK (no > 0),
    salt       bytea NOT NULL CHECK (length(salt) = 16),
    commitment bytea NOT NULL CHECK (length(commitment) = 32),
    name       text  NOT NULL,
    position   text  NOT NULL,
    PRIMARY KEY (school_id, no),
    CONSTRAINT staff_is_interned UNIQUE (school_id, name, position)
);

CREATE TABLE ledger.client (
    school_id  int   NOT NULL,
    no         int   NOT NULL CHECK (no > 0),
    salt       bytea NOT NULL CHECK (length(salt) = 16),
    commitment bytea NOT NULL CHECK (length(commitment) = 32),
    client_id  text  NOT NULL,
    PRIMARY KEY (school_id, no),
    CONSTRAINT client_is_interned UNIQUE (school_id, client_id)
);

-- The secret that keeps a leaf from being guessed back to a pupil and a code; one a register and academic year (its first calendar year).
CREATE TABLE ledger.nonce_key (
    school_id     int      NOT NULL,
    academic_year smallint NOT NULL,
    key           bytea    NOT NULL CHECK (length(key) = 32),
    PRIMARY KEY (school_id, academic_year)
);

CREATE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.event FOR EACH ROW EXECUTE FUNCTION ledger.refuse();

-- Academic years run from 1 August to 31 July. No grants on partitions: they are reached through the parent and its policies alone.
DO $$
BEGIN
    FOR y IN 2006 .. 2035 LOOP
        EXECUTE format('CREATE TABLE ledger.event_%s PARTITION OF ledger.event FOR VALUES FROM (%L) TO (%L)',
                       y, make_date(y, 8, 1), make_date(y + 1, 8, 1));
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.event_%s FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse()', y);
        EXECUTE format('ALTER TABLE ledger.event_%s ENABLE ROW LEVEL SECURITY', y);
    END LOOP;
END
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['event', 'change', 'text', 'staff', 'client', 'nonce_key'] LOOP
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse()', t);
        IF t <> 'event' THEN
            EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I FOR EACH ROW EXECUTE FUNCTION ledger.refuse()', t);
        END IF;
        EXECUTE format('ALTER TABLE ledger.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY of_the_school ON ledger.%I '
                       'USING (school_id = nullif(current_setting(''app.school_id'', true), '''')::int)', t);
        EXECUTE format('GRANT SELECT, INSERT ON ledger.%I TO rollbook_register', t);
        IF t <> 'nonce_key' THEN
            EXECUTE format('GRANT SELECT ON ledger.%I TO rollbook_analytics', t);
        END IF;
    END LOOP;
END
$$;
