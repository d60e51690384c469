"""The pure heart: values and rules. No I/O, no clock, no randomness; facts come in as arguments."""
