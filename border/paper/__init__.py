"""Paper: typefaces and what is set in them."""
