-- What the register knows of its school and pupils: every row is what one change of the stream said, found again by its seq.

CREATE SCHEMA register;
GRANT USAGE ON SCHEMA register TO rollbook_register, rollbook_analytics;

-- Every URN that a register answers to.
CREATE TABLE register.urn (
    urn       text PRIMARY KEY CHECK (urn ~ '^[0-9]{6}$'),
    school_id int  NOT NULL
);

-- la_code, laestab, trust, continues and closed_on are the facts of reach: who may read the school follows from them.
CREATE TABLE register.school_facts (
    school_id      int    NOT NULL,
    seq            bigint NOT NULL,
    effective_from date   NOT NULL,
    urn            text   NOT NULL,
    name           text   NOT NULL,
    phase          text   NOT NULL,
    age_from       int    NOT NULL,
    age_to         int    NOT NULL,
    laestab        text,
    la_code        text,
    trust_uid      text,
    trust_name     text,
    continues      text,
    closed_on      date,
    PRIMARY KEY (school_id, seq)
);
CREATE INDEX school_facts_la ON register.school_facts (la_code);
CREATE INDEX school_facts_trust ON register.school_facts (trust_uid);

CREATE TABLE register.policy (
    school_id      int    NOT NULL,
    seq            bigint NOT NULL,
    effective_from date   NOT NULL,
    body           text   NOT NULL,
    PRIMARY KEY (school_id, seq)
);

CREATE TABLE register.calendar (
    school_id     int    NOT NULL,
    academic_year text   NOT NULL,
    seq           bigint NOT NULL,
    body          text   NOT NULL,
    PRIMARY KEY (school_id, academic_year, seq)
);

-- A pupil's number is given by the register and is never used again; the id is the MIS's own.
CREATE TABLE register.pupil_id (
    school_id int    NOT NULL,
    id        text   NOT NULL CHECK (id ~ '^[A-Za-z0-9._~-]{1,64}$'),
    pupil_no  int    NOT NULL CHECK (pupil_no > 0),
    seq       bigint NOT NULL,
    PRIMARY KEY (school_id, id)
);
CREATE INDEX pupil_id_no ON register.pupil_id (school_id, pupil_no);

-- What is true of a pupil whatever the date: the latest row stands. Names and addresses stay in the body of the change.
CREATE TABLE register.pupil (
    school_id        int            NOT NULL,
    pupil_no         int            NOT NULL,
    seq              bigint         NOT NULL,
    date_of_birth    date           NOT NULL,
    on_roll          datemultirange NOT NULL,
    boarder          boolean        NOT NULL,
    upn              text,
    sex              text           NOT NULL,
    enrolment_status text           NOT NULL,
    PRIMARY KEY (school_id, pupil_no, seq)
);
CREATE INDEX pupil_upn ON register.pupil (school_id, upn) WHERE upn IS NOT NULL;

-- What is true of a pupil from a date on: class, year group and cohort facts as they were on the day.
CREATE TABLE register.placing (
    school_id      int    NOT NULL,
    pupil_no       int    NOT NULL,
    effective_from date   NOT NULL,
    seq            bigint NOT NULL,
    year_group     text   NOT NULL,
    class          text,
    facts          jsonb  NOT NULL,
    PRIMARY KEY (school_id, pupil_no, effective_from, seq)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['urn', 'school_facts', 'policy', 'calendar', 'pupil_id', 'pupil', 'placing'] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON register.%I TO rollbook_register', t);
        EXECUTE format('GRANT SELECT ON register.%I TO rollbook_analytics', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['policy', 'calendar', 'pupil_id', 'pupil', 'placing'] LOOP
        EXECUTE format('ALTER TABLE register.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY of_the_school ON register.%I '
                       'USING (school_id = nullif(current_setting(''app.school_id'', true), '''')::int)', t);
    END LOOP;
END
$$;
