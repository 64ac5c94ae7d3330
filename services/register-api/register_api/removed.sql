-- name: removed(school_id, seqs)
-- What was removed from some events, and by which acts.
SELECT t.seq, t.part, act.seq AS act, act.made_at, s.name, s.position
FROM ledger.text t
JOIN ledger.change act ON act.school_id = :school_id AND act.kind = 'text-redacted'
                      AND act.subject = 'text:' || t.seq || '/' || t.part
JOIN ledger.staff s ON s.school_id = :school_id AND s.no = act.staff_no
WHERE t.school_id = :school_id AND t.seq = ANY (CAST(:seqs AS bigint[])) AND t.text IS NULL
ORDER BY t.seq, act.seq;
