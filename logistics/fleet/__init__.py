"""A firm's trucks and drivers: kept where entered, remembered where it has booked with them."""
