-- name: writers(names, positions, school_id, years, client_id)^
-- Those who are about to write, as far as they are known: the client, the staff, and the nonce keys of the years.
SELECT
    c.no AS client_no,
    c.commitment AS client,
    (SELECT array_agg((s.no, s.commitment, s.name, s.position))
     FROM unnest(CAST(:names AS text[]), CAST(:positions AS text[])) AS wanted (name, position)
     JOIN ledger.staff s ON s.school_id = :school_id AND s.name = wanted.name AND s.position = wanted.position) AS staff,
    (SELECT array_agg((k.academic_year, k.key))
     FROM ledger.nonce_key k
     WHERE k.school_id = :school_id AND k.academic_year = ANY (CAST(:years AS smallint[]))) AS keys
FROM (VALUES (1)) AS always
LEFT JOIN ledger.client c ON c.school_id = :school_id AND c.client_id = :client_id;

-- name: intern_client(school_id, salt, commitment, client_id)$
-- A client that writes to this register for the first time. The lock on the head keeps two from taking one number.
INSERT INTO ledger.client (school_id, no, salt, commitment, client_id)
SELECT CAST(:school_id AS int), coalesce(max(no), 0) + 1, CAST(:salt AS bytea), CAST(:commitment AS bytea), CAST(:client_id AS text)
FROM ledger.client WHERE school_id = :school_id
RETURNING no;

-- name: intern_staff(school_id, names, positions, salts, commitments)
-- Persons who write to this register for the first time, numbered in the order given.
INSERT INTO ledger.staff (school_id, no, salt, commitment, name, position)
SELECT :school_id, last.no + wanted.at, wanted.salt, wanted.commitment, wanted.name, wanted.position
FROM unnest(CAST(:names AS text[]), CAST(:positions AS text[]), CAST(:salts AS bytea[]), CAST(:commitments AS bytea[]))
         WITH ORDINALITY AS wanted (name, position, salt, commitment, at),
     (SELECT coalesce(max(no), 0) AS no FROM ledger.staff WHERE school_id = :school_id) AS last
ORDER BY wanted.at
RETURNING no, name, position;

-- name: add_nonce_keys(school_id, years, keys)!
-- The keys of academic years that this register writes to for the first time.
INSERT INTO ledger.nonce_key (school_id, academic_year, key)
SELECT :school_id, * FROM unnest(CAST(:years AS smallint[]), CAST(:keys AS bytea[]));
