-- name: spans(school_id, seq, classes)
-- Which pupils were in these classes from when until when, as at a position.
SELECT pupil_no, effective_from, ends
FROM (SELECT pupil_no, class, effective_from, lead(effective_from) OVER (PARTITION BY pupil_no ORDER BY effective_from) AS ends
      FROM (SELECT DISTINCT ON (pupil_no, effective_from) pupil_no, effective_from, class FROM register.placing
            WHERE school_id = :school_id AND seq <= :seq ORDER BY pupil_no, effective_from, seq DESC) AS latest) AS placed
WHERE class = ANY (CAST(:classes AS text[]));

-- name: placed(school_id, seq, pupil_nos, dates)
-- Pupils' ids, and their classes on dates, as at a position.
SELECT asked.pupil_no, asked.on_date, i.id, d.class
FROM unnest(CAST(:pupil_nos AS int[]), CAST(:dates AS date[])) AS asked (pupil_no, on_date)
JOIN LATERAL (SELECT id FROM register.pupil_id
              WHERE school_id = :school_id AND pupil_no = asked.pupil_no AND seq <= :seq ORDER BY seq DESC LIMIT 1) i ON true
LEFT JOIN LATERAL (SELECT class FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = asked.pupil_no AND seq <= :seq
                     AND effective_from <= asked.on_date
                   ORDER BY effective_from DESC, seq DESC LIMIT 1) d ON true;
