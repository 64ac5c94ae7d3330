-- name: begin(place, at)!
-- A place that is new to us: nothing is there yet.
INSERT INTO ledger.deposit (place, size, at) VALUES (:place, 0, :at) ON CONFLICT DO NOTHING;

-- name: waiting(place, most)
-- Checkpoints that a place has not got yet, in order.
SELECT size, note
FROM ledger.checkpoint
WHERE size > (SELECT size FROM ledger.deposit WHERE place = :place)
ORDER BY size
LIMIT :most;

-- name: moved(place, size, at)!
-- A place has the checkpoints up to this one.
UPDATE ledger.deposit
SET size = greatest(size, CAST(:size AS bigint)), at = :at, failure = NULL
WHERE place = :place AND (size < :size OR failure IS NOT NULL);

-- name: failed(place, at, failure)!
-- A place could not be given the next one.
UPDATE ledger.deposit SET at = :at, failure = :failure WHERE place = :place;

-- name: lagging(places)
-- How many checkpoints each of the places has not got yet, and why not; in their order.
SELECT p.number, (SELECT coalesce(max(size), 0) FROM ledger.log) - coalesce(d.size, 0) AS behind, d.failure
FROM unnest(CAST(:places AS text[])) WITH ORDINALITY AS p (place, number)
LEFT JOIN ledger.deposit d ON d.place = p.place
ORDER BY p.number;
