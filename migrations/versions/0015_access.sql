-- A secret that was rotated is good for a while beside the new one.
ALTER TABLE access.client
    ADD COLUMN previous_sha256 bytea CHECK (length(previous_sha256) = 32),
    ADD COLUMN previous_until timestamptz,
    ADD CONSTRAINT previous_secret_ends CHECK ((previous_sha256 IS NULL) = (previous_until IS NULL));

-- Whose tokens are refused, whatever they say: every service asks, and sees nothing else of the clients.
CREATE VIEW access.revoked AS SELECT client_id, revoked_at FROM access.client WHERE revoked_at IS NOT NULL;
GRANT SELECT ON access.revoked TO rollbook_register, rollbook_analytics;
