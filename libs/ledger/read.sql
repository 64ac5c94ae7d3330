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

-- name: begun(school_id, dates, sessions, first, last)
-- Those of many sessions, of dates between two, in which anybody has an entry.
SELECT wanted.on_date, wanted.session
FROM unnest(CAST(:dates AS date[]), CAST(:sessions AS text[])) AS wanted (on_date, session)
WHERE EXISTS (SELECT FROM ledger.event e
              WHERE e.school_id = :school_id AND e.session_date = wanted.on_date AND e.session = wanted.session
                AND e.session_date BETWEEN :first AND :last);

-- name: chains_among(school_id, pupil_nos, dates, sessions, first, last)
-- Every version of many entries, of any dates between two; each key is asked for once. The keys come as texts of arrays,
-- which the driver writes in a fraction of the time.
SELECT e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at,
       nature.text AS nature, reason.text AS reason, system.text AS by_system,
       e.seq, e.made_at, e.recorded_at, s.no AS staff_no, s.name, s.position, c.client_id, e.source
FROM unnest(CAST(CAST(:pupil_nos AS text) AS int[]), CAST(CAST(:dates AS text) AS date[]), CAST(CAST(:sessions AS text) AS text[]))
         AS wanted (pupil_no, on_date, session)
JOIN ledger.event e ON e.school_id = :school_id AND e.session_date = wanted.on_date AND e.session = wanted.session
                   AND e.pupil_no = wanted.pupil_no AND e.session_date BETWEEN :first AND :last
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN ledger.text nature ON nature.school_id = e.school_id AND nature.seq = e.seq AND nature.part = 'nature'
LEFT JOIN ledger.text reason ON reason.school_id = e.school_id AND reason.seq = e.seq AND reason.part = 'reason'
LEFT JOIN ledger.text system ON system.school_id = e.school_id AND system.seq = e.seq AND system.part = 'by-system'
ORDER BY e.session_date, e.session, e.pupil_no, e.version;

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

-- name: amendments(school_id, seq, before, pupil_nos, staff_nos, names, positions, clients, original_entries, amended_entries, reasons, first, last, made_from, made_before, recorded_from, recorded_before, lag_min, limit)
-- The audit: amendments that meet every filter given, newest first, each with the first entry of its chain. The page is
-- found first, and the rest of each chain for the page alone.
SELECT e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at,
       nature.text AS nature, e.reason, system.text AS by_system,
       e.seq, e.made_at, e.recorded_at, e.staff_no, e.name, e.position, e.client_id, e.source,
       chain.first_entry, e.made_at < chain.made_before AS out_of_order
FROM (
    SELECT e.*, s.name, s.position, c.client_id, reason.text AS reason
    FROM ledger.event e
    JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
    JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
    LEFT JOIN ledger.text reason ON reason.school_id = e.school_id AND reason.seq = e.seq AND reason.part = 'reason'
    WHERE e.school_id = :school_id AND e.version > 1
      AND e.seq <= :seq AND e.seq < coalesce(CAST(:before AS bigint), CAST(:seq AS bigint) + 1)
      AND (CAST(:pupil_nos AS int[]) IS NULL OR e.pupil_no = ANY (CAST(:pupil_nos AS int[])))
      AND (CAST(:staff_nos AS int[]) IS NULL OR e.staff_no = ANY (CAST(:staff_nos AS int[])))
      AND (CAST(:names AS text[]) IS NULL OR s.name = ANY (CAST(:names AS text[])))
      AND (CAST(:positions AS text[]) IS NULL OR s.position = ANY (CAST(:positions AS text[])))
      AND (CAST(:clients AS text[]) IS NULL OR c.client_id = ANY (CAST(:clients AS text[])))
      AND (CAST(:reasons AS text[]) IS NULL
           OR EXISTS (SELECT FROM unnest(CAST(:reasons AS text[])) AS wanted (words)
                      WHERE strpos(lower(reason.text), lower(wanted.words)) > 0))
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
    LIMIT :limit
) AS e
CROSS JOIN LATERAL (
    SELECT max(code) FILTER (WHERE version = 1) AS first_entry,
           max(made_at) FILTER (WHERE version = e.version - 1) AS made_before
    FROM ledger.event
    WHERE school_id = :school_id AND session_date = e.session_date AND session = e.session AND pupil_no = e.pupil_no
      AND version < e.version
) AS chain
LEFT JOIN ledger.text nature ON nature.school_id = e.school_id AND nature.seq = e.seq AND nature.part = 'nature'
LEFT JOIN ledger.text system ON system.school_id = e.school_id AND system.seq = e.seq AND system.part = 'by-system'
ORDER BY e.seq DESC;

