-- Statements of one table each, joined by who asks: the planner takes a school's roll for a row or two, and would look
-- through all of the entries for each of them.

-- name: lasting(school_id, days, seq)
-- Those of some days on which the school has not closed for good, as that stands, or stood at a position.
SELECT d.day
FROM unnest(CAST(:days AS date[])) AS d (day)
WHERE coalesce((SELECT closed_on >= d.day FROM register.school_facts
                WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
                ORDER BY effective_from <= d.day DESC, abs(effective_from - d.day), seq DESC LIMIT 1), true);

-- name: roll(school_id, first, last, seq)
-- Every pupil on roll on a day between two, as the roll stands, or stood at a position.
SELECT p.pupil_no, p.boarder, p.on_roll
FROM (SELECT DISTINCT ON (pupil_no) pupil_no, on_roll, boarder FROM register.pupil
      WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq)
      ORDER BY pupil_no, seq DESC) p
WHERE p.on_roll && daterange(CAST(:first AS date), CAST(:last AS date), '[]')
ORDER BY p.pupil_no;

-- name: placed(school_id, first, last, seq)
-- Class and year group of every pupil on the days between two, each from a day on, in order.
SELECT pupil_no, effective_from, class, year_group
FROM (SELECT told.*, lead(effective_from) OVER (PARTITION BY pupil_no ORDER BY effective_from) AS until
      FROM (SELECT DISTINCT ON (pupil_no, effective_from) pupil_no, effective_from, class, year_group FROM register.placing
            WHERE school_id = :school_id AND (CAST(:seq AS bigint) IS NULL OR seq <= :seq) AND effective_from <= :last
            ORDER BY pupil_no, effective_from, seq DESC) AS told) AS each
WHERE until IS NULL OR until > :first
ORDER BY pupil_no, effective_from;

-- name: entered(school_id, days)
-- The codes of some days as they were folded.
SELECT session_date, pupil_no, session, code FROM analysis.entry
WHERE school_id = :school_id AND session_date = ANY (CAST(:days AS date[]));

-- name: entered_at(school_id, days, seq)
-- The codes of some days as they stood at a position.
SELECT DISTINCT ON (session_date, session, pupil_no) session_date, pupil_no, session, code FROM ledger.event
WHERE school_id = :school_id AND session_date = ANY (CAST(:days AS date[])) AND seq <= :seq
ORDER BY session_date, session, pupil_no, version DESC;

-- name: taken_from(school_id, begins, firsts, lasts, seq)
-- Of some academic years, each from a first to a last day that are asked for, the first by whose end a mark of it or of an
-- earlier day of the year had been entered, other than by an import or a closure. That is found at once where it is the first
-- that is asked for, as on all but the first days of a year.
SELECT y.begins,
       CASE WHEN EXISTS (SELECT FROM ledger.event e
                         WHERE e.school_id = :school_id AND e.session_date BETWEEN y.begins AND y.first
                           AND CAST(e.recorded_at AT TIME ZONE 'Europe/London' AS date) <= y.first
                           AND (CAST(:seq AS bigint) IS NULL OR e.seq <= :seq) AND e.source IN ('live', 'adapter')) THEN y.first
            ELSE (SELECT min(greatest(e.session_date, CAST(e.recorded_at AT TIME ZONE 'Europe/London' AS date)))
                  FROM ledger.event e
                  WHERE e.school_id = :school_id AND e.session_date BETWEEN y.begins AND y.last
                    AND (CAST(:seq AS bigint) IS NULL OR e.seq <= :seq) AND e.source IN ('live', 'adapter'))
       END AS taken_from
FROM unnest(CAST(:begins AS date[]), CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS y (begins, first, last);
