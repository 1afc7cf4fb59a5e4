"""What every part stands on: money, clock, ids, refusals, lifecycles, the store."""
