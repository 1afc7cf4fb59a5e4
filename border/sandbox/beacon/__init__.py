"""Two randomness beacons as drand runs them: a value every few seconds, none before its time."""