-- name: amendment_totals(school_id, seq, pupil_nos, staff_nos, names, positions, clients, original_entries, amended_entries, reasons, first, last, made_from, made_before, recorded_from, recorded_before, lag_min, most)
-- How many amendments meet every filter given: of each kind of total the greatest, and the number of all rows of that kind.
SELECT kind, staff_no, name, position, reason, original_code, code, amendments, of
FROM (
    SELECT CASE GROUPING (e.staff_no, reason.text, e.code)
               WHEN 3 THEN 'person' WHEN 5 THEN 'reason' WHEN 6 THEN 'codes' ELSE 'all'
           END AS kind,
           e.staff_no, s.name, s.position, reason.text AS reason, e.original_code, e.code, count(*) AS amendments,
           count(*) OVER kind AS of,
           row_number() OVER (kind ORDER BY count(*) DESC, e.staff_no, reason.text, e.original_code, e.code) AS place
    FROM ledger.event e
    JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
    JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
    LEFT JOIN ledger.text reason ON reason.school_id = e.school_id AND reason.seq = e.seq AND reason.part = 'reason'
    WHERE e.school_id = :school_id AND e.version > 1 AND e.seq <= :seq
      AND (CAST(:pupil_nos AS int[]) IS NULL OR e.pupil_no = ANY (CAST(:pupil_nos AS int[])))
      AND (CAST(:staff_nos AS int[]) IS NULL OR e.staff_no = ANY (CAST(:staff_nos AS int[])))
      AND (CAST(:names AS text[]) IS NULL OR s.name = ANY (CAST(:names AS text[])))
      AND (CAST(:positions AS text[]) IS NULL OR s.position = ANY (CAST(:positions AS text[])))
      AND (CAST(:clients AS text[]) IS NULL OR c.client_id = ANY (CAST(:clients AS text[])))
      AND (CAST(:reasons AS text[]) IS NULL
           OR EXISTS (SELECT FROM unnest(CAST(:reasons AS text[])) AS wanted (words)
                      WHERE strpos(lower(reason.text), lower(wanted.words)) > 0))
      AND (CAST(:original_entries AS text[]) IS NULL OR e.original_code = ANY (CAST(:original_entries AS text[])))
      AND (CAST(:amended_entries AS text[]) IS NULL OR e.code = ANY (CAST(:amended_entries AS text[])))
      AND (CAST(:first AS date) IS NULL OR e.session_date >= :first)
      AND (CAST(:last AS date) IS NULL OR e.session_date <= :last)
      AND (CAST(:made_from AS timestamptz) IS NULL OR e.made_at >= :made_from)
      AND (CAST(:made_before AS timestamptz) IS NULL OR e.made_at < :made_before)
      AND (CAST(:recorded_from AS timestamptz) IS NULL OR e.recorded_at >= :recorded_from)
      AND (CAST(:recorded_before AS timestamptz) IS NULL OR e.recorded_at < :recorded_before)
      AND (CAST(:lag_min AS int) IS NULL OR CAST(e.made_at AT TIME ZONE 'Europe/London' AS date) - e.session_date >= :lag_min)
    GROUP BY GROUPING SETS ((), (e.staff_no, s.name, s.position), (reason.text), (e.original_code, e.code))
    WINDOW kind AS (PARTITION BY GROUPING (e.staff_no, reason.text, e.code))
) AS total
WHERE place <= :most
ORDER BY kind, place;

