-- name: late_entries(school_id, seq, before, first, last, earliest, closes, year_groups, late_min, sources, pupil_nos, staff_nos, clients, codes, limit)
-- First entries that were recorded so many minutes after the register of the pupil's year group had closed, newest first.
-- Closings are looked up by their place, morning and afternoon from the first day on: in `earliest` that of whoever closes
-- first, by which most entries fall out; in `closes` one for everybody else, then one for each of `year_groups`.
WITH late AS (
    SELECT e.pupil_no, e.session_date, e.session, e.code, e.made_at, e.recorded_at, e.staff_no, e.client_no, e.seq, e.source,
           closing.at AS closed_at
    FROM ledger.event e
    CROSS JOIN LATERAL (SELECT 2 * (e.session_date - CAST(:first AS date))
                               + CASE e.session WHEN 'AM' THEN 0 ELSE 1 END AS place) sitting
    LEFT JOIN LATERAL (SELECT year_group FROM register.placing
                       WHERE cardinality(CAST(:year_groups AS text[])) > 0 AND school_id = :school_id
                         AND pupil_no = e.pupil_no AND seq <= :seq AND effective_from <= e.session_date
                       ORDER BY effective_from DESC, seq DESC LIMIT 1) placed ON true
    CROSS JOIN LATERAL (SELECT (CAST(:closes AS timestamptz[]))
                               [sitting.place * (1 + cardinality(CAST(:year_groups AS text[]))) + 1
                                + coalesce(array_position(CAST(:year_groups AS text[]), placed.year_group), 0)] AS at) closing
    WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last AND e.version = 1
      AND e.seq <= :seq AND e.seq < coalesce(CAST(:before AS bigint), e.seq + 1)
      AND e.recorded_at >= (CAST(:earliest AS timestamptz[]))[sitting.place + 1]
      AND e.recorded_at >= closing.at + make_interval(mins => CAST(:late_min AS int))
      AND e.source = ANY (CAST(:sources AS text[]))
      AND (CAST(:pupil_nos AS int[]) IS NULL OR e.pupil_no = ANY (CAST(:pupil_nos AS int[])))
      AND (CAST(:staff_nos AS int[]) IS NULL OR e.staff_no = ANY (CAST(:staff_nos AS int[])))
      AND (CAST(:clients AS text[]) IS NULL
           OR e.client_no = ANY (ARRAY(SELECT no FROM ledger.client
                                       WHERE school_id = :school_id AND client_id = ANY (CAST(:clients AS text[])))))
      AND (CAST(:codes AS text[]) IS NULL OR e.code = ANY (CAST(:codes AS text[])))
    ORDER BY e.seq DESC
    LIMIT :limit
)
SELECT late.*, s.name, s.position, c.client_id, stands.code AS current_entry
FROM late
JOIN ledger.staff s ON s.school_id = :school_id AND s.no = late.staff_no
JOIN ledger.client c ON c.school_id = :school_id AND c.no = late.client_no
CROSS JOIN LATERAL (SELECT code FROM ledger.event
                    WHERE school_id = :school_id AND session_date = late.session_date AND session = late.session
                      AND pupil_no = late.pupil_no AND seq <= :seq
                    ORDER BY version DESC LIMIT 1) stands
ORDER BY late.seq DESC;
