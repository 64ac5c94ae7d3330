-- Who may call: clients with their scopes and reach, and the public keys that their tokens are verified with.

CREATE SCHEMA access;
GRANT USAGE ON SCHEMA access TO rollbook_register, rollbook_analytics;

CREATE TABLE access.client (
    client_id     text        PRIMARY KEY CHECK (client_id ~ '^[A-Za-z0-9_-]+$'),
    name          text        NOT NULL,
    secret_sha256 bytea       NOT NULL CHECK (length(secret_sha256) = 32),
    scopes        text[]      NOT NULL CHECK (cardinality(scopes) > 0),
    reach_kind    text        NOT NULL CHECK (reach_kind IN ('schools', 'trust', 'authority', 'national')),
    reach         text[]      NOT NULL CHECK ((reach_kind = 'national') = (cardinality(reach) = 0)),
    created_at    timestamptz NOT NULL DEFAULT now(),
    revoked_at    timestamptz
);
GRANT SELECT ON access.client TO rollbook_register;

-- The private halves are never here: they belong to the service that issues tokens.
CREATE TABLE access.key (
    kid        text        PRIMARY KEY,
    public_jwk text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
GRANT SELECT, INSERT ON access.key TO rollbook_register;
GRANT SELECT ON access.key TO rollbook_analytics;
