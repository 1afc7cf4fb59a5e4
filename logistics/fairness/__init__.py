"""What a firm may take of the hours: the ladder of its faults, and what stands on it."""
