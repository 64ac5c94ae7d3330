"""The history of the database's shape: forward only, in SQL."""
