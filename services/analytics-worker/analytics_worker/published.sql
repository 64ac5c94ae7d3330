-- name: published(time_period, level, la_code, phase, after, most)
-- What the DfE publishes, the newest period first, then areas and phases in order; what follows a place in that order.
SELECT p.time_period, p.time_identifier, p.geographic_level, p.area, p.education_phase, p.place, p.figures, p.symbols
FROM analysis.published p
WHERE (CAST(:time_period AS text) IS NULL OR p.time_period = :time_period)
  AND (CAST(:level AS text) IS NULL OR p.geographic_level = :level)
  AND (CAST(:la_code AS text) IS NULL OR p.la_code = :la_code)
  AND (CAST(:phase AS text) IS NULL OR p.education_phase = :phase)
ORDER BY p.time_period DESC, p.time_identifier, p.area, p.education_phase, p.geographic_level
OFFSET :after LIMIT :most;

-- name: beside(la_code, region, phase, periods)
-- The rows of an authority, of a region and of England over an academic year, for a phase: of the latest of some periods that there is.
SELECT DISTINCT ON (p.geographic_level) p.time_period, p.geographic_level, p.figures
FROM analysis.published p
WHERE p.education_phase = :phase AND p.time_identifier = 'Academic year' AND p.time_period = ANY (CAST(:periods AS text[]))
  AND (p.geographic_level = 'National' OR (p.geographic_level = 'Local authority' AND p.la_code = :la_code)
       OR (p.geographic_level = 'Regional' AND p.area = :region))
ORDER BY p.geographic_level, p.time_period DESC;
