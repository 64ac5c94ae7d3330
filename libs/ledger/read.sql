-- The columns of a version stand in the order of ledger.read.Version.

-- name: entered(school_id, on, session, pupil_nos)
-- Which of these pupils have an entry for a session.
SELECT pupil_no
FROM ledger.event
WHERE school_id = :school_id AND session_date = :on AND session = :session AND pupil_no = ANY (CAST(:pupil_nos AS int[]))
  AND version = 1;

-- name: chains(school_id, on, session, pupil_nos)
-- Every version of these pupils' entries for a session, in order.
SELECT e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at,
       nature.text AS nature, reason.text AS reason, system.text AS by_system,
       e.seq, e.made_at, e.recorded_at, s.no AS staff_no, s.name, s.position, c.client_id, e.source
FROM ledger.event e
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN ledger.text nature ON nature.school_id = e.school_id AND nature.seq = e.seq AND nature.part = 'nature'
LEFT JOIN ledger.text reason ON reason.school_id = e.school_id AND reason.seq = e.seq AND reason.part = 'reason'
LEFT JOIN ledger.text system ON system.school_id = e.school_id AND system.seq = e.seq AND system.part = 'by-system'
WHERE e.school_id = :school_id AND e.session_date = :on AND e.session = :session
  AND e.pupil_no = ANY (CAST(:pupil_nos AS int[]))
ORDER BY e.pupil_no, e.version;

-- name: session_chains(school_id, on, session, seq)
-- Every version of every pupil's entry for one session, as at a position.
SELECT e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at,
       nature.text AS nature, reason.text AS reason, system.text AS by_system,
       e.seq, e.made_at, e.recorded_at, s.no AS staff_no, s.name, s.position, c.client_id, e.source
FROM ledger.event e
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN ledger.text nature ON nature.school_id = e.school_id AND nature.seq = e.seq AND nature.part = 'nature'
LEFT JOIN ledger.text reason ON reason.school_id = e.school_id AND reason.seq = e.seq AND reason.part = 'reason'
LEFT JOIN ledger.text system ON system.school_id = e.school_id AND system.seq = e.seq AND system.part = 'by-system'
WHERE e.school_id = :school_id AND e.session_date = :on AND e.session = :session AND e.seq <= :seq
ORDER BY e.pupil_no, e.version;

-- name: pupil_chains(school_id, first, last, pupil_no, seq)
-- Every version of one pupil's entries between two dates, as at a position.
SELECT e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at,
       nature.text AS nature, reason.text AS reason, system.text AS by_system,
       e.seq, e.made_at, e.recorded_at, s.no AS staff_no, s.name, s.position, c.client_id, e.source
FROM ledger.event e
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN ledger.text nature ON nature.school_id = e.school_id AND nature.seq = e.seq AND nature.part = 'nature'
LEFT JOIN ledger.text reason ON reason.school_id = e.school_id AND reason.seq = e.seq AND reason.part = 'reason'
LEFT JOIN ledger.text system ON system.school_id = e.school_id AND system.seq = e.seq AND system.part = 'by-system'
WHERE e.school_id = :school_id AND e.session_date BETWEEN :first AND :last AND e.pupil_no = :pupil_no AND e.seq <= :seq
ORDER BY e.session_date, e.session, e.version;

-- name: amendments(school_id, seq, before, pupil_nos, staff_nos, clients, original_entries, amended_entries, first, last, made_from, made_before, recorded_from, recorded_before, lag_min, limit)
-- The audit: amendments that meet every filter given, newest first, each with the first entry of its chain.
SELECT e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at,
       nature.text AS nature, reason.text AS reason, system.text AS by_system,
       e.seq, e.made_at, e.recorded_at, s.no AS staff_no, s.name, s.position, c.client_id, e.source,
       first.code AS first_entry, e.made_at < before.made_at AS out_of_order
FROM ledger.event e
JOIN ledger.event first ON first.school_id = e.school_id AND first.session_date = e.session_date
                       AND first.session = e.session AND first.pupil_no = e.pupil_no AND first.version = 1
