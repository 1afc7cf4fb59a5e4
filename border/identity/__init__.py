"""Who asks: organisations, accounts, roles and the tokens that prove them."""
