-- name: standing(school_id, ids)
-- The entries of the admission register that stand for some ids.
SELECT i.id, i.pupil_no, t.text AS body
FROM register.pupil_id i
JOIN LATERAL (SELECT seq FROM register.pupil
              WHERE school_id = :school_id AND pupil_no = i.pupil_no ORDER BY seq DESC LIMIT 1) p ON true
JOIN ledger.text t ON t.school_id = :school_id AND t.seq = p.seq AND t.part = 'body'
WHERE i.school_id = :school_id AND i.id = ANY (CAST(:ids AS text[]));

-- name: upns(school_id, upns)
-- Which pupils of the school have these UPNs now.
SELECT p.upn, i.id
FROM register.pupil p
JOIN register.pupil_id i ON i.school_id = p.school_id AND i.pupil_no = p.pupil_no
WHERE p.school_id = :school_id AND p.upn = ANY (CAST(:upns AS text[]))
  AND NOT EXISTS (SELECT FROM register.pupil later
                  WHERE later.school_id = p.school_id AND later.pupil_no = p.pupil_no AND later.seq > p.seq);

-- name: last_pupil_no(school_id)$
-- The greatest number that the register has given to a pupil, whether the pupil is still in it or not.
SELECT coalesce(max(CAST(split_part(subject, ':', 2) AS int)), 0)
FROM ledger.change
WHERE school_id = :school_id AND kind = 'roll-changed';

-- name: add_pupils(school_id, new_ids, new_nos, new_seqs, nos, seqs, dates_of_birth, boarders, upns, sexes, statuses, on_roll, effective_froms, year_groups, classes, facts)!
-- What changes said of pupils: new ids, what is true of them at all, and what is true from a date on.
WITH new_ids AS (
    INSERT INTO register.pupil_id (school_id, id, pupil_no, seq)
    SELECT CAST(:school_id AS int), *
    FROM unnest(CAST(:new_ids AS text[]), CAST(:new_nos AS int[]), CAST(:new_seqs AS bigint[]))
), pupils AS (
    INSERT INTO register.pupil (school_id, pupil_no, seq, date_of_birth, boarder, upn, sex, enrolment_status, on_roll)
    SELECT :school_id, no, seq, date_of_birth, boarder, upn, sex, status, CAST(on_roll AS datemultirange)
    FROM unnest(CAST(:nos AS int[]), CAST(:seqs AS bigint[]), CAST(:dates_of_birth AS date[]), CAST(:boarders AS boolean[]),
                CAST(:upns AS text[]), CAST(:sexes AS text[]), CAST(:statuses AS text[]), CAST(:on_roll AS text[]))
             AS p (no, seq, date_of_birth, boarder, upn, sex, status, on_roll)
)
INSERT INTO register.placing (school_id, pupil_no, effective_from, seq, year_group, class, facts)
SELECT :school_id, no, effective_from, seq, year_group, class, CAST(facts AS jsonb)
FROM unnest(CAST(:nos AS int[]), CAST(:effective_froms AS date[]), CAST(:seqs AS bigint[]), CAST(:year_groups AS text[]),
            CAST(:classes AS text[]), CAST(:facts AS text[])) AS p (no, effective_from, seq, year_group, class, facts);

-- name: history(school_id, id, seq)
-- Every change of one pupil's entry up to a position.
SELECT p.seq, c.made_at, c.recorded_at, s.name, s.position, w.client_id, b.text AS body, r.text AS reason
FROM register.pupil_id i
JOIN register.pupil p ON p.school_id = i.school_id AND p.pupil_no = i.pupil_no
JOIN ledger.change c ON c.school_id = p.school_id AND c.seq = p.seq
JOIN ledger.client w ON w.school_id = c.school_id AND w.no = c.client_no
JOIN ledger.text b ON b.school_id = c.school_id AND b.seq = c.seq AND b.part = 'body'
LEFT JOIN ledger.text r ON r.school_id = c.school_id AND r.seq = c.seq AND r.part = 'reason'
LEFT JOIN ledger.staff s ON s.school_id = c.school_id AND s.no = c.staff_no
WHERE i.school_id = :school_id AND i.id = :id AND p.seq <= :seq
ORDER BY p.seq;

-- name: on_roll(school_id, after, seq, on, classes, limit)
-- The pupils on roll on a date with the class of that date, as at a position.
SELECT i.id, i.pupil_no, d.year_group, d.class, t.text AS body
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, id FROM register.pupil_id
      WHERE school_id = :school_id AND pupil_no > :after AND seq <= :seq ORDER BY pupil_no, seq DESC) i
JOIN LATERAL (SELECT seq, on_roll FROM register.pupil
              WHERE school_id = :school_id AND pupil_no = i.pupil_no AND seq <= :seq ORDER BY seq DESC LIMIT 1) p
    ON p.on_roll @> CAST(:on AS date)
LEFT JOIN LATERAL (SELECT year_group, class FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = i.pupil_no AND seq <= :seq AND effective_from <= :on
                   ORDER BY effective_from DESC, seq DESC LIMIT 1) d ON true
JOIN ledger.text t ON t.school_id = :school_id AND t.seq = p.seq AND t.part = 'body'
WHERE CAST(:classes AS text[]) IS NULL OR d.class = ANY (CAST(:classes AS text[]))
ORDER BY i.pupil_no
LIMIT :limit;
