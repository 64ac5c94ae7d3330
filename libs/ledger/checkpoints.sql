-- name: open_log(origin)!
-- The log under its name, unless there is one.
INSERT INTO ledger.log (origin) VALUES (:origin) ON CONFLICT DO NOTHING;

-- name: origin()$
-- The name of the log.
SELECT origin FROM ledger.log;

-- name: lock_log()^
-- Wait for the seals under way, and keep others from signing.
SELECT origin, size, frontier FROM ledger.log FOR UPDATE;

-- name: last()^
-- The last checkpoint, the last day that one closed, and when the first was.
SELECT size, at, root,
       (SELECT closes FROM ledger.checkpoint WHERE closes IS NOT NULL ORDER BY size DESC LIMIT 1) AS closed,
       (SELECT at FROM ledger.checkpoint WHERE size = 1) AS first_at
FROM ledger.checkpoint
ORDER BY size DESC
LIMIT 1;

-- name: heads(register_id)^
-- The leaves of the tree over all registers as they are sealed now, laid end to end, and how many stand before one.
SELECT coalesce(string_agg(leaf, '' ORDER BY register_id), '') AS leaves,
       count(*) FILTER (WHERE register_id < :register_id) AS before
FROM ledger.sealed;

-- name: heads_at(register_id, size)^
-- The same as it was at a checkpoint: each leaf is hashed anew from the last seal that the checkpoint covers.
SELECT coalesce(string_agg(sha256(decode('00', 'hex') || convert_to(format(
                    '{"contents":"%s","register":"%s","root":"%s","seq":%s,"v":1}',
                    encode(l.contents, 'hex'), s.register_id, encode(l.root, 'hex'), l.seq), 'UTF8')),
                '' ORDER BY s.register_id), '') AS leaves,
       count(*) FILTER (WHERE s.register_id < :register_id) AS before
FROM ledger.sealed s
JOIN LATERAL (SELECT seq, root, contents FROM ledger.seal
              WHERE school_id = s.school_id AND checkpoint <= :size
              ORDER BY checkpoint DESC, seq DESC LIMIT 1) l ON true;

-- name: sign(size, at, closes, heads, root, leaf, nodes, note, frontier, vkeys)!
-- A checkpoint, the log that has it as its last leaf, and the keys that are seen for the first time.
WITH checkpoint AS (
    INSERT INTO ledger.checkpoint (size, at, closes, heads, root, leaf, nodes, note)
    VALUES (CAST(:size AS bigint), :at, :closes, :heads, :root, :leaf, :nodes, :note)
), keys AS (
    INSERT INTO ledger.checkpoint_key (vkey, since)
    SELECT vkey, :size FROM unnest(CAST(:vkeys AS text[])) AS vkey
    ON CONFLICT DO NOTHING
)
UPDATE ledger.log SET size = :size, frontier = :frontier;

-- name: checkpoint(size)^
-- A checkpoint; the last one without a size.
SELECT size, at, closes, heads, root, note, size = (SELECT size FROM ledger.log) AS is_last
FROM ledger.checkpoint
WHERE CAST(:size AS bigint) IS NULL OR size = :size
ORDER BY size DESC
LIMIT 1;

-- name: sealed_by(school_id, size)^
-- The last seal of a register that a checkpoint covers.
SELECT s.register_id, l.seq, l.root, l.contents
FROM ledger.seal l
JOIN ledger.sealed s ON s.school_id = l.school_id
WHERE l.school_id = :school_id AND l.checkpoint <= :size
ORDER BY l.checkpoint DESC, l.seq DESC
LIMIT 1;

-- name: log_nodes(levels, indices)
-- Roots of perfect subtrees of the log, each kept with the leaf that completed it; those of level 0 are the leaves.
SELECT n.level, n.index,
       CASE n.level WHEN 0 THEN c.leaf ELSE substring(c.nodes FROM 32 * n.level - 31 FOR 32) END AS hash
FROM unnest(CAST(:levels AS int[]), CAST(:indices AS bigint[])) AS n (level, index)
JOIN ledger.checkpoint c ON c.size = (n.index + 1) << n.level;
