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
-- What is folded of some pupils, in order: each entry as session, code, and the code it began with.
SELECT e.pupil_no, array_agg(e.session_date) AS dates, array_agg(e.said) AS entries
FROM (SELECT pupil_no, session_date, session || ' ' || code || ' ' || first_code AS said
      FROM analysis.entry
      WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
        AND (session_date >= :since OR code = ANY (CAST(:unauthorised AS text[])))
      ORDER BY pupil_no, session_date, session) AS e
GROUP BY e.pupil_no;

-- name: after(school_id, pupil_nos, base, up_to)
-- The marks of some pupils recorded after a position, in order.
SELECT e.pupil_no, CAST(e.recorded_at AT TIME ZONE 'Europe/London' AS date) AS recorded_on, e.session_date, e.session,
       e.version, e.code, e.original_code, e.source
FROM ledger.event e
WHERE e.school_id = :school_id AND e.seq > :base AND e.seq <= :up_to AND e.pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY e.seq;

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
