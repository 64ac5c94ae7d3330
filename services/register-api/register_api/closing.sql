-- name: standing(school_id, days, sessions, by_system)
-- The entries that stand in some sessions, with the MIS's id of each pupil; or those only that a closure had a hand in.
SELECT i.id AS pupil, e.pupil_no, e.session_date, e.session, e.version, e.code, e.arrived_at
FROM (SELECT DISTINCT ON (session_date, session, pupil_no) pupil_no, session_date, session, version, code, arrived_at
      FROM ledger.event
      WHERE school_id = :school_id AND session_date = ANY (CAST(:days AS date[]))
        AND (session_date, session) IN (SELECT * FROM unnest(CAST(:days AS date[]), CAST(:sessions AS text[])))
      ORDER BY session_date, session, pupil_no, version DESC) e
JOIN LATERAL (SELECT id FROM register.pupil_id
              WHERE school_id = :school_id AND pupil_no = e.pupil_no ORDER BY seq DESC LIMIT 1) i ON true
WHERE CAST(:by_system AS text) IS NULL
   OR EXISTS (SELECT FROM ledger.event own
              JOIN ledger.text t ON t.school_id = own.school_id AND t.seq = own.seq AND t.part = 'by-system'
              WHERE own.school_id = :school_id AND own.session_date = e.session_date AND own.session = e.session
                AND own.pupil_no = e.pupil_no AND t.text = :by_system)
ORDER BY e.session_date, e.session, i.id;
