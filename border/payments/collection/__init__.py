"""How what is owed comes in: payments, attempts, the inbox, and the one door for evidence."""
