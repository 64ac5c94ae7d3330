-- An audit reads the amendments of a school, which are one in fifty of its events, newest first.
CREATE INDEX event_amended ON ledger.event (school_id, seq) WHERE version > 1;
