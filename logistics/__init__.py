"""The truck, its hour and its passage: slots, bookings, slips, scans, the figures of the gate."""
