-- name: ids_by_upn(school_id, upns)
-- The pupils who have, or had, one of these UPNs: the id that each has now, and whether the UPN is still the pupil's.
SELECT DISTINCT p.upn, i.id,
       NOT EXISTS (SELECT FROM register.pupil later
                   WHERE later.school_id = p.school_id AND later.pupil_no = p.pupil_no AND later.seq > p.seq) AS stands
FROM register.pupil p
JOIN LATERAL (SELECT id FROM register.pupil_id
              WHERE school_id = :school_id AND pupil_no = p.pupil_no ORDER BY seq DESC LIMIT 1) i ON true
WHERE p.school_id = :school_id AND p.upn = ANY (CAST(:upns AS text[]));
