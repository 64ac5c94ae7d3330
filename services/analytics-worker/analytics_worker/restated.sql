-- name: changed(school_id, after)^
-- What changed of a school after a position: days with marks, pupils, academic years, and the school's own facts.
SELECT
    (SELECT array_agg(DISTINCT e.session_date) FROM ledger.event e
     WHERE e.school_id = :school_id AND e.seq > :after) AS marked,
    (SELECT array_agg(changed.pupil_no)
     FROM (SELECT pupil_no FROM register.pupil WHERE school_id = :school_id AND seq > :after
           UNION SELECT pupil_no FROM register.placing WHERE school_id = :school_id AND seq > :after
           UNION SELECT pupil_no FROM register.pupil_id WHERE school_id = :school_id AND seq > :after) AS changed) AS pupil_nos,
    (SELECT array_agg(DISTINCT c.academic_year) FROM register.calendar c
     WHERE c.school_id = :school_id AND c.seq > :after) AS years,
    EXISTS (SELECT FROM register.policy p WHERE p.school_id = :school_id AND p.seq > :after) AS policy_changed,
    EXISTS (SELECT FROM register.school_facts f WHERE f.school_id = :school_id AND f.seq > :after) AS school_changed;

-- name: calendars(school_id, after, years)
-- The calendar of each year as it stood at a position, nothing where there was none, and every one since.
SELECT y.academic_year, (SELECT c.body FROM register.calendar c
                         WHERE c.school_id = :school_id AND c.academic_year = y.academic_year AND c.seq <= :after
                         ORDER BY c.seq DESC LIMIT 1) AS body
FROM unnest(CAST(:years AS text[])) AS y (academic_year)
UNION ALL
SELECT c.academic_year, c.body
FROM register.calendar c
WHERE c.school_id = :school_id AND c.academic_year = ANY (CAST(:years AS text[])) AND c.seq > :after;

-- name: closed(school_id, after)
-- The days that closures since a position, or their reversals, are about.
SELECT first_date, last_date FROM register.closure WHERE school_id = :school_id AND seq > :after;
