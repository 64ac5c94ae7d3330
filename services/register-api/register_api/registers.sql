-- name: required(on, school_id, seq, classes)
-- Every pupil the register knows, with the class and year group of a date and whether the date is one on roll, as at a position.
SELECT i.id, i.pupil_no, d.class, d.year_group, p.boarder, p.on_roll @> CAST(:on AS date) AS is_on_roll
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, id FROM register.pupil_id
      WHERE school_id = :school_id AND seq <= :seq ORDER BY pupil_no, seq DESC) i
JOIN LATERAL (SELECT on_roll, boarder FROM register.pupil
              WHERE school_id = :school_id AND pupil_no = i.pupil_no AND seq <= :seq ORDER BY seq DESC LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT year_group, class FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = i.pupil_no AND seq <= :seq AND effective_from <= :on
                   ORDER BY effective_from DESC, seq DESC LIMIT 1) d ON true
WHERE CAST(:classes AS text[]) IS NULL OR d.class = ANY (CAST(:classes AS text[]))
ORDER BY i.pupil_no;
