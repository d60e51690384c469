"""Figures: money, shares and counts as a person reads them, and foreign text made safe to print.

Names of skills and models are other people's text: what could move a cursor, turn the writing direction or
break a line is printed as a space.

Source: rules.md section 10; research/platform.md section F.
"""

from __future__ import annotations

from typing import Final

from tierwise.core.prices import NANO_PER_USD

NANO_DIGITS: Final = 9
MILLI_USD: Final = NANO_PER_USD // 1_000


def dollars(nanousd: int) -> str:
    """`$1,234.50`, `$0.615`; less than a tenth of a cent with two significant digits: `$0.00042`."""
    size = abs(nanousd)
    if size >= NANO_PER_USD:
        places = 2
    elif size >= MILLI_USD or size == 0:
        places = 3
    else:
        places = min(NANO_DIGITS, NANO_DIGITS + 2 - len(str(size)))
    sign = "-" if nanousd < 0 else ""
    return f"{sign}${size / NANO_PER_USD:,.{places}f}"


def saved_percent(actual_nanousd: int, would_nanousd: int) -> str | None:
    """What `actual` saves of `would`: `66.2%`, negative where it costs more; None if `would` is nothing."""
    if would_nanousd <= 0:
        return None
    tenths = round(1_000 * (would_nanousd - actual_nanousd) / would_nanousd)
    return f"{tenths / 10:.1f}%"


def counted(number: int, noun: str) -> str:
    """`1 call`, `1,200 calls`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str) -> str:
    """The text on one line, without control, format or unpaired surrogate characters."""
    return "".join(char if char.isprintable() else " " for char in text)


def clipped(text: str, width: int) -> str:
    """The printable text in at most `width` characters, an ellipsis where something was cut off."""
    shown = printable(text)
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"
