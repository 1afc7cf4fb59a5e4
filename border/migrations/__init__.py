"""The database's history: expand, backfill, enforce."""
