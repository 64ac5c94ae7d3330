-- name: changed(school_id, after, roll_after, roll_to)^
-- What changed of a school: days with marks after one position, and whether calendars or closures and policies did between two others.
SELECT
    (SELECT array_agg(DISTINCT e.session_date) FROM ledger.event e
     WHERE e.school_id = :school_id AND e.seq > :after) AS marked,
    EXISTS (SELECT FROM register.calendar c WHERE c.school_id = :school_id AND c.seq > :roll_after AND c.seq <= :roll_to)
    OR EXISTS (SELECT FROM register.closure c
               WHERE c.school_id = :school_id AND c.seq > :roll_after AND c.seq <= :roll_to) AS days_changed,
    EXISTS (SELECT FROM register.policy p
            WHERE p.school_id = :school_id AND p.seq > :roll_after AND p.seq <= :roll_to) AS policy_changed;

-- name: moved(school_id, roll_after, roll_to)
-- Each pupil of whom something changed between two positions, and the days that it is about: those on roll then or
-- now and not both, all of them where more than that has changed, and from a placing that is new to the one after it.
WITH versions AS (
    SELECT DISTINCT ON (pupil_no) pupil_no, seq, on_roll, (date_of_birth, boarder, upn, sex, enrolment_status) AS facts
    FROM register.pupil WHERE school_id = :school_id AND seq <= :roll_to
    ORDER BY pupil_no, seq DESC
), enrolled AS (
    SELECT n.pupil_no,
           CASE WHEN b.facts = n.facts THEN n.on_roll + b.on_roll - n.on_roll * b.on_roll
                ELSE n.on_roll + coalesce(b.on_roll, '{}') END AS days
    FROM versions n
    LEFT JOIN LATERAL (SELECT on_roll, (date_of_birth, boarder, upn, sex, enrolment_status) AS facts
                       FROM register.pupil
                       WHERE school_id = :school_id AND pupil_no = n.pupil_no AND seq <= :roll_after
                       ORDER BY seq DESC LIMIT 1) b ON true
    WHERE n.seq > :roll_after
), placed AS (
    SELECT p.pupil_no,
           datemultirange(daterange(p.effective_from,
                                    (SELECT min(next.effective_from) FROM register.placing next
                                     WHERE next.school_id = :school_id AND next.pupil_no = p.pupil_no
                                       AND next.effective_from > p.effective_from AND next.seq <= :roll_to))) AS days
    FROM register.placing p
    LEFT JOIN LATERAL (SELECT stood.year_group, stood.class, stood.facts FROM register.placing stood
                       WHERE stood.school_id = :school_id AND stood.pupil_no = p.pupil_no
                         AND stood.effective_from <= p.effective_from AND stood.seq <= :roll_after
                       ORDER BY stood.effective_from DESC, stood.seq DESC LIMIT 1) stood ON true
    WHERE p.school_id = :school_id AND p.seq > :roll_after AND p.seq <= :roll_to
      AND (p.year_group, p.class, p.facts) IS DISTINCT FROM (stood.year_group, stood.class, stood.facts)
), named AS (
    SELECT DISTINCT pupil_no, datemultirange(daterange(NULL, NULL)) AS days
    FROM register.pupil_id WHERE school_id = :school_id AND seq > :roll_after AND seq <= :roll_to
)
SELECT pupil_no, range_agg(days) AS days
FROM (SELECT * FROM enrolled UNION ALL SELECT * FROM placed UNION ALL SELECT * FROM named) AS about
GROUP BY pupil_no;
