-- name: alerts(school_id, after, is_open, kinds, pupil_nos, classes, year_groups, academic_years, opened_from, opened_to, older_than, acted, responsible_la, today, id, limit)
-- Alerts of a school that changed after a position and meet every filter, in the order of their changes, each with how the
-- pupil is placed today, or is first, and what was done about it. One of no pupil is of the class or year group that it says.
SELECT a.id, a.changed, a.pupil_no, a.kind, a.period, a.academic_year, a.opened_on, a.closed_on, CAST(a.held AS text) AS held,
       CAST(a.evidence AS text) AS evidence, s.status, s.age, p.class, p.year_group, done.acted, done.acts,
       done.last_action, done.last_done_on
FROM analysis.alert a
CROSS JOIN LATERAL (SELECT CASE WHEN a.closed_on IS NULL THEN 'open' ELSE 'closed' END AS status,
                           coalesce(a.closed_on, CAST(:today AS date)) - a.opened_on AS age) s
LEFT JOIN LATERAL (SELECT class, year_group, facts ->> 'responsible_la' AS responsible_la FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = a.pupil_no
                   ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC
                   LIMIT 1) d ON true
CROSS JOIN LATERAL (SELECT CASE WHEN a.pupil_no IS NOT NULL THEN d.class
                                WHEN a.evidence ->> 'of' LIKE 'class %' THEN substr(a.evidence ->> 'of', 7)
                                ELSE a.evidence ->> 'register' END AS class,
                           CASE WHEN a.pupil_no IS NOT NULL THEN d.year_group
                                WHEN a.evidence ->> 'of' LIKE 'year group %' THEN substr(a.evidence ->> 'of', 12)
                           END AS year_group) p
CROSS JOIN LATERAL (SELECT count(*) AS acts, (array_agg(action ORDER BY no DESC))[1] AS last_action,
                           (array_agg(done_on ORDER BY no DESC))[1] AS last_done_on,
                           CASE WHEN count(*) = 0 THEN 'none' WHEN bool_or(action <> 'acknowledged') THEN 'acted-on'
                                ELSE 'acknowledged' END AS acted
                    FROM casework.act WHERE school_id = :school_id AND alert_id = a.id) done
