-- name: settings()$
-- For one transaction: as long as it takes, and dates and instants in the one form.
SELECT set_config('transaction_timeout', '0', true) || set_config('datestyle', 'ISO, YMD', true)
       || set_config('timezone', 'UTC', true);

-- name: described(school_id)^
-- The head of a register, and what its school is called.
SELECT h.register_id, h.seq, h.root, h.recorded_at, f.urn, f.name
FROM ledger.head h
LEFT JOIN LATERAL (SELECT urn, name FROM register.school_facts
                   WHERE school_id = h.school_id ORDER BY seq DESC LIMIT 1) f ON true
WHERE h.school_id = :school_id;

-- name: nonce_keys(school_id)
-- The keys of the leaves' nonces, by academic year.
SELECT academic_year, key FROM ledger.nonce_key WHERE school_id = :school_id ORDER BY academic_year;

-- name: nodes(school_id)
-- What is kept of the tree: among it, what covers the leaves that were let go.
SELECT level, index, hash FROM ledger.node WHERE school_id = :school_id ORDER BY index << level, level DESC;

-- name: contents(school_id, after, limit)
-- The keys of the tree over subjects, in the order of the subjects, and how many events of each have been let go.
SELECT c.subject, c.key,
       CASE WHEN y.first_day IS NULL THEN 0 ELSE c.events - (
           SELECT count(*) FROM ledger.event e
           WHERE e.school_id = c.school_id AND e.session_date >= y.first_day AND e.session_date < y.first_day + interval '1 year'
             AND e.pupil_no = CAST(substring(c.subject FROM '^pupil:([0-9]+)/') AS int)) END AS let_go
FROM ledger.contents c
LEFT JOIN LATERAL (SELECT make_date(CAST(substring(r.subject FROM 6 FOR 4) AS int), 8, 1) AS first_day FROM ledger.change r
                   WHERE r.school_id = c.school_id AND r.kind = 'year-retired'
                     AND r.subject = 'year:' || substring(c.subject FROM '^pupil:[0-9]+/(.*)$') LIMIT 1) y ON true
WHERE c.school_id = :school_id AND c.subject > CAST(:after AS text) COLLATE "C"
ORDER BY c.subject
LIMIT :limit;

-- name: fingerprints(school_id, after, limit)
-- The first four bytes of the leaves' hashes, block by block.
SELECT block, prints FROM ledger.fingerprint
WHERE school_id = :school_id AND block > CAST(:after AS bigint)
ORDER BY block
LIMIT :limit;

-- name: urns(school_id)
-- Every URN that the register answers to.
SELECT urn FROM register.urn WHERE school_id = :school_id ORDER BY urn;

-- name: reference(school_id, after, up_to)
-- What the changes after one position and up to another said, as rows, in the order of the changes.
SELECT "table", CAST(said AS text) AS said
FROM (
    SELECT seq, 'calendar' AS "table", to_jsonb(r) - 'school_id' AS said
    FROM register.calendar r WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
    UNION ALL
    SELECT seq, 'closure', to_jsonb(r) - 'school_id'
    FROM register.closure r WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
    UNION ALL
    SELECT seq, 'placing', to_jsonb(r) - 'school_id'
    FROM register.placing r WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
    UNION ALL
    SELECT seq, 'planned_absence', to_jsonb(r) - 'school_id'
    FROM register.planned_absence r WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
    UNION ALL
    SELECT seq, 'policy', to_jsonb(r) - 'school_id'
    FROM register.policy r WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
    UNION ALL
    SELECT seq, 'pupil', to_jsonb(r) - 'school_id'
    FROM register.pupil r WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
    UNION ALL
    SELECT seq, 'pupil_id', to_jsonb(r) - 'school_id'
    FROM register.pupil_id r WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
    UNION ALL
    SELECT seq, 'school_facts', to_jsonb(r) - 'school_id'
    FROM register.school_facts r WHERE school_id = :school_id AND seq > :after AND seq <= :up_to
) every
ORDER BY seq, "table" COLLATE "C", CAST(said AS text) COLLATE "C";

-- name: kept_nonces(school_id, after, limit)
-- The nonces that outlived their keys.
SELECT seq, nonce FROM ledger.kept_nonce WHERE school_id = :school_id AND seq > :after ORDER BY seq LIMIT :limit;

-- name: holds(school_id)
-- The legal holds, and their liftings.
SELECT to_jsonb(h) - 'school_id' AS said FROM register.hold h WHERE school_id = :school_id ORDER BY no;

-- name: casework_head(school_id)$
-- How many rows of casework the school has ever had.
SELECT CAST(jsonb_build_object('table', 'head', 'row', jsonb_build_object('no', no)) AS text)
FROM casework.head WHERE school_id = :school_id;

-- name: casework(school_id, after, limit)
-- What people did about alerts, and the notices, in the order in which they were kept.
SELECT no, CAST(jsonb_build_object('table', "table", 'row', said) AS text) AS said
FROM ((SELECT no, 'act' AS "table", to_jsonb(a) - 'school_id' AS said
       FROM casework.act a WHERE school_id = :school_id AND no > CAST(:after AS bigint) ORDER BY no LIMIT :limit)
      UNION ALL
      (SELECT no, 'notice', to_jsonb(n) - 'school_id'
       FROM casework.notice n WHERE school_id = :school_id AND no > CAST(:after AS bigint) ORDER BY no LIMIT :limit)) AS each
ORDER BY no
LIMIT :limit;
