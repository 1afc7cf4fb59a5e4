"""The cash desk: shifts, what each counted, and what was missing."""
