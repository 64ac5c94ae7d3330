-- A year of the register may be let go. What must stay stays, and can still be hashed; what may be removed besides the
-- partition itself, and when, the tables decide for themselves: docs/adr/0008.

-- The nonces of entries that stay when the key of their year is destroyed.
CREATE TABLE ledger.kept_nonce (
    school_id int    NOT NULL,
    seq       bigint NOT NULL,
    nonce     bytea  NOT NULL CHECK (length(nonce) = 16),
    PRIMARY KEY (school_id, seq)
);

-- What must stay whatever its age, and who said so: of a school, or of one pupil, of all sessions or of some. A hold is
-- lifted by a row that names it.
CREATE TABLE register.hold (
    school_id int         NOT NULL,
    no        int         NOT NULL CHECK (no > 0),
    lifts     int,
    pupil_no  int,
    first_day date,
    last_day  date,
    reason    text        NOT NULL CHECK (reason <> ''),
    name      text        NOT NULL CHECK (name <> ''),
    position  text        NOT NULL CHECK (position <> ''),
    made_at   timestamptz NOT NULL,
    PRIMARY KEY (school_id, no),
    CONSTRAINT hold_is_lifted_once UNIQUE (school_id, lifts),
    CHECK (lifts IS NULL OR (pupil_no IS NULL AND first_day IS NULL AND last_day IS NULL)),
    CHECK (first_day <= last_day)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON register.hold FOR EACH ROW EXECUTE FUNCTION ledger.refuse();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger.kept_nonce', 'register.hold'] LOOP
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse()', t);
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY of_the_school ON %s '
                       'USING (school_id = nullif(current_setting(''app.school_id'', true), '''')::int)', t);
    END LOOP;
END
$$;
GRANT SELECT, INSERT ON ledger.kept_nonce TO rollbook_register;
GRANT SELECT, INSERT ON register.hold TO rollbook_register;

-- A pupil's number is never used again, so the greatest is looked for where nothing is let go.
CREATE INDEX change_of_pupil ON ledger.change (school_id, (split_part(subject, ':', 2)::int)) WHERE kind = 'roll-changed';

-- The holds that stand.
CREATE VIEW register.standing_hold WITH (security_invoker = true) AS
SELECT h.school_id, h.no, h.pupil_no, h.first_day, h.last_day, h.reason, h.name, h.position, h.made_at
FROM register.hold h
WHERE h.lifts IS NULL AND NOT EXISTS (SELECT FROM register.hold l WHERE l.school_id = h.school_id AND l.lifts = h.no);

-- Every entry of some schools between two dates with its chain: how many versions, the last of them and the instant it
-- counts from (codes.retention.counts_from), the hold on it, and whether it goes: all counted before the school's instant.
CREATE FUNCTION ledger.judged(first_day date, last_day date, schools int[], befores timestamptz[])
RETURNS TABLE (school_id int, session_date date, session text, pupil_no int, versions bigint, seq bigint,
               counts_from timestamptz, hold_no int, goes boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT chain.school_id, chain.session_date, chain.session, chain.pupil_no, chain.versions, chain.seq,
           chain.counts_from, held.no, chain.counts_from < judging.before AND held.no IS NULL
    FROM (SELECT e.school_id, e.session_date, e.session, e.pupil_no, count(*) AS versions,
                 (array_agg(e.seq ORDER BY e.from_when DESC, e.seq DESC))[1] AS seq, max(e.from_when) AS counts_from
          FROM (SELECT *, CASE source WHEN 'history' THEN made_at ELSE greatest(made_at, recorded_at) END AS from_when
                FROM ledger.event
                WHERE event.school_id = ANY (schools) AND event.session_date BETWEEN first_day AND last_day) AS e
          GROUP BY e.school_id, e.session_date, e.session, e.pupil_no) AS chain
    JOIN unnest(schools, befores) AS judging (school_id, before) ON judging.school_id = chain.school_id
    LEFT JOIN LATERAL (SELECT min(h.no) AS no FROM register.standing_hold h
                       WHERE h.school_id = chain.school_id
                         AND (h.pupil_no IS NULL OR h.pupil_no = chain.pupil_no)
                         AND (h.first_day IS NULL OR h.first_day <= chain.session_date)
                         AND (h.last_day IS NULL OR h.last_day >= chain.session_date)) AS held ON true
$$;
REVOKE EXECUTE ON FUNCTION ledger.judged(date, date, int[], timestamptz[]) FROM PUBLIC;

-- What the book admits to be done to a text, and nothing else: it goes with its event; its words go by an act that stands
-- (and the body of a change says what holds, so it goes only from an entry of the admission register that a later one of
-- the pupil has replaced); and what the admission register said of a pupil goes with the pupil.
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
                                        AND roll.kind = 'roll-changed')))
            OR EXISTS (SELECT FROM ledger.change roll
                       WHERE roll.school_id = OLD.school_id AND roll.seq = OLD.seq AND roll.kind = 'roll-changed'
                         AND NOT EXISTS (SELECT FROM register.pupil p
                                         WHERE p.school_id = roll.school_id
                                           AND p.pupil_no = split_part(roll.subject, ':', 2)::int)))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- The key of a year goes once the act that lets the year go stands.
CREATE FUNCTION ledger.admit_nonce_key() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE'
       AND EXISTS (SELECT FROM ledger.change act
                   WHERE act.school_id = OLD.school_id AND act.kind = 'year-retired'
                     AND act.subject = format('year:%s-%s', OLD.academic_year, to_char((OLD.academic_year + 1) % 100, 'FM00')))
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- A nonce that was kept goes with its entry.
CREATE FUNCTION ledger.admit_kept_nonce() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM ledger.event WHERE school_id = OLD.school_id AND seq = OLD.seq) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- That somebody read of a pupil goes with the pupil.
CREATE FUNCTION access.admit_pupil_read() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.pupil_no IS NOT NULL
       AND NOT EXISTS (SELECT FROM register.pupil p WHERE p.school_id = OLD.school_id AND p.pupil_no = OLD.pupil_no)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

DROP TRIGGER append_only ON ledger.nonce_key;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.nonce_key FOR EACH ROW EXECUTE FUNCTION ledger.admit_nonce_key();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.kept_nonce FOR EACH ROW EXECUTE FUNCTION ledger.admit_kept_nonce();
DROP TRIGGER append_only ON access.pupil_read;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access.pupil_read FOR EACH ROW EXECUTE FUNCTION access.admit_pupil_read();
