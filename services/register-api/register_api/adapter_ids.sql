-- name: means(school_id, what, ids)
-- What some of a supplier's ids mean: of each the latest row holds.
SELECT DISTINCT ON (id) id, CAST(means AS text) AS means, set_at
FROM register.adapter_id
WHERE school_id = :school_id AND what = :what AND id = ANY (CAST(:ids AS text[]))
ORDER BY id, set_at DESC;

-- name: listed(school_id, after_what, after_id, limit)
-- The ids of a supplier in their order, below one where one is given.
SELECT DISTINCT ON (what COLLATE "C", id COLLATE "C") what, id, CAST(means AS text) AS means
FROM register.adapter_id
WHERE school_id = :school_id
  AND (CAST(:after_what AS text) IS NULL
       OR (what COLLATE "C", id COLLATE "C") > (CAST(:after_what AS text) COLLATE "C", CAST(:after_id AS text) COLLATE "C"))
ORDER BY what COLLATE "C", id COLLATE "C", set_at DESC
LIMIT :limit;

-- name: set_means(school_id, set_ats, whats, ids, means)!
-- What a supplier's ids mean from now on.
INSERT INTO register.adapter_id (school_id, what, id, set_at, means)
SELECT CAST(:school_id AS int), what, id, set_at, CAST(means AS jsonb)
FROM unnest(CAST(:whats AS text[]), CAST(:ids AS text[]), CAST(:set_ats AS timestamptz[]), CAST(:means AS text[]))
         AS told (what, id, set_at, means);

-- name: by_upn(school_id, upns)
-- The pupils who have these UPNs now.
SELECT p.upn, p.pupil_no
FROM register.pupil p
WHERE p.school_id = :school_id AND p.upn = ANY (CAST(:upns AS text[]))
  AND NOT EXISTS (SELECT FROM register.pupil later
                  WHERE later.school_id = p.school_id AND later.pupil_no = p.pupil_no AND later.seq > p.seq);
