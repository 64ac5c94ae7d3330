-- What summaries are read from beside the entries themselves. As all read models, these can be thrown away and folded again.

DROP TABLE analysis.session_total;

-- A stretch of days on roll, from `first` to before `until`, in one year group and with one standing in the DfE's statistics
-- (codes.who_counts.Counted). "" where the pupil is in no year group.
CREATE TABLE analysis.spell (
    school_id  int  NOT NULL,
    pupil_no   int  NOT NULL,
    first      date NOT NULL,
    until      date NOT NULL,
    year_group text NOT NULL,
    counted    text NOT NULL CHECK (counted IN ('main', 'aged-four', 'none')),
    PRIMARY KEY (school_id, pupil_no, first),
    CHECK (first < until)
);

-- How many entries of each code stand for a session, of those who were on roll that day: +1 for the new, -1 for the old.
-- It holds no pupil, so whoever asks for many schools may read it for all of them at once.
CREATE TABLE analysis.day_total (
    school_id    int  NOT NULL,
    session_date date NOT NULL,
    session      text NOT NULL,
    year_group   text NOT NULL,
    counted      text NOT NULL,
    code         text NOT NULL,
    entries      int  NOT NULL,
    PRIMARY KEY (school_id, session_date, session, year_group, counted, code)
) WITH (fillfactor = 80);
CREATE INDEX day_total_of_many ON analysis.day_total (session_date, school_id);

-- What rests on each pupil's own sums over an academic year to date, such as persistent absence, by part: `part_of` is
-- "all", "year-group" or "cohort:" and a fact, `part` its value ("" where there is none). It holds no pupil.
-- Made anew for a school when a day begins, so that it stands as of the evening before: `up_to` is its position.
CREATE TABLE analysis.year_total (
    school_id             int    NOT NULL,
    academic_year         text   NOT NULL,
    counted               text   NOT NULL,
    part_of               text   NOT NULL,
    part                  text   NOT NULL,
    up_to                 bigint NOT NULL,
    enrolments            int    NOT NULL,
    persistent            int    NOT NULL,
    severe                int    NOT NULL,
    absence_of_persistent int    NOT NULL,
    codes                 jsonb  NOT NULL,
    PRIMARY KEY (school_id, academic_year, counted, part_of, part)
);

ALTER TABLE analysis.checkpoint ADD COLUMN totals_seq bigint NOT NULL DEFAULT 0, ADD COLUMN totals_on date;
-- Everything is folded again from the first event: there are spells and sums where there were none.
TRUNCATE analysis.entry;
UPDATE analysis.checkpoint SET seq = 0, alerts_seq = 0;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['spell', 'day_total', 'year_total'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON analysis.%I TO rollbook_analytics', t);
    END LOOP;
    ALTER TABLE analysis.spell ENABLE ROW LEVEL SECURITY;
    CREATE POLICY of_the_school ON analysis.spell
        USING (school_id = nullif(current_setting('app.school_id', true), '')::int);
END
$$;
