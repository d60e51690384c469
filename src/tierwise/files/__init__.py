"""Files that people write: text becomes values and findings here, and nobody checks again after that."""
