-- name: texts(school_id, seqs, parts)
-- Some texts: of which kind of change (null: an entry), the act that removed it, and whether a later entry of the
-- admission register, or of an absence known ahead, has replaced a body. A text that was never there is left out.
SELECT t.seq, t.part, c.kind, t.text IS NULL AS is_gone, act.seq AS act,
       c.kind = 'roll-changed' AND EXISTS (
           SELECT FROM register.pupil later
           WHERE later.school_id = :school_id AND later.pupil_no = CAST(split_part(c.subject, ':', 2) AS int)
             AND later.seq > c.seq)
       OR EXISTS (SELECT FROM register.planned_absence said
                  JOIN register.planned_absence later ON later.school_id = said.school_id AND later.id = said.id
                                                     AND later.seq > said.seq
                  WHERE said.school_id = :school_id AND said.seq = c.seq) AS is_replaced
FROM unnest(CAST(:seqs AS bigint[]), CAST(:parts AS text[])) AS wanted (seq, part)
JOIN ledger.text t ON t.school_id = :school_id AND t.seq = wanted.seq AND t.part = wanted.part
LEFT JOIN ledger.change c ON c.school_id = :school_id AND c.seq = t.seq
LEFT JOIN ledger.change act ON act.school_id = :school_id AND act.kind = 'text-redacted'
                           AND act.subject = 'text:' || t.seq || '/' || t.part;

-- name: redact(school_id, seqs, parts)!
-- Remove texts whose acts have been appended.
SELECT ledger.redact(CAST(:school_id AS int), seq, part) FROM unnest(CAST(:seqs AS bigint[]), CAST(:parts AS text[])) AS gone (seq, part);

-- name: acts(school_id, seq, before, limit)
-- The acts of redaction as at a position, newest first.
SELECT a.seq, a.subject, a.made_at, a.recorded_at, s.name, s.position, c.client_id, why.text AS reason
FROM ledger.change a
JOIN ledger.staff s ON s.school_id = a.school_id AND s.no = a.staff_no
JOIN ledger.client c ON c.school_id = a.school_id AND c.no = a.client_no
JOIN ledger.text why ON why.school_id = a.school_id AND why.seq = a.seq AND why.part = 'reason'
WHERE a.school_id = :school_id AND a.kind = 'text-redacted' AND a.seq <= :seq
  AND a.seq < coalesce(CAST(:before AS bigint), a.seq + 1)
ORDER BY a.seq DESC
LIMIT :limit;
