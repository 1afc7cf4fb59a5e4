"""What the service does in a second, beside what the same machine does without it.

Every figure stands beside two others taken in the same minutes: an empty handler on the same
server, and the same SQL statements without the program around them. The ratio is the result.
"""
