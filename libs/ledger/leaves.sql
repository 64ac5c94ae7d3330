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
-- Entries and amendments in some stretches of the stream, each from a first seq to a last.
SELECT e.seq, e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at, e.made_at,
       e.recorded_at, e.source, e.staff_no, e.client_no
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
JOIN ledger.event e ON e.school_id = :school_id AND e.seq BETWEEN stretch.first AND stretch.last;

-- name: changes(school_id, firsts, lasts)
-- Changes in the same.
SELECT e.seq, e.kind, e.subject, e.made_at, e.recorded_at, e.staff_no, e.client_no
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
JOIN ledger.change e ON e.school_id = :school_id AND e.seq BETWEEN stretch.first AND stretch.last;

-- name: commitments(school_id, firsts, lasts)
-- What stands for the texts of those events.
SELECT t.seq, t.part, t.commitment
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
JOIN ledger.text t ON t.school_id = :school_id AND t.seq BETWEEN stretch.first AND stretch.last;
