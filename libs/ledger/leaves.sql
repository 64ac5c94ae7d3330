-- name: register(school_id)^
-- Whose stream it is, the keys of its leaves' nonces, and the nonces that outlived theirs.
SELECT h.register_id,
       (SELECT array_agg((academic_year, key)) FROM ledger.nonce_key k WHERE k.school_id = h.school_id) AS keys,
       (SELECT array_agg((seq, nonce)) FROM ledger.kept_nonce k WHERE k.school_id = h.school_id) AS nonces
FROM ledger.head h WHERE h.school_id = :school_id;

-- name: staff(school_id)
-- What stands for the persons who wrote.
SELECT no, commitment FROM ledger.staff WHERE school_id = :school_id;

-- name: clients(school_id)
-- What stands for the clients that wrote.
SELECT no, commitment FROM ledger.client WHERE school_id = :school_id;

-- name: entries(school_id, firsts, lasts)
-- Entries and amendments in some stretches of the stream, each from a first seq to a last. OFFSET 0, here and below, keeps
-- each stretch a range of the index by itself: as a join, it is taken for a third of the table.
SELECT e.*
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
CROSS JOIN LATERAL (
    SELECT seq, pupil_no, session_date, session, version, original_code, code, arrived_at, made_at, recorded_at, source,
           staff_no, client_no
    FROM ledger.event
    WHERE school_id = :school_id AND seq BETWEEN stretch.first AND stretch.last
    OFFSET 0
) e;

-- name: changes(school_id, firsts, lasts)
-- Changes in the same.
SELECT e.*
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
CROSS JOIN LATERAL (
    SELECT seq, kind, subject, made_at, recorded_at, staff_no, client_no
    FROM ledger.change
    WHERE school_id = :school_id AND seq BETWEEN stretch.first AND stretch.last
    OFFSET 0
) e;

-- name: commitments(school_id, firsts, lasts)
-- What stands for the texts of those events.
SELECT t.*
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
CROSS JOIN LATERAL (
    SELECT seq, part, commitment
    FROM ledger.text
    WHERE school_id = :school_id AND seq BETWEEN stretch.first AND stretch.last
    OFFSET 0
) t;