-- name: differences(school_id, after, up_to, pupil_nos, span_pupil_nos, span_firsts, span_ends, last, limit)
-- The entries that differ between two positions, each with every version up to the later one. Only what has an event
-- between the two can differ; a nature that was redacted on one side differs from none on the other.
WITH touched AS (
    SELECT e.session_date, e.session, e.pupil_no, min(e.version) AS first_version, max(e.version) AS last_version
    FROM ledger.event e
    WHERE e.school_id = :school_id AND e.seq > :after AND e.seq <= :up_to
      AND (CAST(:pupil_nos AS int[]) IS NULL OR e.pupil_no = ANY (CAST(:pupil_nos AS int[])))
      AND (CAST(:span_pupil_nos AS int[]) IS NULL
           OR EXISTS (SELECT FROM unnest(CAST(:span_pupil_nos AS int[]), CAST(:span_firsts AS date[]), CAST(:span_ends AS date[]))
                                  AS span (pupil_no, first, ends)
                      WHERE span.pupil_no = e.pupil_no AND e.session_date >= span.first
                        AND (span.ends IS NULL OR e.session_date < span.ends)))
      AND (CAST(:last AS bigint) IS NULL
           OR (e.session_date, e.session, e.pupil_no) > (SELECT session_date, session, pupil_no FROM ledger.event
                                                         WHERE school_id = :school_id AND seq = :last))
    GROUP BY e.session_date, e.session, e.pupil_no
), differing AS (
    SELECT t.session_date, t.session, t.pupil_no, t.last_version
    FROM touched t
    JOIN ledger.event later ON later.school_id = :school_id AND later.session_date = t.session_date
                           AND later.session = t.session AND later.pupil_no = t.pupil_no AND later.version = t.last_version
    LEFT JOIN ledger.event earlier ON earlier.school_id = :school_id AND earlier.session_date = t.session_date
                                  AND earlier.session = t.session AND earlier.pupil_no = t.pupil_no
                                  AND earlier.version = t.first_version - 1
    LEFT JOIN ledger.text later_nature ON later_nature.school_id = :school_id AND later_nature.seq = later.seq
                                      AND later_nature.part = 'nature'
    LEFT JOIN ledger.text earlier_nature ON earlier_nature.school_id = :school_id AND earlier_nature.seq = earlier.seq
                                        AND earlier_nature.part = 'nature'
    WHERE (later.code, later.arrived_at, later_nature.text, later_nature.seq IS NULL)
          IS DISTINCT FROM (earlier.code, earlier.arrived_at, earlier_nature.text, earlier_nature.seq IS NULL)
    ORDER BY t.session_date, t.session, t.pupil_no
    LIMIT :limit
)
SELECT e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code, e.arrived_at,
       nature.text AS nature, reason.text AS reason, system.text AS by_system,
       e.seq, e.made_at, e.recorded_at, s.no AS staff_no, s.name, s.position, c.client_id, e.source
FROM differing d
JOIN ledger.event e ON e.school_id = :school_id AND e.session_date = d.session_date AND e.session = d.session
                   AND e.pupil_no = d.pupil_no AND e.version <= d.last_version
JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
LEFT JOIN ledger.text nature ON nature.school_id = e.school_id AND nature.seq = e.seq AND nature.part = 'nature'
LEFT JOIN ledger.text reason ON reason.school_id = e.school_id AND reason.seq = e.seq AND reason.part = 'reason'
LEFT JOIN ledger.text system ON system.school_id = e.school_id AND system.seq = e.seq AND system.part = 'by-system'
ORDER BY e.session_date, e.session, e.pupil_no, e.version;

-- name: head(school_id)^
-- The identity of a school's register, and where its stream stands.
SELECT register_id, seq FROM ledger.head WHERE school_id = :school_id;

