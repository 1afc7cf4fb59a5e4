"""Places that were booked and not used: noted behind the bookings, excused or appealed."""
