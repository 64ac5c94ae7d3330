-- Which schools have ever had a child for whom an authority is responsible: where to look when it asks for its children. It names no child,
-- and nothing is taken from it, not even when the child has gone.
CREATE TABLE register.responsible (
    la_code   text NOT NULL CHECK (la_code ~ '^[0-9]{3}$'),
    school_id int  NOT NULL,
    PRIMARY KEY (la_code, school_id)
);
GRANT SELECT, INSERT ON register.responsible TO rollbook_register;
GRANT SELECT ON register.responsible TO rollbook_analytics;

INSERT INTO register.responsible (la_code, school_id)
SELECT DISTINCT facts ->> 'responsible_la', school_id FROM register.placing WHERE facts ->> 'responsible_la' IS NOT NULL;

-- Beside every placing that names an authority, whoever writes it: a change of the roll, or a register that is taken in.
CREATE FUNCTION register.note_responsible() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO register.responsible (la_code, school_id) VALUES (NEW.facts ->> 'responsible_la', NEW.school_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_responsible AFTER INSERT ON register.placing FOR EACH ROW
    WHEN (NEW.facts ->> 'responsible_la' IS NOT NULL) EXECUTE FUNCTION register.note_responsible();
