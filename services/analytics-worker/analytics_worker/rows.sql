-- name: joined_by_hashing()$
-- The planner takes a day's roll and entries of a school for a row or two, and would look through all of either for each of
-- the other: the square of the pupils, where hashing takes their number.
SELECT set_config('enable_nestloop', 'off', true);

-- name: rows(school_id, la_code, urn, laestab, days, today, waiting_sessions, waiting_year_groups, codes, firsts, lasts, compulsories, possibles, attendings, absents, authoriseds, unauthoriseds, lates, aged_pupils, aged_from, aged_to, restated, everything, moved_nos, moved_from, moved_to, whole_days, clock_days, open_days, shut_days, shut_sessions, after, roll_after, roll_to, up_to, from_day, from_session, from_pupil, most)
-- One row a pupil-session of one school, in the order of day, session and id. On roll in an open session, and not one that
-- is shut as planned, it is a row; asked for what was restated, one that stood before and stands no more is given too, as
-- closed. The roll is what it was at a position; as at one, the entries are read in the book instead of what was folded
-- of it.
WITH moved AS MATERIALIZED (
    SELECT pupil_no, range_agg(daterange(first, last, '[]')) AS days
    FROM unnest(CAST(:moved_nos AS int[]), CAST(:moved_from AS date[]), CAST(:moved_to AS date[])) AS m (pupil_no, first, last)
    GROUP BY pupil_no
), roll AS (
    SELECT p.pupil_no, p.on_roll, p.boarder, p.upn, p.sex, p.enrolment_status, i.id, i.is_newest, was.on_roll AS was_on_roll,
           moved.days AS moved_on
    FROM (SELECT DISTINCT ON (pupil_no) pupil_no, on_roll, boarder, upn, sex, enrolment_status
          FROM register.pupil WHERE school_id = :school_id AND seq <= CAST(:roll_to AS bigint)
          ORDER BY pupil_no, seq DESC) p
    JOIN (SELECT id, pupil_no, seq = max(seq) OVER one AS is_newest,
                 seq = max(seq) FILTER (WHERE seq <= CAST(:roll_after AS bigint)) OVER one AS was_newest
          FROM register.pupil_id WHERE school_id = :school_id AND seq <= :roll_to
          WINDOW one AS (PARTITION BY pupil_no)) i
        -- An id that was the newest at the position stood in rows that were read, and stands in none now.
        ON i.pupil_no = p.pupil_no AND (i.is_newest OR (i.was_newest AND CAST(:restated AS boolean)))
    LEFT JOIN moved ON moved.pupil_no = p.pupil_no
    LEFT JOIN LATERAL (SELECT on_roll FROM register.pupil
                       WHERE school_id = :school_id AND pupil_no = moved.pupil_no AND seq <= :roll_after
                       ORDER BY seq DESC LIMIT 1) was ON true
), placed AS (
    SELECT pupil_no, effective_from, year_group, class, facts,
           lead(effective_from, 1, 'infinity') OVER (PARTITION BY pupil_no ORDER BY effective_from) AS until
    FROM (SELECT DISTINCT ON (pupil_no, effective_from) pupil_no, effective_from, year_group, class, facts
          FROM register.placing WHERE school_id = :school_id AND seq <= :roll_to
          ORDER BY pupil_no, effective_from, seq DESC) AS dated
), sittings AS (
    SELECT r.*, d.day, s.session,
           r.is_newest AND r.on_roll @> d.day AND d.day = ANY (CAST(:open_days AS date[])) AND shut.day IS NULL AS is_due
    FROM unnest(CAST(:days AS date[])) AS d (day)
    CROSS JOIN (VALUES ('AM'), ('PM')) AS s (session)
    LEFT JOIN unnest(CAST(:shut_days AS date[]), CAST(:shut_sessions AS text[])) AS shut (day, session)
        ON shut.day = d.day AND shut.session = s.session
    JOIN roll r ON r.on_roll @> d.day OR r.was_on_roll @> d.day
), stated AS (
    SELECT t.*, placed.year_group, placed.class, placed.facts,
           e.code, e.first_code, e.version, e.seq, e.arrived_at, e.made_at, e.recorded_at,
           CASE WHEN NOT t.is_due OR (t.boarder AND e.seq IS NULL) THEN 'closed'
                WHEN e.seq IS NOT NULL THEN 'entered'
                WHEN t.day > CAST(:today AS date) OR (t.day = :today AND waiting.session IS NOT NULL) THEN 'not-due'
                ELSE 'missing' END AS state
    FROM sittings t
    LEFT JOIN placed ON placed.pupil_no = t.pupil_no AND t.day >= placed.effective_from AND t.day < placed.until
    LEFT JOIN (SELECT session_date, session, pupil_no, code, first_code, version, seq, arrived_at, made_at, recorded_at
               FROM analysis.entry
               WHERE CAST(:up_to AS bigint) IS NULL AND school_id = :school_id AND session_date = ANY (CAST(:days AS date[]))
               UNION ALL
               (SELECT DISTINCT ON (session_date, session, pupil_no) session_date, session, pupil_no, code,
                       first_value(code) OVER (PARTITION BY session_date, session, pupil_no ORDER BY version),
                       version, seq, arrived_at, made_at, recorded_at
                FROM ledger.event
                WHERE seq <= CAST(:up_to AS bigint) AND school_id = :school_id AND session_date = ANY (CAST(:days AS date[]))
                ORDER BY session_date, session, pupil_no, version DESC)) e
        ON e.session_date = t.day AND e.session = t.session AND e.pupil_no = t.pupil_no AND t.is_due
    LEFT JOIN unnest(CAST(:waiting_sessions AS text[]), CAST(:waiting_year_groups AS text[])) AS waiting (session, year_group)
        ON waiting.session = t.session AND waiting.year_group = coalesce(placed.year_group, '')
)
SELECT CAST(:la_code AS text) AS la_code, CAST(:urn AS text) AS urn, CAST(:laestab AS text) AS laestab,
       t.day AS date, t.session, t.id AS pupil, t.upn, t.year_group, translate(t.class, E'\r\n', '  ') AS class,
       t.enrolment_status, t.state, t.code, t.first_code AS first_entry, t.version, t.seq,
       to_char(t.arrived_at, 'HH24:MI') AS arrived_at,
       to_char(t.made_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS made_at,
       to_char(t.recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded_at,
       t.sex,
       t.facts -> 'fsm' AS fsm, t.facts -> 'sen' AS sen, t.facts -> 'ehcp' AS ehcp,
       t.facts -> 'social_worker' AS social_worker, t.facts -> 'looked_after' AS looked_after,
       t.facts -> 'previously_looked_after' AS previously_looked_after, t.facts -> 'child_in_need' AS child_in_need,
       t.facts -> 'child_protection' AS child_protection, t.facts -> 'youth_offending' AS youth_offending,
       t.facts -> 'young_carer' AS young_carer, t.facts -> 'medical_condition' AS medical_condition,
       t.facts -> 'pupil_premium' AS pupil_premium, t.facts -> 'mobile_child' AS mobile_child,
       t.facts -> 'ethnicity' AS ethnicity, t.facts -> 'responsible_la' AS responsible_la,
       coalesce(w.possible, 0) AS possible, coalesce(w.attending, 0) AS attending, coalesce(w.absent, 0) AS absent,
       coalesce(w.authorised, 0) AS authorised, coalesce(w.unauthorised, 0) AS unauthorised, coalesce(w.late, 0) AS late
FROM stated t
LEFT JOIN unnest(CAST(:aged_pupils AS int[]), CAST(:aged_from AS date[]), CAST(:aged_to AS date[])) AS aged (pupil_no, first, last)
    ON aged.pupil_no = t.pupil_no
LEFT JOIN unnest(CAST(:codes AS text[]), CAST(:firsts AS date[]), CAST(:lasts AS date[]), CAST(:compulsories AS boolean[]),
                 CAST(:possibles AS int[]), CAST(:attendings AS int[]), CAST(:absents AS int[]), CAST(:authoriseds AS int[]),
                 CAST(:unauthoriseds AS int[]), CAST(:lates AS int[]))
              AS w (code, first, last, compulsory, possible, attending, absent, authorised, unauthorised, late)
    ON w.code = t.code AND t.day BETWEEN w.first AND w.last
   AND w.compulsory = coalesce(t.day BETWEEN aged.first AND aged.last, true)
WHERE CASE WHEN CAST(:restated AS boolean)
           THEN CAST(:everything AS boolean) OR t.moved_on @> t.day
                OR t.day = ANY (CAST(:whole_days AS date[])) OR t.seq > CAST(:after AS bigint)
                OR (t.state IN ('missing', 'not-due') AND t.day = ANY (CAST(:clock_days AS date[])))
           ELSE t.state <> 'closed' END
  AND (CAST(:from_day AS date) IS NULL
       OR (t.day, t.session COLLATE "C", t.id COLLATE "C")
          > (:from_day, CAST(:from_session AS text) COLLATE "C", CAST(:from_pupil AS text) COLLATE "C"))
ORDER BY t.day, t.session COLLATE "C", t.id COLLATE "C"
LIMIT CAST(:most AS int);

-- name: ages(school_id, roll_to)
-- The pupils' dates of birth as at a position.
SELECT DISTINCT ON (pupil_no) pupil_no, date_of_birth
FROM register.pupil WHERE school_id = :school_id AND seq <= :roll_to
ORDER BY pupil_no, seq DESC;
