-- name: registers(urns)
-- The registers that these URNs stand for, each with every URN that it ever had.
SELECT asked.urn AS asked, every.school_id, array_agg(every.urn ORDER BY every.urn) AS urns
FROM register.urn asked
JOIN register.urn every ON every.school_id = asked.school_id
WHERE asked.urn = ANY (CAST(:urns AS text[]))
GROUP BY asked.urn, every.school_id;

-- name: urns(school_id)
-- Every URN that a register ever had.
SELECT urn FROM register.urn WHERE school_id = :school_id;

-- name: registered_elsewhere(school_id, seq, upns, urns)
-- The pupils whose entry, as at a position, names another school that registers them: all of them, or those who have one
-- of these UPNs and whose entry names one of these URNs.
SELECT p.pupil_no, p.upn, p.on_roll, CAST(CAST(t.text AS jsonb) -> 'registered_at' AS text) AS registered_at
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, seq, upn, on_roll FROM register.pupil
      WHERE school_id = :school_id AND seq <= :seq ORDER BY pupil_no, seq DESC) p
JOIN ledger.text t ON t.school_id = :school_id AND t.seq = p.seq AND t.part = 'body'
WHERE (CAST(:upns AS text[]) IS NULL OR p.upn = ANY (CAST(:upns AS text[])))
  AND EXISTS (SELECT FROM jsonb_array_elements(CAST(t.text AS jsonb) -> 'registered_at') AS other
              WHERE CAST(:urns AS text[]) IS NULL OR other ->> 'urn' = ANY (CAST(:urns AS text[])));

-- name: entries(school_id, pupil_nos, first, last, seq)
-- What stands for these pupils between two dates, as at a position.
SELECT DISTINCT ON (session_date, session, pupil_no) pupil_no, session_date, session, code, version, seq
FROM ledger.event
WHERE school_id = :school_id AND session_date BETWEEN :first AND :last AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
  AND seq <= :seq
ORDER BY session_date, session, pupil_no, version DESC;

-- name: year_groups(school_id, pupil_nos, seq)
-- The year groups of these pupils by the date that each holds from, as at a position.
SELECT pupil_no, array_agg((effective_from, year_group) ORDER BY effective_from, seq) AS year_groups
FROM register.placing
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[])) AND seq <= :seq
GROUP BY pupil_no;
