-- The DfE's "Pupil attendance in schools" as it was loaded, to lay a figure of ours beside. It holds no pupil.
CREATE TABLE analysis.published (
    time_period      text        NOT NULL,
    time_identifier  text        NOT NULL,
    geographic_level text        NOT NULL,
    area             text        NOT NULL,
    education_phase  text        NOT NULL,
    la_code          text,
    loaded_at        timestamptz NOT NULL,
    place            jsonb       NOT NULL,
    -- Column by column, null where the file has a symbol in place of a figure, and then which.
    figures          jsonb       NOT NULL,
    symbols          jsonb       NOT NULL,
    PRIMARY KEY (time_period, time_identifier, geographic_level, area, education_phase)
);
COMMENT ON COLUMN analysis.published.area IS 'The code of the Office for National Statistics: of England, a region or an authority.';
GRANT SELECT ON analysis.published TO rollbook_analytics;
