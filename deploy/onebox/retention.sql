-- name: schools(today)
-- Every register, under its latest URN, with the policy that holds and how far it has been sealed.
SELECT h.school_id,
       coalesce((SELECT f.urn FROM register.school_facts f WHERE f.school_id = h.school_id ORDER BY f.seq DESC LIMIT 1),
                (SELECT min(u.urn) FROM register.urn u WHERE u.school_id = h.school_id)) AS urn,
       (SELECT p.body FROM register.policy p WHERE p.school_id = h.school_id AND p.effective_from <= :today
        ORDER BY p.effective_from DESC, p.seq DESC LIMIT 1) AS policy,
       coalesce(s.seq, 0) AS sealed
FROM ledger.head h
LEFT JOIN ledger.sealed s ON s.school_id = h.school_id
ORDER BY h.school_id;

-- name: counted(school_id, first, last)$
-- How many entries, with all their versions, a school has in a year.
SELECT count(*) FROM ledger.event WHERE school_id = :school_id AND session_date BETWEEN :first AND :last;

-- name: going(school_id, first, last, before)
-- The positions of what goes of a school's year.
SELECT e.seq
FROM ledger.judged(:first, :last, ARRAY[CAST(:school_id AS int)], ARRAY[CAST(:before AS timestamptz)]) AS j
JOIN ledger.event e ON e.school_id = :school_id AND e.session_date = j.session_date AND e.session = j.session
                   AND e.pupil_no = j.pupil_no
WHERE j.goes
ORDER BY e.seq;

-- name: staying(school_id, first, last, before)
-- What stays of a school's year, entry by entry, each with the version that it stays for and the hold on it.
SELECT coalesce(i.id, CAST(j.pupil_no AS text)) AS pupil, j.session_date, j.session, j.seq, e.version, j.counts_from, j.hold_no
FROM ledger.judged(:first, :last, ARRAY[CAST(:school_id AS int)], ARRAY[CAST(:before AS timestamptz)]) AS j
JOIN ledger.event e ON e.school_id = :school_id AND e.session_date = j.session_date AND e.session = j.session
                   AND e.pupil_no = j.pupil_no AND e.seq = j.seq
LEFT JOIN LATERAL (SELECT id FROM register.pupil_id
                   WHERE school_id = :school_id AND pupil_no = j.pupil_no ORDER BY seq DESC LIMIT 1) i ON true
WHERE NOT j.goes
ORDER BY j.session_date, j.session, j.pupil_no;

-- name: texts(school_id, seqs)$
-- How many texts go with some events.
SELECT count(*) FROM ledger.text WHERE school_id = :school_id AND seq = ANY (CAST(:seqs AS bigint[])) AND text IS NOT NULL;

-- name: leaving(school_id, today, before, going)
-- The pupils of whom nothing must be kept: no entry but what goes, no longer on roll, under no hold, and nothing stated
-- of them in the admission register, or of absence known ahead, since an instant.
SELECT p.pupil_no
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, on_roll FROM register.pupil
      WHERE school_id = :school_id ORDER BY pupil_no, seq DESC) AS p
WHERE (isempty(p.on_roll) OR (NOT upper_inf(p.on_roll) AND upper(p.on_roll) <= CAST(:today AS date)))
  AND NOT EXISTS (SELECT FROM register.standing_hold h
                  WHERE h.school_id = :school_id AND (h.pupil_no IS NULL OR h.pupil_no = p.pupil_no))
  AND NOT EXISTS (SELECT FROM ledger.change c
                  WHERE c.school_id = :school_id AND c.kind = 'roll-changed'
                    AND CAST(split_part(c.subject, ':', 2) AS int) = p.pupil_no
                    AND greatest(c.made_at, c.recorded_at) >= :before)
  AND NOT EXISTS (SELECT FROM register.planned_absence a
                  JOIN ledger.change c ON c.school_id = :school_id AND c.seq = a.seq
                  WHERE a.school_id = :school_id AND a.pupil_no = p.pupil_no
                    AND greatest(c.made_at, c.recorded_at) >= :before)
  AND NOT EXISTS (SELECT FROM ledger.event e
                  WHERE e.school_id = :school_id AND e.pupil_no = p.pupil_no AND e.seq <> ALL (CAST(:going AS bigint[])))
ORDER BY p.pupil_no;
