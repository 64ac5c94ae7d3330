"""The book: append to a school's stream, read it, prove it. The only door to the events."""
