"""What does not fit: money without an owner, words that contradict, and who looks into it."""
