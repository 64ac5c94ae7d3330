-- name: standing(school_id, ids)
-- The entries of the admission register that stand for some ids, each with the newest id of its pupil and with what holds
-- from which day on.
SELECT asked.id AS asked, asked.pupil_no, newest.id, t.text AS body,
       (SELECT array_agg((d.effective_from, d.year_group, d.class, CAST(d.facts AS text)))
        FROM (SELECT DISTINCT ON (effective_from) effective_from, year_group, class, facts FROM register.placing
              WHERE school_id = :school_id AND pupil_no = asked.pupil_no ORDER BY effective_from, seq DESC) d) AS placings
FROM register.pupil_id asked
JOIN LATERAL (SELECT id FROM register.pupil_id
              WHERE school_id = :school_id AND pupil_no = asked.pupil_no ORDER BY seq DESC LIMIT 1) newest ON true
JOIN LATERAL (SELECT seq FROM register.pupil
              WHERE school_id = :school_id AND pupil_no = asked.pupil_no ORDER BY seq DESC LIMIT 1) p ON true
JOIN ledger.text t ON t.school_id = :school_id AND t.seq = p.seq AND t.part = 'body'
WHERE asked.school_id = :school_id AND asked.id = ANY (CAST(:ids AS text[]));

-- name: upns(school_id, upns)
-- Which pupils of the school have these UPNs now, by their newest ids.
SELECT DISTINCT ON (p.pupil_no) p.upn, p.pupil_no, i.id
FROM register.pupil p
JOIN register.pupil_id i ON i.school_id = p.school_id AND i.pupil_no = p.pupil_no
WHERE p.school_id = :school_id AND p.upn = ANY (CAST(:upns AS text[]))
  AND NOT EXISTS (SELECT FROM register.pupil later
                  WHERE later.school_id = p.school_id AND later.pupil_no = p.pupil_no AND later.seq > p.seq)
ORDER BY p.pupil_no, i.seq DESC;

-- name: last_pupil_no(school_id)$
-- The greatest number that the register has given to a pupil, whether the pupil is still in it or not.
SELECT coalesce(max(CAST(split_part(subject, ':', 2) AS int)), 0)
FROM ledger.change
WHERE school_id = :school_id AND kind = 'roll-changed';

-- name: add_pupils(school_id, new_ids, new_nos, new_seqs, nos, seqs, dates_of_birth, boarders, upns, sexes, statuses, on_roll, effective_froms, year_groups, classes, facts)!
-- What changes said of pupils: new ids, what is true of them at all, what is true from a date on, and which authorities they name.
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
), responsible AS (
    INSERT INTO register.responsible (la_code, school_id)
    SELECT DISTINCT CAST(facts AS jsonb) ->> 'responsible_la', CAST(:school_id AS int)
    FROM unnest(CAST(:facts AS text[])) AS p (facts)
    WHERE CAST(facts AS jsonb) ->> 'responsible_la' IS NOT NULL
    ON CONFLICT DO NOTHING
)
INSERT INTO register.placing (school_id, pupil_no, effective_from, seq, year_group, class, facts)
SELECT :school_id, no, effective_from, seq, year_group, class, CAST(facts AS jsonb)
FROM unnest(CAST(:nos AS int[]), CAST(:effective_froms AS date[]), CAST(:seqs AS bigint[]), CAST(:year_groups AS text[]),
            CAST(:classes AS text[]), CAST(:facts AS text[])) AS p (no, effective_from, seq, year_group, class, facts);
