-- name: about(school_id, pupil_no, first, last, pupil, absence, calendar, year, up_to)
-- The position of every event that evidence of a pupil and year is made of: the entries, and the changes that say who the
-- pupil is and which absence was known ahead, which sessions there were, when registers opened and closed, whose register it
-- is, and that a year was let go.
SELECT e.seq FROM ledger.event e
WHERE e.school_id = :school_id AND e.pupil_no = :pupil_no AND e.session_date BETWEEN :first AND :last AND e.seq <= :up_to
UNION ALL
SELECT c.seq FROM ledger.change c
WHERE c.school_id = :school_id AND c.seq <= :up_to
  AND c.subject IN (CAST(:pupil AS text), CAST(:absence AS text), CAST(:calendar AS text), CAST(:year AS text), 'policy', 'school')
ORDER BY seq;

-- name: acts(school_id, subjects)
-- The changes about some subjects, up to now.
SELECT seq, subject FROM ledger.change
WHERE school_id = :school_id AND kind = 'text-redacted' AND subject = ANY (CAST(:subjects AS text[]))
ORDER BY seq;

-- name: first_covered(school_id, seqs)
-- The first checkpoint that covers each of some events.
SELECT wanted.seq, c.size, c.at
FROM unnest(CAST(:seqs AS bigint[])) AS wanted (seq)
JOIN LATERAL (SELECT s.checkpoint FROM ledger.seal s
              WHERE s.school_id = :school_id AND s.seq >= wanted.seq ORDER BY s.seq LIMIT 1) first ON true
JOIN ledger.checkpoint c ON c.size = first.checkpoint;

-- name: contents(school_id)
-- How many events there are about each subject as far as the register is sealed, in the order of the tree over them.
SELECT subject, events, key, leaf FROM ledger.contents WHERE school_id = :school_id ORDER BY subject;

-- name: sealed_seq(school_id)$
-- How far the register is sealed.
SELECT seq FROM ledger.sealed WHERE school_id = :school_id;
