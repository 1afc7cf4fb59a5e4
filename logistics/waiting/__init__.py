"""Waiting for a full hour: who waits, the draw of places that come back, and offers."""
