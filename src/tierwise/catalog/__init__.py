"""The catalog: which models exist, on which tier they stand, and what they cost since when."""
