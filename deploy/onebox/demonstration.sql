-- name: worth_seeing()^
-- The latest day on which a school of an authority has an amended entry.
SELECT f.urn, f.la_code, e.session_date
FROM ledger.event AS e
JOIN register.school_facts AS f USING (school_id)
WHERE e.version > 1 AND f.la_code IS NOT NULL
ORDER BY e.session_date DESC, f.urn
LIMIT 1;
