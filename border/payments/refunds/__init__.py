"""Money given back: asked for, approved by a second person, sent, and followed to its end."""
