-- name: schools(la_code, today)
-- The schools that an authority has today, in an order that no change of a URN touches, each with how far it is folded. Of
-- the facts of a school that hold from one day on the latest recorded count, and before the first of them that first.
SELECT f.school_id, f.urn, f.laestab, f.la_code, f.closed_on, coalesce(c.seq, 0) AS seq, h.seq - coalesce(c.seq, 0) AS behind
FROM (SELECT DISTINCT school_id FROM register.school_facts WHERE la_code = :la_code) ever
JOIN LATERAL (SELECT * FROM register.school_facts
              WHERE school_id = ever.school_id
              ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC LIMIT 1) f
    ON f.la_code = :la_code
JOIN ledger.head h ON h.school_id = f.school_id
LEFT JOIN analysis.checkpoint c ON c.school_id = f.school_id
ORDER BY f.school_id;

-- name: schools_then(school_ids, heads, on)
-- The facts of reach of schools on a day, as they were known at a position of each.
SELECT s.school_id, f.urn, f.laestab, f.la_code, f.closed_on
FROM unnest(CAST(:school_ids AS int[]), CAST(:heads AS bigint[])) AS s (school_id, head)
JOIN LATERAL (SELECT * FROM register.school_facts
              WHERE school_id = s.school_id AND seq <= s.head
              ORDER BY effective_from <= CAST(:on AS date) DESC, abs(effective_from - CAST(:on AS date)), seq DESC LIMIT 1) f
    ON true;
