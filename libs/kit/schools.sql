-- name: school_by_urn(urn)^
-- A school by any URN that it ever had, with the facts that reach follows.
SELECT u.school_id,
       (SELECT array_agg(every.urn) FROM register.urn every WHERE every.school_id = u.school_id) AS urns,
       f.trust_uid, f.la_code
FROM register.urn u
LEFT JOIN LATERAL (SELECT trust_uid, la_code FROM register.school_facts
                   WHERE school_id = u.school_id ORDER BY seq DESC LIMIT 1) f ON true
WHERE u.urn = :urn;
