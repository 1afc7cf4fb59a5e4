"""The day list of a booth: who is expected in which hour, on paper too."""
