"""The simulator: an embedded provider, deterministic and without keys, for demo and tests."""
