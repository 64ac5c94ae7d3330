-- name: standing(register_id, urn)^
-- Whether the register stands here already, by its identity or by its URN.
SELECT EXISTS (SELECT FROM ledger.head WHERE register_id = CAST(:register_id AS uuid)) AS register,
       EXISTS (SELECT FROM register.urn WHERE urn = :urn) AS urn;

-- name: begin(register_id, root, now)$
-- The head of a register that is being taken in, as if nothing had been recorded yet.
INSERT INTO ledger.head (register_id, seq, root, frontier, recorded_at)
VALUES (CAST(:register_id AS uuid), 0, :root, '', :now)
RETURNING school_id;

-- name: add_nonce_keys(school_id, years, keys)!
-- The keys of the leaves' nonces.
INSERT INTO ledger.nonce_key (school_id, academic_year, key)
SELECT :school_id, * FROM unnest(CAST(:years AS smallint[]), CAST(:keys AS bytea[]));

-- name: keep_nonces(school_id, seqs, nonces)!
-- The nonces that outlived their keys.
INSERT INTO ledger.kept_nonce (school_id, seq, nonce)
SELECT :school_id, * FROM unnest(CAST(:seqs AS bigint[]), CAST(:nonces AS bytea[]));

-- name: add_nodes(school_id, levels, indexes, hashes)!
-- What covers the leaves that were let go.
INSERT INTO ledger.node (school_id, level, index, hash)
SELECT :school_id, * FROM unnest(CAST(:levels AS smallint[]), CAST(:indexes AS bigint[]), CAST(:hashes AS bytea[]));

-- name: add_clients(school_id, nos, salts, commitments, client_ids)!
-- The names under which clients wrote. They stay names: nobody may call by them.
INSERT INTO ledger.client (school_id, no, salt, commitment, client_id)
SELECT :school_id, * FROM unnest(CAST(:nos AS int[]), CAST(:salts AS bytea[]), CAST(:commitments AS bytea[]),
                                 CAST(:client_ids AS text[]));

-- name: add_staff(school_id, nos, salts, commitments, names, positions)!
-- The persons who wrote, as they were.
INSERT INTO ledger.staff (school_id, no, salt, commitment, name, position)
SELECT :school_id, * FROM unnest(CAST(:nos AS int[]), CAST(:salts AS bytea[]), CAST(:commitments AS bytea[]),
                                 CAST(:names AS text[]), CAST(:positions AS text[]));

-- name: add_marks(school_id, seqs, made_ats, recorded_ats, dates, pupil_nos, staff_nos, client_nos, versions, sessions, original_codes, codes, sources, arrived_ats)!
-- Entries and amendments under the positions that they have.
INSERT INTO ledger.event (school_id, seq, made_at, recorded_at, session_date, pupil_no, staff_no, client_no, version, session,
                          original_code, code, source, arrived_at)
SELECT :school_id, *
FROM unnest(CAST(:seqs AS bigint[]), CAST(:made_ats AS timestamptz[]), CAST(:recorded_ats AS timestamptz[]),
            CAST(:dates AS date[]), CAST(:pupil_nos AS int[]), CAST(:staff_nos AS int[]), CAST(:client_nos AS int[]),
            CAST(:versions AS smallint[]), CAST(:sessions AS text[]), CAST(:original_codes AS text[]),
            CAST(:codes AS text[]), CAST(:sources AS text[]), CAST(:arrived_ats AS time[]));

-- name: add_changes(school_id, seqs, made_ats, recorded_ats, kinds, subjects, staff_nos, client_nos)!
-- Changes under the positions that they have.
INSERT INTO ledger.change (school_id, seq, made_at, recorded_at, kind, subject, staff_no, client_no)
SELECT :school_id, *
FROM unnest(CAST(:seqs AS bigint[]), CAST(:made_ats AS timestamptz[]), CAST(:recorded_ats AS timestamptz[]),
            CAST(:kinds AS text[]), CAST(:subjects AS text[]), CAST(:staff_nos AS int[]), CAST(:client_nos AS int[]));

-- name: add_texts(school_id, seqs, parts, commitments, salts, texts)!
-- The texts of events; of one that was removed, what it was committed to.
INSERT INTO ledger.text (school_id, seq, part, commitment, salt, text)
SELECT :school_id, * FROM unnest(CAST(:seqs AS bigint[]), CAST(:parts AS text[]), CAST(:commitments AS bytea[]),
                                 CAST(:salts AS bytea[]), CAST(:texts AS text[]));

-- name: stray(school_id)$
-- The first entry that no pupil of the roll has, or whose original entry is not what stood before it.
SELECT min(e.seq)
FROM ledger.event e
LEFT JOIN ledger.event before ON before.school_id = :school_id AND before.session_date = e.session_date
                             AND before.session = e.session AND before.pupil_no = e.pupil_no AND before.version = e.version - 1
WHERE e.school_id = :school_id
  AND (before.code IS DISTINCT FROM e.original_code
       OR before.seq > e.seq
       OR NOT EXISTS (SELECT FROM register.pupil_id i WHERE i.school_id = :school_id AND i.pupil_no = e.pupil_no));

-- name: arrive(school_id, seq, root, frontier, recorded_at, changed_seq)!
-- The head moves to where the register stood.
UPDATE ledger.head
SET seq = :seq, root = :root, frontier = :frontier, recorded_at = :recorded_at, changed_seq = :changed_seq
WHERE school_id = :school_id;

-- name: add_hold(school_id, said)!
-- A legal hold, or the lifting of one, as it stands in the file: no event of the stream says it.
INSERT INTO register.hold (school_id, no, lifts, pupil_no, first_day, last_day, reason, name, position, made_at)
SELECT :school_id, no, lifts, pupil_no, first_day, last_day, reason, name, position, made_at
FROM json_populate_record(CAST(NULL AS register.hold), CAST(CAST(:said AS text) AS json));
