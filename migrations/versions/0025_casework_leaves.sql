-- Who writes the file of a whole register reads what people did about its alerts, and its notices: a school at a time.
GRANT USAGE ON SCHEMA casework TO rollbook_register;
GRANT SELECT ON casework.act, casework.notice, casework.head TO rollbook_register;
