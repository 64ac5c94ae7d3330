-- The service that gives figures of pupils records who reads them; it sees no such row itself.
GRANT INSERT ON access.pupil_read TO rollbook_analytics;
