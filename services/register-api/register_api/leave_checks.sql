-- name: candidates(school_id, seq, before, first, last, pupil_nos, codes, refused_nos, absences, limit)
-- Entries that stand between two dates, as at a position, with one of some codes, or with an absence of a pupil for whom
-- leave was refused, newest first. That a later version replaced it is asked of those alone.
SELECT e.*, s.name, s.position, c.client_id
FROM (
    SELECT pupil_no, session_date, session, code, made_at, recorded_at, staff_no, client_no, seq
    FROM ledger.event e
    WHERE school_id = :school_id AND session_date BETWEEN :first AND :last
      AND seq <= :seq AND seq < coalesce(CAST(:before AS bigint), CAST(:seq AS bigint) + 1)
      AND (CAST(:pupil_nos AS int[]) IS NULL OR pupil_no = ANY (CAST(:pupil_nos AS int[])))
      AND (code = ANY (CAST(:codes AS text[]))
           OR (code = ANY (CAST(:absences AS text[])) AND pupil_no = ANY (CAST(:refused_nos AS int[]))))
      AND NOT EXISTS (SELECT FROM ledger.event later
                      WHERE later.school_id = :school_id AND later.session_date = e.session_date
                        AND later.session = e.session AND later.pupil_no = e.pupil_no AND later.version > e.version
                        AND later.seq <= :seq)
    ORDER BY seq DESC
    LIMIT :limit
) e
JOIN ledger.staff s ON s.school_id = :school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = :school_id AND c.no = e.client_no
ORDER BY e.seq DESC;
