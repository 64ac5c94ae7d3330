-- name: open_register(root, now)$
-- A new, empty stream.
INSERT INTO ledger.head (seq, root, frontier, recorded_at) VALUES (0, :root, '', :now) RETURNING school_id;

-- name: lock_head(school_id)^
-- Queue behind every other writer of the school. Nothing else is read here: it would be stale after the wait.
SELECT register_id, seq, frontier, recorded_at, changed_seq FROM ledger.head WHERE school_id = :school_id FOR NO KEY UPDATE;

-- name: writers(names, positions, school_id, years, client_id)^
-- Those who are about to write, as far as they are known: the client, the staff, and the nonce keys of the years.
SELECT
    c.no AS client_no,
    c.commitment AS client,
    (SELECT array_agg((s.no, s.commitment, s.name, s.position))
     FROM unnest(CAST(:names AS text[]), CAST(:positions AS text[])) AS wanted (name, position)
     JOIN ledger.staff s ON s.school_id = :school_id AND s.name = wanted.name AND s.position = wanted.position) AS staff,
    (SELECT array_agg((k.academic_year, k.key))
     FROM ledger.nonce_key k
     WHERE k.school_id = :school_id AND k.academic_year = ANY (CAST(:years AS smallint[]))) AS keys
FROM (VALUES (1)) AS always
LEFT JOIN ledger.client c ON c.school_id = :school_id AND c.client_id = :client_id;

-- name: intern_client(school_id, salt, commitment, client_id)$
-- A client that writes to this register for the first time. The lock on the head keeps two from taking one number.
INSERT INTO ledger.client (school_id, no, salt, commitment, client_id)
SELECT CAST(:school_id AS int), coalesce(max(no), 0) + 1, CAST(:salt AS bytea), CAST(:commitment AS bytea), CAST(:client_id AS text)
FROM ledger.client WHERE school_id = :school_id
RETURNING no;

-- name: intern_staff(school_id, names, positions, salts, commitments)
-- Persons who write to this register for the first time, numbered in the order given.
INSERT INTO ledger.staff (school_id, no, salt, commitment, name, position)
SELECT :school_id, last.no + wanted.at, wanted.salt, wanted.commitment, wanted.name, wanted.position
FROM unnest(CAST(:names AS text[]), CAST(:positions AS text[]), CAST(:salts AS bytea[]), CAST(:commitments AS bytea[]))
         WITH ORDINALITY AS wanted (name, position, salt, commitment, at),
     (SELECT coalesce(max(no), 0) AS no FROM ledger.staff WHERE school_id = :school_id) AS last
ORDER BY wanted.at
RETURNING no;

-- name: add_nonce_keys(school_id, years, keys)!
-- The keys of academic years that this register writes to for the first time.
INSERT INTO ledger.nonce_key (school_id, academic_year, key)
SELECT :school_id, * FROM unnest(CAST(:years AS smallint[]), CAST(:keys AS bytea[]));

-- name: append_marks(school_id, client_no, seqs, recorded_ats, made_ats, dates, pupil_nos, staff_nos, versions, sessions, original_codes, codes, sources, arrived_ats, text_seqs, parts, commitments, salts, texts, head_seq, root, frontier, head_recorded_at)!
-- Entries and amendments, their texts, and the head that now includes them: one statement, so never one without the others.
WITH entries AS (
    INSERT INTO ledger.event (school_id, client_no, seq, recorded_at, made_at, session_date, pupil_no, staff_no, version,
                              session, original_code, code, source, arrived_at)
    SELECT CAST(:school_id AS int), CAST(:client_no AS int), *
    FROM unnest(CAST(:seqs AS bigint[]), CAST(:recorded_ats AS timestamptz[]), CAST(:made_ats AS timestamptz[]),
                CAST(:dates AS date[]), CAST(:pupil_nos AS int[]), CAST(:staff_nos AS int[]), CAST(:versions AS smallint[]),
                CAST(:sessions AS text[]), CAST(:original_codes AS text[]), CAST(:codes AS text[]),
                CAST(:sources AS text[]), CAST(:arrived_ats AS time[]))
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
