"""Telling people: occasions and their texts, the outbox, and the channels that carry messages."""
