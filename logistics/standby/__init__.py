"""The live queue: trucks that came to the yard without a booking, until an hour has room."""
