"""What if: a recorded day is run again with other lanes, hours, shares or calling rules."""
