"""Ballots of peak hours: entries in a window, a draw that anybody can make again, places by it."""
