"""What the person who tries the merchant's side sees and may do at the sandbox."""
