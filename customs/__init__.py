"""The goods and their release: gate declarations, the agencies' clearances, selectivity."""
