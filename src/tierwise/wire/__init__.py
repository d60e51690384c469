"""The wire: provider protocols read without changing a byte that need not change."""
