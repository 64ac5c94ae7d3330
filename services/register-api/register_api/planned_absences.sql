-- name: latest(school_id, id)^
-- What stands under an id, and of whom.
SELECT p.seq, p.pupil_no, t.text AS body
FROM register.planned_absence p
JOIN ledger.text t ON t.school_id = p.school_id AND t.seq = p.seq AND t.part = 'body'
WHERE p.school_id = :school_id AND p.id = :id
ORDER BY p.seq DESC
LIMIT 1;

-- name: history(school_id, id, seq)
-- Every change under an id up to a position, with the year group that its pupil has on the first day.
SELECT p.*, c.made_at, c.recorded_at, c.staff_no, s.name, s.position, w.client_id, b.text AS body, r.text AS reason,
       d.year_group
FROM register.planned_absence p
JOIN ledger.change c ON c.school_id = p.school_id AND c.seq = p.seq
JOIN ledger.client w ON w.school_id = c.school_id AND w.no = c.client_no
JOIN ledger.text b ON b.school_id = c.school_id AND b.seq = c.seq AND b.part = 'body'
LEFT JOIN ledger.text r ON r.school_id = c.school_id AND r.seq = c.seq AND r.part = 'reason'
LEFT JOIN ledger.staff s ON s.school_id = c.school_id AND s.no = c.staff_no
LEFT JOIN LATERAL (SELECT year_group FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = p.pupil_no AND seq <= :seq
                     AND effective_from <= p.asked_first_date
                   ORDER BY effective_from DESC, seq DESC LIMIT 1) d ON true
WHERE p.school_id = :school_id AND p.id = :id AND p.seq <= :seq
ORDER BY p.seq;

-- name: listed(school_id, seq, before, pupil_nos, kinds, outcomes, first, last, limit)
-- Absences known ahead that meet every filter given, as they stood at a position, the one changed last first.
SELECT p.*, c.made_at, c.recorded_at, c.staff_no, s.name, s.position, w.client_id, b.text AS body, r.text AS reason
FROM register.planned_absence p
JOIN ledger.change c ON c.school_id = p.school_id AND c.seq = p.seq
JOIN ledger.client w ON w.school_id = c.school_id AND w.no = c.client_no
JOIN ledger.text b ON b.school_id = c.school_id AND b.seq = c.seq AND b.part = 'body'
LEFT JOIN ledger.text r ON r.school_id = c.school_id AND r.seq = c.seq AND r.part = 'reason'
LEFT JOIN ledger.staff s ON s.school_id = c.school_id AND s.no = c.staff_no
WHERE p.school_id = :school_id AND p.seq <= :seq AND p.seq < coalesce(CAST(:before AS bigint), CAST(:seq AS bigint) + 1)
  AND (CAST(:pupil_nos AS int[]) IS NULL OR p.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND (CAST(:kinds AS text[]) IS NULL OR p.kind = ANY (CAST(:kinds AS text[])))
  AND (CAST(:outcomes AS text[]) IS NULL OR p.outcome = ANY (CAST(:outcomes AS text[])))
  AND (CAST(:first AS date) IS NULL OR coalesce(p.asked_last_date, date 'infinity') >= :first)
  AND (CAST(:last AS date) IS NULL OR p.asked_first_date <= :last)
  AND NOT EXISTS (SELECT FROM register.planned_absence later
                  WHERE later.school_id = :school_id AND later.id = p.id AND later.seq > p.seq AND later.seq <= :seq)
ORDER BY p.seq DESC
LIMIT :limit;
