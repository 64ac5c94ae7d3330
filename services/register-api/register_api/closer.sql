-- name: add_due(school_id, seq, days, sessions, opens_ats)!
-- Sessions of a closure whose entries are to be made, and from when on they may be.
INSERT INTO register.closure_due (school_id, seq, session_date, session, opens_at)
SELECT :school_id, :seq, * FROM unnest(CAST(:days AS date[]), CAST(:sessions AS text[]), CAST(:opens_ats AS timestamptz[]))
ON CONFLICT DO NOTHING;

-- name: seqs(school_id)
-- The change that made each closure.
SELECT id, min(seq) AS seq FROM register.closure WHERE school_id = :school_id GROUP BY id;

-- name: schools(now)
-- The schools in which registers have opened that a closure has still to be entered in.
SELECT DISTINCT school_id FROM register.closure_due WHERE opens_at <= :now ORDER BY school_id;

-- name: overdue(before)$
-- How many sessions should have been entered before an instant.
SELECT count(*) FROM register.closure_due WHERE opens_at <= :before;

-- name: due(school_id, now, most)
-- The sessions of one school that may be entered, the oldest first.
SELECT d.seq, d.session_date, d.session, c.id
FROM register.closure_due d
JOIN register.closure c ON c.school_id = d.school_id AND c.seq = d.seq
WHERE d.school_id = :school_id AND d.opens_at <= :now
ORDER BY d.session_date, d.session, d.seq
LIMIT :most;

-- name: made(school_id, seq)^
-- Who made a closure, and through which client.
SELECT s.name, s.position, w.client_id
FROM ledger.change c
JOIN ledger.staff s ON s.school_id = c.school_id AND s.no = c.staff_no
JOIN ledger.client w ON w.school_id = c.school_id AND w.no = c.client_no
WHERE c.school_id = :school_id AND c.seq = :seq;

-- name: without_entry(school_id, on, session, everyone, pupils, classes, year_groups)
-- Pupils on roll who have no entry in a session: everybody, or, of a part, those who are selected as they are placed that day.
SELECT p.pupil_no, p.date_of_birth, p.on_roll, p.boarder, d.year_group
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, date_of_birth, on_roll, boarder
      FROM register.pupil WHERE school_id = :school_id ORDER BY pupil_no, seq DESC) p
LEFT JOIN LATERAL (SELECT year_group, class FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = p.pupil_no AND effective_from <= :on
                   ORDER BY effective_from DESC, seq DESC LIMIT 1) d ON true
WHERE p.on_roll @> CAST(:on AS date) AND NOT p.boarder
  AND NOT EXISTS (SELECT FROM ledger.event e
                  WHERE e.school_id = :school_id AND e.session_date = :on AND e.session = :session AND e.pupil_no = p.pupil_no)
  AND (CAST(:everyone AS boolean) OR (
       d.class = ANY (CAST(:classes AS text[])) OR d.year_group = ANY (CAST(:year_groups AS text[]))
       OR EXISTS (SELECT FROM register.pupil_id i
                  WHERE i.school_id = :school_id AND i.pupil_no = p.pupil_no AND i.id = ANY (CAST(:pupils AS text[])))))
ORDER BY p.pupil_no;

-- name: entered(school_id, seq, days, sessions)!
-- These sessions need not be looked at again.
DELETE FROM register.closure_due
WHERE school_id = :school_id AND seq = :seq
  AND (session_date, session) IN (SELECT * FROM unnest(CAST(:days AS date[]), CAST(:sessions AS text[])));
