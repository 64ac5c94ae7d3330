-- name: schools(la_code, trust_uid, today)
-- The schools that an authority or a trust has today, in an order that no change of a URN touches, each with how far it is
-- folded. Of the facts of a school that hold from one day on the latest recorded count, and before the first of them that first.
SELECT f.school_id, f.urn, f.name, f.phase, coalesce(c.seq, 0) AS seq, h.seq - coalesce(c.seq, 0) AS behind
FROM (SELECT DISTINCT school_id FROM register.school_facts WHERE la_code = :la_code OR trust_uid = :trust_uid) ever
JOIN LATERAL (SELECT * FROM register.school_facts
              WHERE school_id = ever.school_id
              ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC LIMIT 1) f
    ON f.la_code = :la_code OR f.trust_uid = :trust_uid
JOIN ledger.head h ON h.school_id = f.school_id
LEFT JOIN analysis.checkpoint c ON c.school_id = h.school_id
ORDER BY f.school_id;

-- name: whose(school_id, today)^
-- The authority and the trust that have a school today.
SELECT la_code, trust_uid FROM register.school_facts
WHERE school_id = :school_id
ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC LIMIT 1;

-- name: responsible(la_code, today)
-- The schools that have ever had a child for whom an authority is responsible, wherever they are.
SELECT f.school_id, f.urn, f.name, f.phase, coalesce(c.seq, 0) AS seq, h.seq - coalesce(c.seq, 0) AS behind
FROM register.responsible r
JOIN LATERAL (SELECT * FROM register.school_facts
              WHERE school_id = r.school_id
              ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC LIMIT 1) f
    ON true
JOIN ledger.head h ON h.school_id = f.school_id
LEFT JOIN analysis.checkpoint c ON c.school_id = h.school_id
WHERE r.la_code = :la_code
ORDER BY f.school_id;
