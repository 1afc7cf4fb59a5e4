"""Changing the hour, the truck or the driver of a live booking: what was paid stays with it."""
