-- name: around(school_id, today, of_trust)
-- The schools that are today in the trust, or the authority, that a school is in today, with itself. Of the facts of a school
-- that hold from one day on the latest recorded count, and before the first of them that first.
WITH standing AS (
    SELECT DISTINCT ON (school_id) school_id, urn, trust_uid, la_code, closed_on
    FROM register.school_facts
    ORDER BY school_id, effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC
)
SELECT s.school_id, s.urn, s.trust_uid, s.la_code
FROM standing s
JOIN standing own ON own.school_id = :school_id
WHERE CASE WHEN CAST(:of_trust AS boolean) THEN s.trust_uid = own.trust_uid ELSE s.la_code = own.la_code END
  AND (s.closed_on IS NULL OR s.closed_on >= CAST(:today AS date))
ORDER BY s.school_id;

-- name: own(school_id, today)^
-- What a school is today, by which the DfE publishes figures.
SELECT la_code, phase, age_from, age_to
FROM register.school_facts
WHERE school_id = :school_id
ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC
LIMIT 1;

-- name: sums(school_ids, first, last, edges, counted)
-- Some schools' entries of each code between two days, kept apart where a code changes its class. They hold no pupil.
SELECT t.school_id, t.code, min(t.session_date) AS "on", CAST(sum(t.entries) AS bigint) AS entries
FROM analysis.day_total t
WHERE t.school_id = ANY (CAST(:school_ids AS int[])) AND t.session_date BETWEEN CAST(:first AS date) AND CAST(:last AS date)
  AND (CAST(:counted AS text) IS NULL OR t.counted = :counted)
GROUP BY t.school_id, t.code, width_bucket(t.session_date, CAST(:edges AS date[]))
HAVING sum(t.entries) <> 0;
