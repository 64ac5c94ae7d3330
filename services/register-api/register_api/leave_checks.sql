-- name: candidates(school_id, seq, before, first, last, pupil_nos, codes, refused_nos, absences, limit)
-- Entries that stand between two dates, as at a position, with one of some codes, or with an absence of a pupil for whom
-- leave was refused, newest first. That a later version replaced it is asked of those alone.
SELECT e.pupil_no, e.session_date, e.session, e.code, e.made_at, e.recorded_at, e.staff_no, s.name, s.position, c.client_id,
       e.seq
FROM ledger.event e
JOIN ledger.staff s ON s.school_id = :school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = :school_id AND c.no = e.client_no
WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last
  AND e.seq <= :seq AND e.seq < coalesce(CAST(:before AS bigint), CAST(:seq AS bigint) + 1)
  AND (CAST(:pupil_nos AS int[]) IS NULL OR e.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND (e.code = ANY (CAST(:codes AS text[]))
       OR (e.pupil_no = ANY (CAST(:refused_nos AS int[])) AND e.code = ANY (CAST(:absences AS text[]))))
  AND NOT EXISTS (SELECT FROM ledger.event later
                  WHERE later.school_id = :school_id AND later.session_date = e.session_date AND later.session = e.session
                    AND later.pupil_no = e.pupil_no AND later.version > e.version AND later.seq <= :seq)
ORDER BY e.seq DESC
LIMIT :limit;
