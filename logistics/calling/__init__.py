"""Calling trucks from the yard to the barrier: in which order, by whom, and what each is told."""
