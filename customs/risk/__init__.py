"""Which declarations are most likely to differ from what was declared, learned from inspections."""
