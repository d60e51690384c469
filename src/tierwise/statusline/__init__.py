"""The status line: a program of its own, which starts in a few milliseconds."""
