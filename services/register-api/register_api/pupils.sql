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
WHERE i.school_id = :school_id AND i.id = :id AND i.seq <= :seq AND p.seq <= :seq
ORDER BY p.seq;

-- name: placings(school_id, id, seq)
-- What holds of one pupil from which day on, as at a position.
SELECT DISTINCT ON (d.effective_from) d.effective_from, d.year_group, d.class, CAST(d.facts AS text) AS facts
FROM register.pupil_id i
JOIN register.placing d ON d.school_id = :school_id AND d.pupil_no = i.pupil_no
WHERE i.school_id = :school_id AND i.id = :id AND d.seq <= :seq
ORDER BY d.effective_from, d.seq DESC;

-- name: on_roll(school_id, after, seq, on, classes, limit)
-- The pupils on roll on a date with the class of that date, as at a position.
SELECT i.id, i.pupil_no, d.year_group, d.class, CAST(d.facts AS text) AS facts, t.text AS body
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, id FROM register.pupil_id
      WHERE school_id = :school_id AND pupil_no > :after AND seq <= :seq ORDER BY pupil_no, seq DESC) i
JOIN LATERAL (SELECT seq, on_roll FROM register.pupil
              WHERE school_id = :school_id AND pupil_no = i.pupil_no AND seq <= :seq ORDER BY seq DESC LIMIT 1) p
    ON p.on_roll @> CAST(:on AS date)
LEFT JOIN LATERAL (SELECT year_group, class, facts FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = i.pupil_no AND seq <= :seq AND effective_from <= :on
                   ORDER BY effective_from DESC, seq DESC LIMIT 1) d ON true
JOIN ledger.text t ON t.school_id = :school_id AND t.seq = p.seq AND t.part = 'body'
WHERE CAST(:classes AS text[]) IS NULL OR d.class = ANY (CAST(:classes AS text[]))
ORDER BY i.pupil_no
LIMIT :limit;
