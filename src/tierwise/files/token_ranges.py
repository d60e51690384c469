"""Token ranges: `2000-5000`, `2k-5k`, `8000`; read only where they can mean one thing.

Source: rules.md section 2; seed A§2.4.
"""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = r"([0-9]{1,3}(?:[,_][0-9]{3}){1,3}|[0-9]{1,12}|[0-9]{1,6}(?:\.[0-9]{1,3})?[kK])"
RANGE_PATTERN: Final = rf"{_NUMBER}(?:\s*[-–]\s*{_NUMBER})?"
"""A range as it is written, as a pattern; `k` stands for thousands."""
_RANGE: Final = re.compile(RANGE_PATTERN, re.IGNORECASE)
_SMALLEST_PLAIN: Final = 1_000
"""Before a high end in thousands, a plain low end must be at least this: `2-5k` may mean 2 or 2000."""


def range_of(text: str) -> tuple[int, int] | None:
    """(low, high) as written, also if it falls; a single number is both. None if it is no range."""
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        return None
    low, high = found[1].lower(), (found[2] or found[1]).lower()
    if high.endswith("k") and not low.endswith("k") and 0 < _count(low) < _SMALLEST_PLAIN:
        return None
    return _count(low), _count(high)


def _count(number: str) -> int:
    if number.endswith("k"):
        whole, _, part = number[:-1].partition(".")
        return int(whole) * 1000 + int(part.ljust(3, "0"))
    return int(re.sub("[,_]", "", number))
