-- name: plan_each()$
-- Few pupils or all of a school: one plan does not serve both.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: year_groups(school_id)
-- The year groups that pupils were placed in, with the day on which the register was first told.
SELECT p.year_group, CAST(min(c.recorded_at AT TIME ZONE 'Europe/London') AS date) AS recorded_on
FROM register.placing p
JOIN ledger.change c ON c.school_id = p.school_id AND c.seq = p.seq
WHERE p.school_id = :school_id
GROUP BY p.year_group
ORDER BY p.year_group;

-- name: register_since(school_id)$
-- The day on which the register began.
SELECT CAST(min(recorded_at) AT TIME ZONE 'Europe/London' AS date) FROM ledger.change WHERE school_id = :school_id;

-- name: standing(school_id, pupil_nos, since, unauthorised)
-- The weeks of some pupils as they are laid together, in order: of those before a day such as have an unauthorised absence.
SELECT pupil_no, array_agg(week ORDER BY week) AS weeks, array_agg(codes ORDER BY week) AS codes
FROM analysis.pupil_week
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
  AND (week > CAST(:since AS date) - 7 OR codes ~ :unauthorised)
GROUP BY pupil_no;

-- name: after(school_id, pupil_nos, after, up_to)
-- The marks of some pupils recorded after a position, in order.
SELECT e.pupil_no, CAST(e.recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on, e.session_date, e.session,
       e.code, e.original_code
FROM ledger.event e
WHERE e.school_id = :school_id AND e.seq > :after AND e.seq <= :up_to AND e.pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY e.seq;

-- name: began(school_id, pupil_nos)
-- The first entries of the sessions of some pupils that were amended.
SELECT e.pupil_no, e.session_date, e.session, e.original_code
FROM ledger.event e
WHERE e.school_id = :school_id AND e.version = 2 AND e.pupil_no = ANY (CAST(:pupil_nos AS int[]));

-- name: written(school_id, base, ends, after, years, this_year, today)
-- What marks were recorded after a position on some days, whose last positions are given: by pupil, day of recording (its
-- place, from 0) and academic year, whether other than by an import, whether first entries of presence alone, the sessions of
-- the present day, and whether it concerns anybody since the last look.
SELECT e.pupil_no, width_bucket(e.seq - 1, CAST(:ends AS bigint[])) AS day_no, min(e.session_date) AS earliest,
       bool_or(e.source <> 'history') AS is_live, bool_and(e.version = 1 AND e.code IN ('/', '\')) AS is_plain,
       array_agg(e.session) FILTER (WHERE e.session_date = :today) AS sessions,
       bool_or(e.seq > :after AND (e.version > 1 OR e.code NOT IN ('/', '\')
                                   OR e.session_date < CAST(:this_year AS date)
                                   OR e.pupil_no IN (SELECT pupil_no FROM analysis.awaited
                                                     WHERE school_id = :school_id AND watched))) AS concerns
FROM ledger.event e
WHERE e.school_id = :school_id AND e.seq > :base AND e.seq <= (SELECT max(seq) FROM unnest(CAST(:ends AS bigint[])) AS seq)
GROUP BY e.pupil_no, day_no, width_bucket(e.session_date, CAST(:years AS date[]));

-- name: roll(school_id, pupil_nos, up_to)
-- What was said of pupils whatever the date, with the body that said it, in order.
SELECT p.pupil_no, p.date_of_birth, p.on_roll, p.boarder, CAST(c.recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on,
       t.text AS body
FROM register.pupil p
JOIN ledger.change c ON c.school_id = p.school_id AND c.seq = p.seq
LEFT JOIN ledger.text t ON t.school_id = p.school_id AND t.seq = p.seq AND t.part = 'body'
WHERE p.school_id = :school_id AND p.seq <= :up_to AND p.pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY p.seq;

-- name: placed(school_id, pupil_nos, up_to)
-- Where pupils were placed from a day on, in the order in which it was said.
SELECT p.pupil_no, p.effective_from, p.year_group, p.class, CAST(p.facts AS text) AS facts,
       CAST(c.recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on
FROM register.placing p
JOIN ledger.change c ON c.school_id = p.school_id AND c.seq = p.seq
WHERE p.school_id = :school_id AND p.seq <= :up_to AND p.pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY p.seq;

-- name: plans(school_id, pupil_nos, up_to)
-- Absences known ahead as they were stated, in order; none whose words have gone.
SELECT a.pupil_no, t.text AS body, CAST(c.recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on
FROM register.planned_absence a
JOIN ledger.change c ON c.school_id = a.school_id AND c.seq = a.seq
JOIN ledger.text t ON t.school_id = a.school_id AND t.seq = a.seq AND t.part = 'body'
WHERE a.school_id = :school_id AND a.seq <= :up_to AND a.pupil_no = ANY (CAST(:pupil_nos AS int[])) AND t.text IS NOT NULL
ORDER BY a.seq;

-- name: day_after(school_id, after, up_to)$
-- The London day on which the first thing after a position, and up to another, was recorded.
SELECT CAST(recorded_at AT TIME ZONE 'Europe/London' AS date) FROM (
    (SELECT seq, recorded_at FROM ledger.event WHERE school_id = :school_id AND seq > :after AND seq <= :up_to ORDER BY seq LIMIT 1)
    UNION ALL
    (SELECT seq, recorded_at FROM ledger.change WHERE school_id = :school_id AND seq > :after AND seq <= :up_to ORDER BY seq LIMIT 1)
) AS each ORDER BY seq LIMIT 1;

-- name: position_before(school_id, up_to, at)$
-- The last position recorded before an instant, of those up to a position, 0 where there is none. Recording never goes back,
-- so it is found by halves.
WITH RECURSIVE half (low, high) AS (
    SELECT CAST(0 AS bigint), CAST(:up_to AS bigint) + 1
    UNION ALL
    SELECT CASE WHEN e.recorded_at < CAST(:at AS timestamptz) THEN e.seq ELSE h.low END,
           CASE WHEN e.recorded_at < CAST(:at AS timestamptz) THEN h.high ELSE m.seq END
    FROM half h
    CROSS JOIN LATERAL (SELECT (h.low + h.high) / 2 AS seq) AS m
    LEFT JOIN LATERAL (
        SELECT seq, recorded_at FROM (
            (SELECT seq, recorded_at FROM ledger.event
             WHERE school_id = :school_id AND seq >= m.seq AND seq < h.high ORDER BY seq LIMIT 1)
            UNION ALL
            (SELECT seq, recorded_at FROM ledger.change
             WHERE school_id = :school_id AND seq >= m.seq AND seq < h.high ORDER BY seq LIMIT 1)
        ) AS either ORDER BY seq LIMIT 1
    ) AS e ON true
    WHERE h.high - h.low > 1
)
SELECT max(low) FROM half;
