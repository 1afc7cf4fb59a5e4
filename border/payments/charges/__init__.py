"""What is owed: assessed once, settled, voided, waived; and what lets a subject pass."""
