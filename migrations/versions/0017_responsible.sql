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
