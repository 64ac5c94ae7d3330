-- name: open_register(root, now)$
-- A new, empty stream.
INSERT INTO ledger.head (seq, root, frontier, recorded_at) VALUES (0, :root, '', :now) RETURNING school_id;

-- name: lock_head(school_id)^
-- Queue behind every other writer of the school. Nothing else is read here: it would be stale after the wait.
SELECT register_id, seq, frontier, recorded_at, changed_seq FROM ledger.head WHERE school_id = :school_id FOR NO KEY UPDATE;

-- name: append_marks(school_id, client_no, first_seq, first_recorded_at, made_ats, dates, pupil_nos, staff_nos, versions, sessions, original_codes, codes, sources, arrived_ats, text_seqs, parts, commitments, salts, texts, head_seq, root, frontier, head_recorded_at)!
-- Entries and amendments, their texts, and the head that now includes them: one statement, so never one without the others.
-- They are numbered and timed from the first on, a microsecond apart. Most columns come as the text of an array: the driver
-- takes several times as long over its elements one by one.
WITH entries AS (
    INSERT INTO ledger.event (school_id, client_no, seq, recorded_at, made_at, session_date, pupil_no, staff_no, version,
                              session, original_code, code, source, arrived_at)
    SELECT CAST(:school_id AS int), CAST(:client_no AS int), CAST(:first_seq AS bigint) + at - 1,
           CAST(:first_recorded_at AS timestamptz) + (at - 1) * interval '1 microsecond',
           made_at, session_date, pupil_no, staff_no, version, session, original_code, code, source, arrived_at
    FROM unnest(CAST(:made_ats AS timestamptz[]), CAST(CAST(:dates AS text) AS date[]),
                CAST(CAST(:pupil_nos AS text) AS int[]), CAST(CAST(:staff_nos AS text) AS int[]),
                CAST(CAST(:versions AS text) AS smallint[]), CAST(CAST(:sessions AS text) AS text[]),
                CAST(CAST(:original_codes AS text) AS text[]), CAST(CAST(:codes AS text) AS text[]),
                CAST(CAST(:sources AS text) AS text[]), CAST(:arrived_ats AS time[]))
             WITH ORDINALITY AS entry (made_at, session_date, pupil_no, staff_no, version, session, original_code, code,
                                       source, arrived_at, at)
), texts AS (
    INSERT INTO ledger.text (school_id, seq, part, commitment, salt, text)
    SELECT :school_id, * FROM unnest(CAST(:text_seqs AS bigint[]), CAST(:parts AS text[]), CAST(:commitments AS bytea[]),
                                     CAST(:salts AS bytea[]), CAST(:texts AS text[]))
)
UPDATE ledger.head
SET seq = :head_seq, root = :root, frontier = :frontier, recorded_at = :head_recorded_at
WHERE school_id = :school_id;

-- name: append_changes(school_id, client_no, seqs, recorded_ats, made_ats, kinds, subjects, staff_nos, text_seqs, parts, commitments, salts, texts, head_seq, root, frontier, head_recorded_at)!
-- Changes, their bodies and reasons, and the head that now includes them.
WITH changes AS (
    INSERT INTO ledger.change (school_id, client_no, seq, recorded_at, made_at, kind, subject, staff_no)
    SELECT CAST(:school_id AS int), CAST(:client_no AS int), *
    FROM unnest(CAST(:seqs AS bigint[]), CAST(:recorded_ats AS timestamptz[]), CAST(:made_ats AS timestamptz[]),
                CAST(:kinds AS text[]), CAST(:subjects AS text[]), CAST(:staff_nos AS int[]))
), texts AS (
    INSERT INTO ledger.text (school_id, seq, part, commitment, salt, text)
    SELECT :school_id, * FROM unnest(CAST(:text_seqs AS bigint[]), CAST(:parts AS text[]), CAST(:commitments AS bytea[]),
                                     CAST(:salts AS bytea[]), CAST(:texts AS text[]))
)
UPDATE ledger.head
SET seq = :head_seq, root = :root, frontier = :frontier, recorded_at = :head_recorded_at, changed_seq = :head_seq
WHERE school_id = :school_id;
