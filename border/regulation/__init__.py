"""Rules that change by date: written by one person, approved by another, in force by day."""
