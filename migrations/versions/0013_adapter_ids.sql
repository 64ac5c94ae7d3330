-- What a supplier that sends its own body calls the pupils, codes and staff of a school. The latest row of an id holds.
CREATE TABLE register.adapter_id (
    school_id int         NOT NULL,
    what      text        NOT NULL CHECK (what IN ('pupil', 'code', 'staff')),
    id        text        NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
    set_at    timestamptz NOT NULL,
    means     jsonb       NOT NULL,
    PRIMARY KEY (school_id, what, id, set_at)
);

ALTER TABLE register.adapter_id ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_school ON register.adapter_id
    USING (school_id = nullif(current_setting('app.school_id', true), '')::int);
GRANT SELECT, INSERT ON register.adapter_id TO rollbook_register;
