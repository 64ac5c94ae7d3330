-- A sandbox is a register for a day, of a school that is invented, and the one kind of register that is forgotten. No register
-- becomes a sandbox that was not begun as one, and nothing that is signed refers to one: docs/adr/0010.

-- URNs 990000 to 999998 are no school's: see docs/law.md. The client is the one that reaches the school, until it is over.
CREATE TABLE register.sandbox (
    school_id int         PRIMARY KEY,
    urn       text        NOT NULL UNIQUE CHECK (urn ~ '^99[0-9]{4}$' AND urn <> '999999'),
    client_id text        NOT NULL UNIQUE,
    begun_at  timestamptz NOT NULL,
    until     timestamptz NOT NULL CHECK (until > begun_at),
    -- Set while the sandbox is being forgotten, and seen by nobody else.
    over_at   timestamptz CHECK (over_at >= until)
);
GRANT SELECT ON register.sandbox TO rollbook_register, rollbook_analytics;

-- Whether a school is a sandbox that is being forgotten.
CREATE FUNCTION register.sandbox_is_over(of_school int) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM register.sandbox WHERE school_id = of_school AND over_at IS NOT NULL)
$$;

-- Whatever refuses by this function refuses all but that a row of a sandbox goes when the sandbox does.
CREATE OR REPLACE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
        IF register.sandbox_is_over((to_jsonb(OLD) ->> 'school_id')::int) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- Texts and kept nonces go with their events already. The key of a year goes once the act that lets the year go stands, or with a sandbox.
CREATE OR REPLACE FUNCTION ledger.admit_nonce_key() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE'
       AND (register.sandbox_is_over(OLD.school_id)
            OR EXISTS (SELECT FROM ledger.change act
                       WHERE act.school_id = OLD.school_id AND act.kind = 'year-retired'
                         AND act.subject = format('year:%s-%s', OLD.academic_year, to_char((OLD.academic_year + 1) % 100, 'FM00'))))
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- That somebody read of a pupil goes with the pupil; that somebody read of a sandbox goes with the sandbox.
CREATE OR REPLACE FUNCTION access.admit_pupil_read() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE'
       AND (register.sandbox_is_over(OLD.school_id)
            OR (OLD.pupil_no IS NOT NULL
                AND NOT EXISTS (SELECT FROM register.pupil p WHERE p.school_id = OLD.school_id AND p.pupil_no = OLD.pupil_no)))
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- A sandbox is written down of a register of which nothing stands yet, its URN least of all; it is marked as over once, and its row goes
-- when the register has gone.
CREATE FUNCTION register.admit_sandbox() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT'
       AND NEW.over_at IS NULL
       AND EXISTS (SELECT FROM ledger.head WHERE school_id = NEW.school_id AND seq = 0)
       AND NOT EXISTS (SELECT FROM ledger.change WHERE school_id = NEW.school_id)
       AND NOT EXISTS (SELECT FROM ledger.event WHERE school_id = NEW.school_id)
       AND NOT EXISTS (SELECT FROM ledger.seal WHERE school_id = NEW.school_id)
       AND NOT EXISTS (SELECT FROM register.urn WHERE school_id = NEW.school_id)
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE'
       AND OLD.over_at IS NULL AND NEW.over_at IS NOT NULL
       AND (NEW.school_id, NEW.urn, NEW.client_id, NEW.begun_at, NEW.until) = (OLD.school_id, OLD.urn, OLD.client_id, OLD.begun_at, OLD.until)
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE'
       AND OLD.over_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM ledger.head WHERE school_id = OLD.school_id)
       AND NOT EXISTS (SELECT FROM register.urn WHERE school_id = OLD.school_id)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE ON register.sandbox FOR EACH ROW EXECUTE FUNCTION register.admit_sandbox();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON register.sandbox FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

-- A sandbox answers to the URN that it was given and to no other, and no other register to one of theirs: a school that is real never
-- goes on in a sandbox.
CREATE FUNCTION register.admit_urn() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given text := (SELECT urn FROM register.sandbox WHERE school_id = NEW.school_id);
BEGIN
    IF given = NEW.urn OR (given IS NULL AND (NEW.urn !~ '^99' OR NEW.urn = '999999')) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the URN % is not for this register', NEW.urn USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER of_its_kind BEFORE INSERT OR UPDATE ON register.urn FOR EACH ROW EXECUTE FUNCTION register.admit_urn();

-- A client that may call until an instant: no token outlives it.
ALTER TABLE access.client ADD COLUMN ends_at timestamptz;

-- Two functions that run with the rights of the owner. The one begins a register that is a sandbox from its first moment, and the client
-- that reaches it: it takes no school, so none can be turned into a sandbox. No row where `most` stand already.
CREATE FUNCTION register.begin_sandbox(
    client text, secret bytea, may text[], begins timestamptz, ends timestamptz, most int, OUT number int, OUT given text
) RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF 'admin' = ANY (may) THEN
        RAISE EXCEPTION 'the client of a sandbox administers nothing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- One at a time, or two would count the same and take the same URN.
    PERFORM pg_advisory_xact_lock(hashtext('register.sandbox'));
    IF (SELECT count(*) FROM register.sandbox) >= most THEN
        RETURN;
    END IF;
    -- By chance: an address that is seen again soon might be taken for the school that had it before.
    SELECT free.urn INTO given FROM (SELECT n::text AS urn FROM generate_series(990000, 999998) AS n) AS free
    WHERE NOT EXISTS (SELECT FROM register.urn taken WHERE taken.urn = free.urn)
      AND NOT EXISTS (SELECT FROM register.sandbox taken WHERE taken.urn = free.urn)
    ORDER BY random() LIMIT 1;
    IF given IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO ledger.head (seq, root, frontier, recorded_at) VALUES (0, sha256(''), '', begins) RETURNING school_id INTO number;
    INSERT INTO register.sandbox (school_id, urn, client_id, begun_at, until) VALUES (number, given, client, begins, ends);
    INSERT INTO access.client (client_id, name, secret_sha256, scopes, reach_kind, reach, created_at, ends_at)
    VALUES (client, 'Sandbox ' || given, secret, may, 'schools', ARRAY[given], begins, ends);
    RETURN NEXT;
END
$$;

-- The other forgets a sandbox whose time is over: every row of it in every table, and its client. False where there is none, or where
-- another process is at it.
CREATE FUNCTION register.forget_sandbox(of_school int, moment timestamptz) RETURNS boolean
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
        WHERE n.nspname IN ('ledger', 'register', 'access', 'analysis') AND t.relkind IN ('r', 'p') AND NOT t.relispartition
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

REVOKE EXECUTE ON FUNCTION register.begin_sandbox(text, bytea, text[], timestamptz, timestamptz, int),
                           register.forget_sandbox(int, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register.begin_sandbox(text, bytea, text[], timestamptz, timestamptz, int),
                          register.forget_sandbox(int, timestamptz) TO rollbook_register;
