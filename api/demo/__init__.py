"""The demonstration: its accounts and a day of traffic."""
