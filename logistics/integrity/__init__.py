"""What shows whether hours are given and trucks called as the rules say: K20 and K21."""
