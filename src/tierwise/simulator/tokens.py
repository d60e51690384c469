"""Tokens: how the simulator measures text, and the canonical bytes that it measures.

A token is four bytes of UTF-8, rounded up: near enough to be plausible, simple enough to be checked by hand.

Source: research/clients.md section 2.
"""

from __future__ import annotations

from typing import Final

import msgspec

BYTES_PER_TOKEN: Final = 4


def canonical(value: object) -> bytes:
    """`value` as compact JSON with sorted keys: equal values have equal bytes."""
    return msgspec.json.encode(value, order="sorted")


def tokens_in(data: bytes | str) -> int:
    """How many tokens `data` is; 0 for nothing."""
    raw = data.encode() if isinstance(data, str) else data
    return -(-len(raw) // BYTES_PER_TOKEN)
