"""Files that people and other systems send: their bytes as text, their lines as rows.

What a row means is said by whoever asked for it; nothing here knows a statement or a declaration.
"""
