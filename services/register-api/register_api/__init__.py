"""Take the register: marks, amendments, roll, calendars, and the audit of all of them."""
