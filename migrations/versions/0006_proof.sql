-- What proves the register to others. All of it is computed from the events by whoever seals a register and signs a
-- checkpoint; ADR 7 says how the trees stand on one another.

-- Roots of perfect subtrees of a register's tree: 2^level leaves, the index-th of its level. Level 5 and up, so that a
-- proof reads 32 leaves and no more; below that only where leaves have been let go.
CREATE TABLE ledger.node (
    school_id int      NOT NULL,
    level     smallint NOT NULL CHECK (level BETWEEN 0 AND 62),
    index     bigint   NOT NULL CHECK (index >= 0),
    hash      bytea    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (school_id, level, index)
);

-- The first four bytes of each leaf's hash, 256 leaves a row. They prove nothing: they name the event when a root differs.
CREATE TABLE ledger.fingerprint (
    school_id int    NOT NULL,
    block     bigint NOT NULL CHECK (block >= 0),
    prints    bytea  NOT NULL CHECK (length(prints) % 4 = 0 AND length(prints) <= 1024),
    PRIMARY KEY (school_id, block)
);

-- How many events there are about each subject of a register: `pupil:12/2026-27` the entries of a pupil in an academic
-- year, every other subject that of its changes. Under the key a leaf of the tree over them cannot be guessed.
CREATE TABLE ledger.contents (
    school_id int   NOT NULL,
    subject   text  COLLATE "C" NOT NULL,
    events    int   NOT NULL CHECK (events > 0),
    key       bytea NOT NULL CHECK (length(key) = 16),
    leaf      bytea NOT NULL CHECK (length(leaf) = 32),
    PRIMARY KEY (school_id, subject)
);

-- How far a register has been sealed, and the hash that stands for it in the tree over all registers. No pupil is in it:
-- a checkpoint reads every row.
CREATE TABLE ledger.sealed (
    school_id   int    PRIMARY KEY,
    register_id uuid   NOT NULL,
    seq         bigint NOT NULL CHECK (seq >= 0),
    frontier    bytea  NOT NULL CHECK (length(frontier) % 32 = 0),
    leaf        bytea  NOT NULL CHECK (length(leaf) = 32),
    failure     text
) WITH (fillfactor = 50);

-- Each sealing of a register: what stood at its position, and the first checkpoint that covers it. No pupil is in it: how
-- all registers stood at a checkpoint is read from here.
CREATE TABLE ledger.seal (
    school_id  int    NOT NULL,
    seq        bigint NOT NULL CHECK (seq >= 0),
    checkpoint bigint NOT NULL CHECK (checkpoint > 0),
    root       bytea  NOT NULL CHECK (length(root) = 32),
    contents   bytea  NOT NULL CHECK (length(contents) = 32),
    PRIMARY KEY (school_id, seq)
);
CREATE INDEX seal_checkpoint ON ledger.seal (school_id, checkpoint, seq);

-- The signed checkpoints, numbered from 1: the size of the log that holds one leaf for each. `nodes` are the roots of the
-- perfect subtrees of the log that a leaf completes, from level 1 up, laid end to end.
CREATE TABLE ledger.checkpoint (
    size   bigint      PRIMARY KEY CHECK (size > 0),
    at     timestamptz NOT NULL,
    closes date,
    heads  int         NOT NULL CHECK (heads >= 0),
    root   bytea       NOT NULL CHECK (length(root) = 32),
    leaf   bytea       NOT NULL CHECK (length(leaf) = 32),
    nodes  bytea       NOT NULL CHECK (length(nodes) % 32 = 0),
    note   text        NOT NULL
);

-- One row: the log's name and where it stands. Sealing shares its lock, signing takes it whole: a seal is in the checkpoint
-- that it names.
CREATE TABLE ledger.log (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    origin   text    NOT NULL CHECK (origin ~ '^[^ +]+$'),
    size     bigint  NOT NULL DEFAULT 0 CHECK (size >= 0),
    frontier bytea   NOT NULL DEFAULT '' CHECK (length(frontier) % 32 = 0)
);

-- The public keys that checkpoints were signed with, from which on.
CREATE TABLE ledger.checkpoint_key (
    vkey  text   PRIMARY KEY,
    since bigint NOT NULL
);

-- How far the checkpoints have been deposited outside, by place.
CREATE TABLE ledger.deposit (
    place   text        PRIMARY KEY,
    size    bigint      NOT NULL CHECK (size >= 0),
    at      timestamptz NOT NULL,
    failure text
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['node', 'fingerprint', 'contents', 'sealed', 'seal', 'checkpoint', 'log', 'checkpoint_key', 'deposit'] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON ledger.%I TO rollbook_register', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['node', 'seal', 'checkpoint', 'checkpoint_key'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I FOR EACH ROW EXECUTE FUNCTION ledger.refuse()', t);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['node', 'fingerprint', 'contents'] LOOP
        EXECUTE format('ALTER TABLE ledger.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY of_the_school ON ledger.%I '
                       'USING (school_id = nullif(current_setting(''app.school_id'', true), '''')::int)', t);
    END LOOP;
END
$$;
GRANT UPDATE (prints) ON ledger.fingerprint TO rollbook_register;
GRANT UPDATE (events, leaf) ON ledger.contents TO rollbook_register;
GRANT UPDATE (seq, frontier, leaf, failure) ON ledger.sealed TO rollbook_register;
GRANT UPDATE (size, frontier) ON ledger.log TO rollbook_register;
GRANT UPDATE (size, at, failure) ON ledger.deposit TO rollbook_register;
