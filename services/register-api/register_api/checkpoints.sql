-- name: sealed(school_id, seq)$
-- The root of a register at a position at which it was sealed.
SELECT root FROM ledger.seal WHERE school_id = :school_id AND seq = :seq;

-- name: checkpoints(below, limit)
-- Checkpoints before a number, the newest first.
SELECT size, at, closes, heads, note
FROM ledger.checkpoint
WHERE CAST(:below AS bigint) IS NULL OR size < :below
ORDER BY size DESC
LIMIT :limit;

-- name: note(size)$
-- The signed note of a checkpoint.
SELECT note FROM ledger.checkpoint WHERE size = :size;

-- name: keys()
-- The public keys that checkpoints were signed with, and from which on.
SELECT vkey, since FROM ledger.checkpoint_key ORDER BY since, vkey;

-- name: size()$
-- How many checkpoints there are.
SELECT size FROM ledger.log;
