-- name: school_by_urn(urn, today)^
-- A school by any URN that it ever had, with the facts that reach follows as they are today: of those that hold from one
-- day on the latest recorded, and before the first of them that first; of a sandbox whose it is, and until when.
SELECT u.school_id, b.client_id AS sandbox_of, b.until,
       (SELECT array_agg(every.urn) FROM register.urn every WHERE every.school_id = u.school_id) AS urns,
       f.trust_uid, f.la_code
FROM register.urn u
LEFT JOIN register.sandbox b ON b.school_id = u.school_id
LEFT JOIN LATERAL (SELECT trust_uid, la_code FROM register.school_facts
                   WHERE school_id = u.school_id
                   ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC LIMIT 1) f ON true
WHERE u.urn = :urn;
