-- Statements of one table each, joined by who asks: the planner takes a school's roll for a row or two, and would look
-- through all of the entries for each of them.

-- name: roll(school_id, on, seq)
-- Every pupil on roll on a day, as the roll stands, or stood at a position; of a school that has closed for good nobody.
SELECT p.pupil_no, p.boarder
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, on_roll, boarder FROM register.pupil
      WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
      ORDER BY pupil_no, seq DESC) p
WHERE p.on_roll @> CAST(:on AS date)
  AND coalesce((SELECT closed_on >= CAST(:on AS date) FROM register.school_facts
                WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
                ORDER BY effective_from <= CAST(:on AS date) DESC, abs(effective_from - CAST(:on AS date)), seq DESC LIMIT 1),
               true)
ORDER BY p.pupil_no;

-- name: placed(school_id, on, seq)
-- Class and year group of every pupil on a day.
SELECT DISTINCT ON (pupil_no) pupil_no, class, year_group FROM register.placing
WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq) AND effective_from <= :on
ORDER BY pupil_no, effective_from DESC, seq DESC;

-- name: entered(school_id, on)
-- The codes of a day as they were folded.
SELECT pupil_no, session, code FROM analysis.entry WHERE school_id = :school_id AND session_date = :on;

-- name: entered_at(school_id, on, seq)
-- The codes of a day as they stood at a position.
SELECT DISTINCT ON (session, pupil_no) pupil_no, session, code FROM ledger.event
WHERE school_id = :school_id AND session_date = :on AND seq <= :seq
ORDER BY session, pupil_no, version DESC;
