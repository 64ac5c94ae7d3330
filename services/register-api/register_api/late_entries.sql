-- name: late_entries(school_id, seq, before, first, last, days, sessions, closes, earliest, own_days, own_sessions, own_year_groups, own_closes, late_min, sources, pupil_nos, staff_nos, clients, codes, limit)
-- First entries that were recorded so many minutes after the register of the pupil's year group had closed, newest first.
-- A sitting has the closing that holds for most and the earliest of all, by which most entries fall out; year groups with
-- another closing have their own.
SELECT e.pupil_no, e.session_date, e.session, e.code, e.made_at, e.recorded_at, e.staff_no, s.name, s.position, c.client_id,
       e.seq, e.source, closing.at AS closed_at, stands.code AS current_entry
FROM unnest(CAST(:days AS date[]), CAST(:sessions AS text[]), CAST(:closes AS timestamptz[]), CAST(:earliest AS timestamptz[]))
         AS sitting (day, session, closes, earliest)
JOIN ledger.event e ON e.school_id = :school_id AND e.session_date = sitting.day AND e.session = sitting.session
                   AND e.recorded_at >= sitting.earliest
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN LATERAL (SELECT year_group FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = e.pupil_no AND seq <= :seq AND effective_from <= e.session_date
                   ORDER BY effective_from DESC, seq DESC LIMIT 1) placed ON true
LEFT JOIN unnest(CAST(:own_days AS date[]), CAST(:own_sessions AS text[]), CAST(:own_year_groups AS text[]),
                 CAST(:own_closes AS timestamptz[])) AS own (day, session, year_group, closes)
    ON own.day = e.session_date AND own.session = e.session AND own.year_group = placed.year_group
CROSS JOIN LATERAL (SELECT coalesce(own.closes, sitting.closes) AS at) closing
CROSS JOIN LATERAL (SELECT code FROM ledger.event
                    WHERE school_id = :school_id AND session_date = e.session_date AND session = e.session
                      AND pupil_no = e.pupil_no AND seq <= :seq
                    ORDER BY version DESC LIMIT 1) stands
WHERE e.version = 1 AND e.seq <= :seq AND e.seq < coalesce(CAST(:before AS bigint), e.seq + 1)
  AND e.session_date BETWEEN :first AND :last
  AND e.recorded_at >= closing.at + make_interval(mins => CAST(:late_min AS int))
  AND e.source = ANY (CAST(:sources AS text[]))
  AND (CAST(:pupil_nos AS int[]) IS NULL OR e.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND (CAST(:staff_nos AS int[]) IS NULL OR e.staff_no = ANY (CAST(:staff_nos AS int[])))
  AND (CAST(:clients AS text[]) IS NULL OR c.client_id = ANY (CAST(:clients AS text[])))
  AND (CAST(:codes AS text[]) IS NULL OR e.code = ANY (CAST(:codes AS text[])))
ORDER BY e.seq DESC
LIMIT :limit;
