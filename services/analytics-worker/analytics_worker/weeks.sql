-- name: lay(school_id, after, up_to)!
-- The weeks of which something was said between two positions, as they stand. No entry ever goes, so no row does.
INSERT INTO analysis.pupil_week AS stands (school_id, pupil_no, week, codes)
SELECT school_id, pupil_no, week, codes
FROM analysis.pupil_weeks(:school_id, ARRAY(SELECT DISTINCT session_date - mod(session_date - date '2000-01-03', 7)
                                            FROM ledger.event
                                            WHERE school_id = :school_id AND seq > :after AND seq <= :up_to))
ORDER BY week, pupil_no
ON CONFLICT (school_id, week, pupil_no) DO UPDATE SET codes = excluded.codes WHERE stands.codes <> excluded.codes;

-- name: laid(school_id, seq)!
-- The position up to which a school's weeks are laid together.
UPDATE analysis.checkpoint SET weeks_seq = :seq WHERE school_id = :school_id;