JOIN ledger.event before ON before.school_id = e.school_id AND before.session_date = e.session_date
                        AND before.session = e.session AND before.pupil_no = e.pupil_no AND before.version = e.version - 1
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN ledger.text nature ON nature.school_id = e.school_id AND nature.seq = e.seq AND nature.part = 'nature'
LEFT JOIN ledger.text reason ON reason.school_id = e.school_id AND reason.seq = e.seq AND reason.part = 'reason'
LEFT JOIN ledger.text system ON system.school_id = e.school_id AND system.seq = e.seq AND system.part = 'by-system'
WHERE e.school_id = :school_id AND e.version > 1 AND e.seq <= :seq AND e.seq < coalesce(CAST(:before AS bigint), e.seq + 1)
  AND (CAST(:pupil_nos AS int[]) IS NULL OR e.pupil_no = ANY (CAST(:pupil_nos AS int[])))
  AND (CAST(:staff_nos AS int[]) IS NULL OR e.staff_no = ANY (CAST(:staff_nos AS int[])))
  AND (CAST(:clients AS text[]) IS NULL OR c.client_id = ANY (CAST(:clients AS text[])))
  AND (CAST(:original_entries AS text[]) IS NULL OR e.original_code = ANY (CAST(:original_entries AS text[])))
  AND (CAST(:amended_entries AS text[]) IS NULL OR e.code = ANY (CAST(:amended_entries AS text[])))
  AND (CAST(:first AS date) IS NULL OR e.session_date >= :first)
  AND (CAST(:last AS date) IS NULL OR e.session_date <= :last)
  AND (CAST(:made_from AS timestamptz) IS NULL OR e.made_at >= :made_from)
  AND (CAST(:made_before AS timestamptz) IS NULL OR e.made_at < :made_before)
  AND (CAST(:recorded_from AS timestamptz) IS NULL OR e.recorded_at >= :recorded_from)
  AND (CAST(:recorded_before AS timestamptz) IS NULL OR e.recorded_at < :recorded_before)
  AND (CAST(:lag_min AS int) IS NULL OR CAST(e.made_at AT TIME ZONE 'Europe/London' AS date) - e.session_date >= :lag_min)
ORDER BY e.seq DESC
LIMIT :limit;

-- name: marked_dates(school_id, first, last)
-- The sessions between two dates that have an entry.
SELECT DISTINCT session_date, session
FROM ledger.event
WHERE school_id = :school_id AND session_date BETWEEN :first AND :last
ORDER BY session_date, session;

-- name: register_id(school_id)$
-- The identity of a school's register.
SELECT register_id FROM ledger.head WHERE school_id = :school_id;

-- name: nonce_keys(school_id)
-- The keys of the leaves' nonces.
SELECT academic_year, key FROM ledger.nonce_key WHERE school_id = :school_id;

-- name: stream(school_id, after, up_to)
-- Events and changes after one position and up to another, with all that their leaves commit to.
SELECT e.seq, NULL AS kind, NULL AS subject, e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code,
       e.arrived_at, e.made_at, e.recorded_at, e.source, s.commitment AS made_by, s.salt AS made_by_salt, s.name, s.position,
       c.commitment AS client, c.salt AS client_salt, c.client_id, t.texts
FROM ledger.event e
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN LATERAL (SELECT array_agg((part, commitment, salt, text)) AS texts FROM ledger.text
                   WHERE school_id = e.school_id AND seq = e.seq) t ON true
WHERE e.school_id = :school_id AND e.seq > :after AND e.seq <= :up_to
UNION ALL
SELECT e.seq, e.kind, e.subject, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, e.made_at, e.recorded_at, NULL, s.commitment, s.salt, s.name, s.position,
       c.commitment, c.salt, c.client_id, t.texts
FROM ledger.change e
LEFT JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN LATERAL (SELECT array_agg((part, commitment, salt, text)) AS texts FROM ledger.text
                   WHERE school_id = e.school_id AND seq = e.seq) t ON true
WHERE e.school_id = :school_id AND e.seq > :after AND e.seq <= :up_to
ORDER BY seq;
