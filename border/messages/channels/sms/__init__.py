"""SMS, by eSMS."""
