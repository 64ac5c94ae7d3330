-- name: roll_changes(school_id, seq, before, subjects, staff_nos, clients, members, made_from, made_before, recorded_from, recorded_before, limit)
-- Changes of the admission register that meet every filter given, newest first, each with the entry that it replaced.
-- Where a text was removed nobody can say which members differed, so no filter by member leaves the change out.
SELECT c.seq, p.pupil_no, c.made_at, c.recorded_at, c.staff_no, s.name, s.position, w.client_id,
       reason.seq IS NOT NULL AS has_reason, reason.text AS reason, b.text AS body,
       earlier.seq AS earlier_seq, o.text AS earlier_body
FROM ledger.change c
JOIN ledger.client w ON w.school_id = c.school_id AND w.no = c.client_no
JOIN ledger.text b ON b.school_id = c.school_id AND b.seq = c.seq AND b.part = 'body'
LEFT JOIN ledger.text reason ON reason.school_id = c.school_id AND reason.seq = c.seq AND reason.part = 'reason'
LEFT JOIN ledger.staff s ON s.school_id = c.school_id AND s.no = c.staff_no
CROSS JOIN LATERAL (SELECT CAST(substr(c.subject, length('pupil:') + 1) AS int) AS pupil_no) p
LEFT JOIN LATERAL (SELECT seq FROM register.pupil
                   WHERE school_id = :school_id AND pupil_no = p.pupil_no AND seq < c.seq
                   ORDER BY seq DESC LIMIT 1) earlier ON true
LEFT JOIN ledger.text o ON o.school_id = :school_id AND o.seq = earlier.seq AND o.part = 'body'
WHERE c.school_id = :school_id AND c.kind = 'roll-changed'
  AND c.seq <= :seq AND c.seq < coalesce(CAST(:before AS bigint), c.seq + 1)
  AND (CAST(:subjects AS text[]) IS NULL OR c.subject = ANY (CAST(:subjects AS text[])))
  AND (CAST(:staff_nos AS int[]) IS NULL OR c.staff_no = ANY (CAST(:staff_nos AS int[])))
  AND (CAST(:clients AS text[]) IS NULL OR w.client_id = ANY (CAST(:clients AS text[])))
  AND (CAST(:made_from AS timestamptz) IS NULL OR c.made_at >= :made_from)
  AND (CAST(:made_before AS timestamptz) IS NULL OR c.made_at < :made_before)
  AND (CAST(:recorded_from AS timestamptz) IS NULL OR c.recorded_at >= :recorded_from)
  AND (CAST(:recorded_before AS timestamptz) IS NULL OR c.recorded_at < :recorded_before)
  AND (CAST(:members AS text[]) IS NULL
       OR b.text IS NULL OR (earlier.seq IS NOT NULL AND o.text IS NULL)
       OR EXISTS (SELECT FROM unnest(CAST(:members AS text[])) AS wanted (path)
                  WHERE nullif(CAST(b.text AS jsonb) #> string_to_array(wanted.path, '/'), 'null')
                        IS DISTINCT FROM nullif(CAST(o.text AS jsonb) #> string_to_array(wanted.path, '/'), 'null')))
ORDER BY c.seq DESC
LIMIT :limit;
