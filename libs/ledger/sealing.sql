-- name: waiting()
-- Registers whose head is not where they were sealed, the longest first, and whether each is new. Sandboxes are not sealed:
-- they go, and nothing that is signed refers to what goes.
SELECT h.school_id, s.school_id IS NULL AS is_new
FROM ledger.head h
LEFT JOIN ledger.sealed s ON s.school_id = h.school_id
WHERE (s.school_id IS NULL OR s.seq <> h.seq OR s.frontier <> h.frontier)
  AND NOT EXISTS (SELECT FROM register.sandbox b WHERE b.school_id = h.school_id)
ORDER BY h.recorded_at;

-- name: head(school_id)^
-- Where the stream stands. A statement of its own: what is sealed must be read after the lock.
SELECT register_id, seq, root, frontier FROM ledger.head WHERE school_id = :school_id;

-- name: covering()$
-- The checkpoint that will be the first to cover what is sealed in this transaction: signing waits for it to end.
SELECT size + 1 FROM ledger.log FOR SHARE;

-- name: begin(school_id, register_id, leaf, checkpoint, empty)!
-- A register that is new, sealed before its first event.
WITH new AS (
    INSERT INTO ledger.sealed (school_id, register_id, seq, frontier, leaf)
    VALUES (:school_id, :register_id, 0, '', :leaf)
    ON CONFLICT DO NOTHING
    RETURNING school_id
)
INSERT INTO ledger.seal (school_id, seq, checkpoint, root, contents)
SELECT school_id, 0, :checkpoint, CAST(:empty AS bytea), CAST(:empty AS bytea) FROM new;

-- name: claim(school_id)^
-- Take the register, unless another process has it.
SELECT seq, frontier FROM ledger.sealed WHERE school_id = :school_id FOR UPDATE SKIP LOCKED;

-- name: following(school_id, after)$
-- The next event that is there after a position.
SELECT least((SELECT min(seq) FROM ledger.event WHERE school_id = :school_id AND seq > :after),
             (SELECT min(seq) FROM ledger.change WHERE school_id = :school_id AND seq > :after));

-- name: counted(school_id, subjects)
-- How many events there are about these subjects so far, and their keys.
SELECT subject, events, key FROM ledger.contents WHERE school_id = :school_id AND subject = ANY (CAST(:subjects AS text[]));

-- name: count_contents(school_id, subjects, events, keys, leaves)!
-- The numbers of events that have changed, and the subjects that are new.
INSERT INTO ledger.contents (school_id, subject, events, key, leaf)
SELECT CAST(:school_id AS int), *
FROM unnest(CAST(:subjects AS text[]), CAST(:events AS int[]), CAST(:keys AS bytea[]), CAST(:leaves AS bytea[]))
ON CONFLICT (school_id, subject) DO UPDATE SET events = excluded.events, leaf = excluded.leaf;

-- name: contents(school_id)$
-- The leaves of the tree over a register's contents, laid end to end.
SELECT coalesce(string_agg(leaf, '' ORDER BY subject), '') FROM ledger.contents WHERE school_id = :school_id;

-- name: write(school_id, seq, frontier, leaf, checkpoint, root, contents, levels, indices, hashes, blocks, prints)!
-- What was found: nodes, fingerprints, the seal, and how far the register has been sealed; never one without the others.
WITH nodes AS (
    INSERT INTO ledger.node (school_id, level, index, hash)
    SELECT CAST(:school_id AS int), *
    FROM unnest(CAST(:levels AS smallint[]), CAST(:indices AS bigint[]), CAST(:hashes AS bytea[]))
    -- Covers of what had been let go came with the register.
    ON CONFLICT DO NOTHING
), fingerprints AS (
    INSERT INTO ledger.fingerprint AS stands (school_id, block, prints)
    SELECT CAST(:school_id AS int), * FROM unnest(CAST(:blocks AS bigint[]), CAST(:prints AS bytea[]))
    ON CONFLICT (school_id, block) DO UPDATE SET prints = stands.prints || excluded.prints
), seal AS (
    INSERT INTO ledger.seal (school_id, seq, checkpoint, root, contents)
    VALUES (:school_id, CAST(:seq AS bigint), :checkpoint, :root, :contents)
)
UPDATE ledger.sealed SET seq = :seq, frontier = :frontier, leaf = :leaf, failure = NULL WHERE school_id = :school_id;

-- name: fail(school_id, failure)!
-- Say of a register that it cannot be sealed, and why.
UPDATE ledger.sealed SET failure = :failure WHERE school_id = :school_id;

-- name: failing()$
-- How many registers cannot be sealed.
SELECT count(*) FROM ledger.sealed WHERE failure IS NOT NULL;
