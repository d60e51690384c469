"""Streams: what a terminal's encoding cannot say is written as an escape, instead of ending the program.

A name that is no UTF-8, or an arrow on a terminal that speaks Latin-1, is no reason to lose the answer.

Source: design.md, "The shape".
"""

from __future__ import annotations

import io
import sys


def write_anything() -> None:
    """Let stdout and stderr escape the characters that they cannot encode."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
