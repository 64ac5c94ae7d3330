-- name: covers(school_id, firsts, lasts)
-- What stands for leaves that have been let go, in some stretches of the stream: nodes below those that are kept anyway.
SELECT n.level, n.index, n.hash
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS span (first, last)
JOIN ledger.node n ON n.school_id = :school_id AND n.level < 5
                  AND (n.index << n.level) + 1 >= span.first AND (n.index + 1) << n.level <= span.last;

-- name: prints(school_id, blocks)
-- What the hashes of leaves began with when they were sealed, 256 leaves a row.
SELECT block, prints FROM ledger.fingerprint WHERE school_id = :school_id AND block = ANY (CAST(:blocks AS bigint[]));
