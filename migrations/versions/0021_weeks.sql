-- A pupil's week in one row, which is what figures of any days are counted from. As all read models, these can be thrown
-- away and made again; and as they hold neither roll nor calendar, no change of either moves them.

-- The codes that stand, two characters each, Monday's morning first and Sunday's afternoon last; blank where nothing stands.
CREATE TABLE analysis.pupil_week (
    school_id int  NOT NULL,
    pupil_no  int  NOT NULL,
    week      date NOT NULL CHECK (extract(isodow FROM week) = 1),
    codes     text COLLATE "C" NOT NULL CHECK (length(codes) = 28),
    PRIMARY KEY (school_id, week, pupil_no)
) WITH (fillfactor = 80);

-- The position to which a school's weeks are laid together; what was said since is found in the stream.
ALTER TABLE analysis.checkpoint ADD COLUMN weeks_seq bigint NOT NULL DEFAULT 0;

-- The weeks that what stands comes to, of those that begin on some Mondays.
CREATE FUNCTION analysis.pupil_weeks(of_school int, mondays date[]) RETURNS SETOF analysis.pupil_week
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT of_school, pupil_no, session_date - weekday,
           coalesce(max(day) FILTER (WHERE weekday = 0), '    ') || coalesce(max(day) FILTER (WHERE weekday = 1), '    ')
           || coalesce(max(day) FILTER (WHERE weekday = 2), '    ') || coalesce(max(day) FILTER (WHERE weekday = 3), '    ')
           || coalesce(max(day) FILTER (WHERE weekday = 4), '    ') || coalesce(max(day) FILTER (WHERE weekday = 5), '    ')
           || coalesce(max(day) FILTER (WHERE weekday = 6), '    ')
    FROM (SELECT pupil_no, session_date, mod(session_date - date '2000-01-03', 7) AS weekday,
                 rpad(coalesce(max(code) FILTER (WHERE session = 'AM'), ''), 2)
                 || rpad(coalesce(max(code) FILTER (WHERE session = 'PM'), ''), 2) AS day
          FROM analysis.entry
          WHERE school_id = of_school
            AND session_date = ANY (ARRAY(SELECT monday + n FROM unnest(mondays) AS monday CROSS JOIN generate_series(0, 6) AS n))
          GROUP BY 1, 2) AS days
    GROUP BY 2, 3;
END;

GRANT SELECT, INSERT, UPDATE, DELETE ON analysis.pupil_week TO rollbook_analytics;
ALTER TABLE analysis.pupil_week ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_school ON analysis.pupil_week USING (school_id = nullif(current_setting('app.school_id', true), '')::int);
