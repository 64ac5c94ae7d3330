-- name: replace(rows, now)^
-- Put the rows given in place of those that stood for the same periods and levels; give how many were new, changed and
-- removed. What stood as it is given is left as it is.
WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        time_period text, time_identifier text, geographic_level text, area text, education_phase text, la_code text,
        place jsonb, figures jsonb, symbols jsonb)
), removed AS (
    DELETE FROM analysis.published p
    USING (SELECT DISTINCT time_period, time_identifier, geographic_level FROM given) AS g
    WHERE (p.time_period, p.time_identifier, p.geographic_level) = (g.time_period, g.time_identifier, g.geographic_level)
      AND NOT EXISTS (SELECT FROM given n
                      WHERE (n.time_period, n.time_identifier, n.geographic_level, n.area, n.education_phase)
                          = (p.time_period, p.time_identifier, p.geographic_level, p.area, p.education_phase))
    RETURNING 1
), kept AS (
    INSERT INTO analysis.published AS p (time_period, time_identifier, geographic_level, area, education_phase, la_code,
                                         loaded_at, place, figures, symbols)
    SELECT time_period, time_identifier, geographic_level, area, education_phase, la_code, :now, place, figures, symbols
    FROM given
    ON CONFLICT (time_period, time_identifier, geographic_level, area, education_phase) DO UPDATE
    SET la_code = excluded.la_code, loaded_at = excluded.loaded_at, place = excluded.place, figures = excluded.figures,
        symbols = excluded.symbols
    WHERE (p.la_code, p.place, p.figures, p.symbols)
        IS DISTINCT FROM (excluded.la_code, excluded.place, excluded.figures, excluded.symbols)
    RETURNING xmax = 0 AS is_new
)
SELECT (SELECT count(*) FILTER (WHERE is_new) FROM kept) AS new,
       (SELECT count(*) FILTER (WHERE NOT is_new) FROM kept) AS changed,
       (SELECT count(*) FROM removed) AS removed;
