"""Files in: a reader for each format, all giving the same rows, and what is kept of each file.

What a file says is read here; whether it can be right is `customs.checking`'s, what becomes of it
the drafting's and the lodging's.
"""