-- name: reach(school_id, after, limit)$
-- The position of the last of so many events after another, past those that were let go.
SELECT coalesce(max(seq), :after)
FROM (
    (SELECT seq FROM ledger.event WHERE school_id = :school_id AND seq > CAST(:after AS bigint) ORDER BY seq LIMIT :limit)
    UNION ALL
    (SELECT seq FROM ledger.change WHERE school_id = :school_id AND seq > :after ORDER BY seq LIMIT :limit)
    ORDER BY seq
    LIMIT :limit
) AS next;

-- name: gaps(school_id)
-- The runs of events that were let go: none where no year was. The act itself stands behind them all.
SELECT first, seq - 1 AS last
FROM (
    SELECT seq, lag(seq, 1, CAST(0 AS bigint)) OVER (ORDER BY seq) + 1 AS first
    FROM (SELECT seq FROM ledger.event WHERE school_id = :school_id
          UNION ALL
          SELECT seq FROM ledger.change WHERE school_id = :school_id) AS standing
) AS run
WHERE first < seq
  AND EXISTS (SELECT FROM ledger.change WHERE school_id = :school_id AND kind = 'year-retired')
ORDER BY seq;

-- name: nodes(school_id, levels, indices)
-- Stored hashes of perfect subtrees.
SELECT n.level, n.index, n.hash
FROM unnest(CAST(:levels AS smallint[]), CAST(:indices AS bigint[])) WITH ORDINALITY AS wanted (level, index, at)
JOIN ledger.node n ON n.school_id = :school_id AND n.level = wanted.level AND n.index = wanted.index
ORDER BY wanted.at;

-- name: kept_nonces(school_id, firsts, lasts)
-- Nonces, in some stretches of the stream, of entries that stayed when the key of their year was destroyed.
SELECT k.seq, k.nonce
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
JOIN ledger.kept_nonce k ON k.school_id = :school_id AND k.seq BETWEEN stretch.first AND stretch.last;

-- name: nonce_keys(school_id)
-- The keys of the leaves' nonces.
SELECT academic_year, key FROM ledger.nonce_key WHERE school_id = :school_id;

-- name: stream(school_id, firsts, lasts)
-- Events and changes of some stretches of the stream, each from a first seq to a last, with all that their leaves commit to.
-- OFFSET 0 keeps each stretch a range of the index by itself: as a join, it is taken for a third of the table.
SELECT e.seq, NULL AS kind, NULL AS subject, e.pupil_no, e.session_date, e.session, e.version, e.original_code, e.code,
       e.arrived_at, e.made_at, e.recorded_at, e.source, s.commitment AS made_by, s.salt AS made_by_salt, s.name, s.position,
       c.commitment AS client, c.salt AS client_salt, c.client_id, t.texts
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
CROSS JOIN LATERAL (SELECT * FROM ledger.event
                    WHERE school_id = :school_id AND seq BETWEEN stretch.first AND stretch.last OFFSET 0) e
JOIN ledger.staff s ON s.school_id = :school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = :school_id AND c.no = e.client_no
LEFT JOIN LATERAL (SELECT array_agg((part, commitment, salt, text)) AS texts FROM ledger.text
                   WHERE school_id = :school_id AND seq = e.seq) t ON true
UNION ALL
SELECT e.seq, e.kind, e.subject, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, e.made_at, e.recorded_at, NULL, s.commitment, s.salt, s.name, s.position,
       c.commitment, c.salt, c.client_id, t.texts
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS stretch (first, last)
CROSS JOIN LATERAL (SELECT * FROM ledger.change
                    WHERE school_id = :school_id AND seq BETWEEN stretch.first AND stretch.last OFFSET 0) e
LEFT JOIN ledger.staff s ON s.school_id = :school_id AND s.no = e.staff_no
JOIN ledger.client c ON c.school_id = :school_id AND c.no = e.client_no
LEFT JOIN LATERAL (SELECT array_agg((part, commitment, salt, text)) AS texts FROM ledger.text
                   WHERE school_id = :school_id AND seq = e.seq) t ON true
ORDER BY seq;
