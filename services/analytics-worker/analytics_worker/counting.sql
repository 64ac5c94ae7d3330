-- Entries are counted on open days while the pupil is on roll. Sums are kept apart where a code changes its class: at the
-- edges of the code book, and by the day where the class depends on the pupil's age that day. Any day of a sum tells its era.

-- name: of_school(school_id, first, last, days, edges, ageing_codes, ageing_from, ageing_to)
-- Every pupil's sessions by code.
SELECT e.pupil_no, NULL AS part, p.date_of_birth, e.code, min(e.session_date) AS "on", count(*) AS sessions
FROM analysis.entry e
JOIN (SELECT DISTINCT ON (pupil_no) pupil_no, date_of_birth, on_roll FROM register.pupil
      WHERE school_id = :school_id ORDER BY pupil_no, seq DESC) p ON p.pupil_no = e.pupil_no AND p.on_roll @> e.session_date
LEFT JOIN LATERAL (SELECT e.session_date AS day
                   FROM unnest(CAST(:ageing_codes AS text[]), CAST(:ageing_from AS date[]), CAST(:ageing_to AS date[]))
                            AS ageing (code, first, last)
                   WHERE e.code = ageing.code AND e.session_date BETWEEN ageing.first AND ageing.last
                   LIMIT 1) age ON true
WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last AND e.session_date = ANY (CAST(:days AS date[]))
GROUP BY e.pupil_no, p.date_of_birth, e.code, width_bucket(e.session_date, CAST(:edges AS date[])), age.day;

-- name: of_pupils(school_id, pupil_nos, first, last, days, edges, ageing_codes, ageing_from, ageing_to)
-- Some pupils' sessions by code. Both sessions are named so that the index can be entered at each day.
SELECT e.pupil_no, NULL AS part, p.date_of_birth, e.code, min(e.session_date) AS "on", count(*) AS sessions
FROM analysis.entry e
JOIN (SELECT DISTINCT ON (pupil_no) pupil_no, date_of_birth, on_roll FROM register.pupil
      WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[])) ORDER BY pupil_no, seq DESC) p ON p.pupil_no = e.pupil_no AND p.on_roll @> e.session_date
LEFT JOIN LATERAL (SELECT e.session_date AS day
                   FROM unnest(CAST(:ageing_codes AS text[]), CAST(:ageing_from AS date[]), CAST(:ageing_to AS date[]))
                            AS ageing (code, first, last)
                   WHERE e.code = ageing.code AND e.session_date BETWEEN ageing.first AND ageing.last
                   LIMIT 1) age ON true
WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last AND e.session_date = ANY (CAST(:days AS date[]))
  AND e.session IN ('AM', 'PM') AND e.pupil_no = ANY (CAST(:pupil_nos AS int[]))
GROUP BY e.pupil_no, p.date_of_birth, e.code, width_bucket(e.session_date, CAST(:edges AS date[])), age.day;

-- name: by_placing(school_id, by_class, first, last, days, edges, ageing_codes, ageing_from, ageing_to)
-- Every pupil's sessions by code and by the class or the year group of the day.
SELECT e.pupil_no, placed.part, p.date_of_birth, e.code, min(e.session_date) AS "on", count(*) AS sessions
FROM analysis.entry e
JOIN (SELECT DISTINCT ON (pupil_no) pupil_no, date_of_birth, on_roll FROM register.pupil
      WHERE school_id = :school_id ORDER BY pupil_no, seq DESC) p ON p.pupil_no = e.pupil_no AND p.on_roll @> e.session_date
LEFT JOIN (SELECT pupil_no, CASE WHEN :by_class THEN class ELSE year_group END AS part, effective_from,
                  lead(effective_from, 1, 'infinity') OVER (PARTITION BY pupil_no ORDER BY effective_from) AS until
           FROM (SELECT DISTINCT ON (pupil_no, effective_from) pupil_no, effective_from, class, year_group
                 FROM register.placing WHERE school_id = :school_id
                 ORDER BY pupil_no, effective_from, seq DESC) AS dated) placed
    ON placed.pupil_no = e.pupil_no AND e.session_date >= placed.effective_from AND e.session_date < placed.until
LEFT JOIN LATERAL (SELECT e.session_date AS day
                   FROM unnest(CAST(:ageing_codes AS text[]), CAST(:ageing_from AS date[]), CAST(:ageing_to AS date[]))
                            AS ageing (code, first, last)
                   WHERE e.code = ageing.code AND e.session_date BETWEEN ageing.first AND ageing.last
                   LIMIT 1) age ON true
WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last AND e.session_date = ANY (CAST(:days AS date[]))
GROUP BY e.pupil_no, p.date_of_birth, e.code, width_bucket(e.session_date, CAST(:edges AS date[])), age.day, placed.part;
