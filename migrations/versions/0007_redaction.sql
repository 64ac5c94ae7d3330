-- A text may go by a recorded act. What it was committed to, where it stood and who had it removed stay.

-- The acts by what they are about: `text:412/reason`, `year:2018-19`.
CREATE INDEX change_lets_go ON ledger.change (school_id, subject) WHERE kind IN ('text-redacted', 'year-retired');

-- What the book admits to be done to a text: its salt and words go, once an act that says so stands. The body of a change
-- says what holds, so it goes only from an entry of the admission register that a later one of the pupil has replaced.
CREATE FUNCTION ledger.admit_redaction() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE'
       AND (NEW.school_id, NEW.seq, NEW.part, NEW.commitment) = (OLD.school_id, OLD.seq, OLD.part, OLD.commitment)
       AND OLD.text IS NOT NULL AND NEW.text IS NULL AND NEW.salt IS NULL
       AND EXISTS (SELECT FROM ledger.change act
                   WHERE act.school_id = OLD.school_id AND act.kind = 'text-redacted'
                     AND act.subject = format('text:%s/%s', OLD.seq, OLD.part))
       AND (OLD.part <> 'body'
            OR EXISTS (SELECT FROM ledger.change roll
                       JOIN register.pupil later ON later.school_id = roll.school_id AND later.seq > roll.seq
                                                AND later.pupil_no = split_part(roll.subject, ':', 2)::int
                       WHERE roll.school_id = OLD.school_id AND roll.seq = OLD.seq AND roll.kind = 'roll-changed'))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the register is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

DROP TRIGGER append_only ON ledger.text;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.text FOR EACH ROW EXECUTE FUNCTION ledger.admit_redaction();

-- The one function that runs with the rights of the owner: the service may remove a text, and nothing else, of the school
-- that its transaction is turned to. The UPN, and dated facts that a later entry states for the same day, are of the body.
CREATE FUNCTION ledger.redact(of_school int, of_seq bigint, of_part text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF of_school IS DISTINCT FROM nullif(current_setting('app.school_id', true), '')::int THEN
        RAISE EXCEPTION 'a transaction redacts the texts of its own school alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE ledger.text SET salt = NULL, text = NULL
    WHERE school_id = of_school AND seq = of_seq AND part = of_part AND text IS NOT NULL;
    IF FOUND AND of_part = 'body' THEN
        UPDATE register.pupil SET upn = NULL
        FROM (SELECT split_part(subject, ':', 2)::int AS pupil_no FROM ledger.change
              WHERE school_id = of_school AND seq = of_seq) AS roll
        WHERE pupil.school_id = of_school AND pupil.pupil_no = roll.pupil_no AND pupil.seq = of_seq;
        DELETE FROM register.placing gone
        USING register.placing later,
              (SELECT split_part(subject, ':', 2)::int AS pupil_no FROM ledger.change
               WHERE school_id = of_school AND seq = of_seq) AS roll
        WHERE gone.school_id = of_school AND gone.pupil_no = roll.pupil_no AND gone.seq = of_seq
          AND later.school_id = of_school AND later.pupil_no = roll.pupil_no
          AND later.effective_from = gone.effective_from AND later.seq > gone.seq;
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION ledger.redact(int, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.redact(int, bigint, text) TO rollbook_register;