WHERE a.school_id = :school_id AND a.changed > :after
  AND (CAST(:is_open AS boolean) IS NULL OR (a.closed_on IS NULL) = :is_open)
  AND (CAST(:kinds AS text[]) IS NULL OR a.kind = ANY (CAST(:kinds AS text[])))
  AND (CAST(:pupil_nos AS int[]) IS NULL OR a.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND (CAST(:classes AS text[]) IS NULL OR p.class = ANY (CAST(:classes AS text[])))
  AND (CAST(:year_groups AS text[]) IS NULL OR p.year_group = ANY (CAST(:year_groups AS text[])))
  AND (CAST(:academic_years AS text[]) IS NULL OR a.academic_year = ANY (CAST(:academic_years AS text[])))
  AND (CAST(:opened_from AS date) IS NULL OR a.opened_on >= CAST(:opened_from AS date))
  AND (CAST(:opened_to AS date) IS NULL OR a.opened_on <= CAST(:opened_to AS date))
  AND (CAST(:older_than AS int) IS NULL OR s.age > CAST(:older_than AS int))
  AND (CAST(:acted AS text) IS NULL OR done.acted = CAST(:acted AS text))
  AND (CAST(:id AS uuid) IS NULL OR a.id = CAST(:id AS uuid))
  AND (CAST(:responsible_la AS text) IS NULL OR d.responsible_la = CAST(:responsible_la AS text))
ORDER BY a.changed
LIMIT CAST(:limit AS int);

-- name: counted(school_id, is_open, kinds, pupil_nos, classes, year_groups, academic_years, opened_from, opened_to, older_than, acted, responsible_la, today)
-- How many alerts meet every filter of `alerts`, and of how many pupils they are: the whole, and by each of these.
SELECT CASE GROUPING (a.kind, s.status, p.class, p.year_group, b.band)
           WHEN 15 THEN 'kind' WHEN 23 THEN 'status' WHEN 27 THEN 'class' WHEN 29 THEN 'year_group' WHEN 30 THEN 'age'
       END AS axis,
       coalesce(a.kind, s.status, p.class, p.year_group, b.band) AS label, count(*) AS alerts,
       count(DISTINCT a.pupil_no) AS pupils
FROM analysis.alert a
CROSS JOIN LATERAL (SELECT CASE WHEN a.closed_on IS NULL THEN 'open' ELSE 'closed' END AS status,
                           coalesce(a.closed_on, CAST(:today AS date)) - a.opened_on AS age) s
CROSS JOIN LATERAL (SELECT CASE WHEN s.age < 7 THEN '0-6' WHEN s.age < 28 THEN '7-27' WHEN s.age < 90 THEN '28-89'
                                ELSE '90+' END AS band) b
LEFT JOIN LATERAL (SELECT class, year_group, facts ->> 'responsible_la' AS responsible_la FROM register.placing
                   WHERE school_id = :school_id AND pupil_no = a.pupil_no
                   ORDER BY effective_from <= CAST(:today AS date) DESC, abs(effective_from - CAST(:today AS date)), seq DESC
                   LIMIT 1) d ON true
CROSS JOIN LATERAL (SELECT CASE WHEN a.pupil_no IS NOT NULL THEN d.class
                                WHEN a.evidence ->> 'of' LIKE 'class %' THEN substr(a.evidence ->> 'of', 7)
                                ELSE a.evidence ->> 'register' END AS class,
                           CASE WHEN a.pupil_no IS NOT NULL THEN d.year_group
                                WHEN a.evidence ->> 'of' LIKE 'year group %' THEN substr(a.evidence ->> 'of', 12)
                           END AS year_group) p
CROSS JOIN LATERAL (SELECT CASE WHEN count(*) = 0 THEN 'none' WHEN bool_or(action <> 'acknowledged') THEN 'acted-on'
                                ELSE 'acknowledged' END AS acted
                    FROM casework.act WHERE school_id = :school_id AND alert_id = a.id) done
WHERE a.school_id = :school_id
  AND (CAST(:is_open AS boolean) IS NULL OR (a.closed_on IS NULL) = :is_open)
  AND (CAST(:kinds AS text[]) IS NULL OR a.kind = ANY (CAST(:kinds AS text[])))
  AND (CAST(:pupil_nos AS int[]) IS NULL OR a.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND (CAST(:classes AS text[]) IS NULL OR p.class = ANY (CAST(:classes AS text[])))
  AND (CAST(:year_groups AS text[]) IS NULL OR p.year_group = ANY (CAST(:year_groups AS text[])))
  AND (CAST(:academic_years AS text[]) IS NULL OR a.academic_year = ANY (CAST(:academic_years AS text[])))
  AND (CAST(:opened_from AS date) IS NULL OR a.opened_on >= CAST(:opened_from AS date))
  AND (CAST(:opened_to AS date) IS NULL OR a.opened_on <= CAST(:opened_to AS date))
  AND (CAST(:older_than AS int) IS NULL OR s.age > CAST(:older_than AS int))
  AND (CAST(:acted AS text) IS NULL OR done.acted = CAST(:acted AS text))
  AND (CAST(:responsible_la AS text) IS NULL OR d.responsible_la = CAST(:responsible_la AS text))
GROUP BY GROUPING SETS ((), (a.kind), (s.status), (p.class), (p.year_group), (b.band));

-- name: last_changes(school_ids)
-- The number of the last change of the alerts of some schools.
SELECT school_id, last_change FROM analysis.checkpoint WHERE school_id = ANY (CAST(:school_ids AS int[]));
