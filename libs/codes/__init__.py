"""The law of the attendance register as data and pure functions: no clock, no I/O, nothing but the standard library."""
