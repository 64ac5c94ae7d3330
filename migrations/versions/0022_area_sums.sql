-- Sums of regions and of the nation over any days, kept; and what rests on pupils over every stretch of an academic year that
-- all schools have in common (codes.stretches): "year", a term, a half-term, a month. None of it holds a pupil.

TRUNCATE analysis.year_total;
ALTER TABLE analysis.year_total ADD COLUMN stretch text NOT NULL;
ALTER TABLE analysis.year_total DROP CONSTRAINT year_total_pkey;
ALTER TABLE analysis.year_total ADD PRIMARY KEY (school_id, academic_year, stretch, counted, part_of, part);
-- Made anew with the next look at each school.
UPDATE analysis.checkpoint SET totals_seq = 0, totals_on = NULL;

-- Where a school was when it was last summed, and in which academic years it was too small to be published.
CREATE TABLE analysis.area_school (
    school_id int    PRIMARY KEY,
    la_code   text,
    phase     text   NOT NULL,
    too_small text[] NOT NULL
);

-- An area: an authority's three digits, a region's or England's nine characters; and the day on which its sums were last made.
CREATE TABLE analysis.area (
    area    text PRIMARY KEY,
    made_on date
);

-- What is to be summed anew of an area: which days, and which academic years, for what of its schools or the areas in it.
CREATE TABLE analysis.area_due (
    area   text           NOT NULL,
    source text           NOT NULL,
    days   datemultirange NOT NULL,
    years  datemultirange NOT NULL,
    PRIMARY KEY (area, source)
);

-- How many entries of each code stand in an area for a session of a day: `part_of` is "all", "phase", or "year-group", of each
-- phase. `counted` is as in analysis.day_total, or "small": "main", at a school of too few enrolments that year.
CREATE TABLE analysis.area_day (
    area         text  NOT NULL,
    part_of      text  NOT NULL CHECK (part_of IN ('all', 'phase', 'year-group')),
    session_date date  NOT NULL,
    counted      text  NOT NULL,
    session      text  NOT NULL,
    phase        text  NOT NULL,
    year_group   text  NOT NULL,
    codes        jsonb NOT NULL,
    PRIMARY KEY (area, part_of, session_date, counted, session, phase, year_group)
);

-- The sums of analysis.year_total over an area's schools, by phase.
CREATE TABLE analysis.area_total (
    area                  text   NOT NULL,
    academic_year         text   NOT NULL,
    stretch               text   NOT NULL,
    part_of               text   NOT NULL,
    counted               text   NOT NULL,
    phase                 text   NOT NULL,
    part                  text   NOT NULL,
    enrolments            bigint NOT NULL,
    persistent            bigint NOT NULL,
    severe                bigint NOT NULL,
    absence_of_persistent bigint NOT NULL,
    codes                 jsonb  NOT NULL,
    PRIMARY KEY (area, academic_year, stretch, part_of, counted, phase, part)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['area_school', 'area', 'area_due', 'area_day', 'area_total'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON analysis.%I TO rollbook_analytics', t);
    END LOOP;
END
$$;
