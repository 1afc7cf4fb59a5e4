"""The channels that carry messages, a folder each: what a message is on its wire."""
