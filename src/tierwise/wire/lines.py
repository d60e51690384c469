"""Lines: a stream of bytes, cut wherever, in lines; and never more than one line is kept.

A line ends with LF, CR or both, as the event-stream format has it. Where a chunk ends between the two there
is an empty line more, which says nothing.

Source: rules.md section 11; style.md, "Limits".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

LINE_BYTES_MAX: Final = 1 << 20
"""A longer line is passed over and not kept: no event with usage comes near it."""


class Lines:
    """Cuts a stream into lines wherever its chunks were cut. A line that grows too long is left out."""

    def __init__(self, bytes_max: int = LINE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._parts: list[bytes] = []
        self._size = 0
        self._too_long = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk ends, without their ends."""
        if b"\n" not in chunk and b"\r" not in chunk:
            self._keep(chunk)
            return []
        lines = _split(b"".join([*self._parts, chunk]) if self._parts else chunk)
        if self._too_long:
            del lines[0]
        self._parts, self._size, self._too_long = [], 0, False
        if rest := lines.pop():
            self._keep(rest)
        return [line for line in lines if len(line) <= self._bytes_max]

    def _keep(self, part: bytes) -> None:
        """Keep the beginning of a line; of one that is too long, only the knowledge that it is."""
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._bytes_max:
            self._parts, self._size, self._too_long = [], 0, True


class Events:
    """Cuts an event stream into its data lines, each with the name of its event; b"" where it has none."""

    def __init__(self, bytes_max: int = LINE_BYTES_MAX) -> None:
        self._lines = Lines(bytes_max)
        self._name = b""

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bytes]]:
        """(name, data) of every data line that this chunk ends; to be read to its end."""
        for line in self._lines.feed(chunk):
            if not line:
                self._name = b""
            elif line.startswith(b"data:"):
                yield self._name, line[5:]
            elif line.startswith(b"event:"):
                self._name = line[6:].strip()


def _split(data: bytes) -> list[bytes]:
    """Its lines, the last one unfinished: what stands behind the last line end, often nothing."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.split(b"\n")
