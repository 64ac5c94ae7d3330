-- name: plan_each()$
-- What is asked differs too much from question to question for one plan to serve them all.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: pupils(school_id, pupil_nos, seq)
-- What stands of some pupils, or of all, or stood at a position, with every placing; of two placings from one day the later
-- change stands.
SELECT p.pupil_no, p.date_of_birth, p.sex, p.boarder, p.on_roll,
       coalesce(d.starts, '{}') AS starts, coalesce(d.year_groups, '{}') AS year_groups,
       coalesce(d.classes, '{}') AS classes, coalesce(d.facts, '{}') AS facts
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, date_of_birth, sex, boarder, on_roll
      FROM register.pupil
      WHERE school_id = :school_id AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
        AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
      ORDER BY pupil_no, seq DESC) p
LEFT JOIN (SELECT pupil_no, array_agg(effective_from ORDER BY effective_from) AS starts,
                  array_agg(year_group ORDER BY effective_from) AS year_groups,
                  array_agg(class ORDER BY effective_from) AS classes,
                  array_agg(CAST(facts AS text) ORDER BY effective_from) AS facts
           FROM (SELECT DISTINCT ON (pupil_no, effective_from) pupil_no, effective_from, year_group, class, facts
                 FROM register.placing
                 WHERE school_id = :school_id
                   AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
                   AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
                 ORDER BY pupil_no, effective_from, seq DESC) AS dated
           GROUP BY pupil_no) d ON d.pupil_no = p.pupil_no
ORDER BY p.pupil_no;
