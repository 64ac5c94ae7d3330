-- name: versions(school_id, id)
-- Everything that was stated under an id, in order.
SELECT n.*, CAST(n.body AS text) AS said FROM casework.notice n
WHERE n.school_id = :school_id AND n.id = :id
ORDER BY n.no;

-- name: add(school_id, no, id, pupil_no, kind, at, client_id, name, position, body)^
-- Keep what is stated of a notice.
INSERT INTO casework.notice AS n (school_id, no, id, pupil_no, kind, recorded_at, client_id, name, position, body)
VALUES (:school_id, :no, :id, :pupil_no, :kind, :at, :client_id, :name, :position, CAST(:body AS jsonb))
RETURNING n.*, CAST(n.body AS text) AS said;

-- name: last_no(school_id)$
-- How much casework a school has.
SELECT no FROM casework.head WHERE school_id = :school_id;

-- name: listed(school_id, up_to, before, pupil_nos, limit)
-- Notices as they stood when there was so much casework, the one stated last first.
SELECT n.*, CAST(n.body AS text) AS said FROM casework.notice n
WHERE n.school_id = :school_id AND n.no <= :up_to AND n.no < :before
  AND (CAST(:pupil_nos AS int[]) IS NULL OR n.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND NOT EXISTS (SELECT FROM casework.notice later
                  WHERE later.school_id = :school_id AND later.id = n.id AND later.no > n.no AND later.no <= :up_to)
ORDER BY n.no DESC
LIMIT :limit;

-- name: stands(school_id, pupil_no, dates, sessions)
-- What the register has, as far as it was folded, for some sessions of a pupil.
SELECT e.session_date, e.session, e.code
FROM unnest(CAST(:dates AS date[]), CAST(:sessions AS text[])) AS asked (session_date, session)
JOIN analysis.entry e ON e.school_id = :school_id AND e.session_date = asked.session_date AND e.session = asked.session
                     AND e.pupil_no = :pupil_no;
