"""What an hour can hold and why: limits with their reasons, and who is displaced by them."""
