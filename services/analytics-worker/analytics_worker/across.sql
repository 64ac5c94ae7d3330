-- name: with_upn(school_id, on)
-- The UPNs of a school's pupils of whom an unauthorised entry stands; with a day, of those on roll on that day.
SELECT p.upn
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, upn, on_roll FROM register.pupil
      WHERE school_id = :school_id ORDER BY pupil_no, seq DESC) p
WHERE p.upn IS NOT NULL AND (CAST(:on AS date) IS NULL OR p.on_roll @> CAST(:on AS date))
  AND EXISTS (SELECT FROM analysis.entry e
              WHERE e.school_id = :school_id AND e.pupil_no = p.pupil_no AND e.code IN ('G', 'N', 'O', 'U'));

-- name: pupils(school_id, upns)
-- The pupils of a school who have one of some UPNs now.
SELECT p.pupil_no, p.upn, p.date_of_birth, p.on_roll
FROM (SELECT DISTINCT pupil_no FROM register.pupil
      WHERE school_id = :school_id AND upn IS NOT NULL AND upn = ANY (CAST(:upns AS text[]))) had
JOIN LATERAL (SELECT * FROM register.pupil WHERE school_id = :school_id AND pupil_no = had.pupil_no
              ORDER BY seq DESC LIMIT 1) p ON p.upn = ANY (CAST(:upns AS text[]))
ORDER BY p.pupil_no;

-- name: unauthorised(school_id, pupil_nos)
-- Every unauthorised entry that stands of some pupils.
SELECT pupil_no, session_date, session
FROM analysis.entry
WHERE school_id = :school_id AND pupil_no = ANY (CAST(:pupil_nos AS int[])) AND code IN ('G', 'N', 'O', 'U');

-- name: entries(school_id, pupil_nos, dates, sessions)
-- What stands of some pupils in some sessions, in order.
SELECT e.pupil_no, e.session_date, e.session, e.code
FROM unnest(CAST(:pupil_nos AS int[]), CAST(:dates AS date[]), CAST(:sessions AS text[]))
         AS asked (pupil_no, session_date, session)
JOIN analysis.entry e ON e.school_id = :school_id AND e.session_date = asked.session_date AND e.session = asked.session
                     AND e.pupil_no = asked.pupil_no
ORDER BY e.pupil_no, e.session_date, e.session;

-- name: on_roll_since(school_id, first)
-- The UPNs of a school's pupils who were on roll on a day or later.
SELECT p.upn
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, upn, on_roll FROM register.pupil
      WHERE school_id = :school_id ORDER BY pupil_no, seq DESC) p
WHERE p.upn IS NOT NULL AND p.on_roll && daterange(:first, NULL);

-- name: entries_since(school_id, pupil_nos, first)
-- What stands of some pupils on a day or later, in order.
SELECT pupil_no, session_date, session, code
FROM analysis.entry
WHERE school_id = :school_id AND session_date >= :first AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY pupil_no, session_date, session;
