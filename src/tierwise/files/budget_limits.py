"""Limits as people write them: `5usd`, `$5`, `200ktokens`, `45messages`, `80%`, `none tokens`.

Source: rules.md section 4.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from tierwise.core.budgets import BudgetUnit
from tierwise.core.prices import NANO_PER_USD
from tierwise.files.patterns import any_case

FORMS: Final = "5usd, 200ktokens, 45messages, 80% or none"
MOST: Final[dict[BudgetUnit, int]] = {
    "usd": 10**9 * NANO_PER_USD,
    "tokens": 10**15,
    "messages": 10**12,
    "percent": 100,
}
"""The largest limit of each unit, in that unit (dollars as nano-dollars); it fits into 64 bits."""
_UNITS: Final[dict[str, BudgetUnit]] = {
    "usd": "usd", "$": "usd", "dollar": "usd", "dollars": "usd",
    "token": "tokens", "tokens": "tokens",
    "message": "messages", "messages": "messages",
    "%": "percent", "percent": "percent",
}  # fmt: skip
_TIMES: Final = {"": 1, "k": 1_000, "m": 1_000_000}
_WORDS: Final = "|".join(re.escape(word) for word in _UNITS)
_AMOUNT: Final = re.compile(
    r"(?P<sign>\$?)\s*(?P<number>\d{1,18}(?:[_,]\d{3})*(?:\.\d{1,12})?)\s*"
    rf"(?P<times>[km]?)\s*(?P<unit>(?:{_WORDS})?)",
    re.ASCII,
)
_WRITTEN: Final = r"\d{1,18}(?:[_,]\d{3})*(?:\.\d{1,12})?\s*[kKmM]?\s*"
AMOUNT_PATTERN: Final = (
    rf"\$?\s*{_WRITTEN}(?:{any_case(_UNITS)})|\$\s*{_WRITTEN}"
    rf"|(?:{any_case(('none', 'null', 'unlimited'))})(?:\s+(?:{any_case(_UNITS)}))?"
)
"""A limit as it is written, as a pattern that needs no flags."""
_NONE: Final = re.compile(r"(?:none|null|unlimited)(?:\s+(?P<unit>[a-z]+))?", re.ASCII)


def limit_of(text: str) -> tuple[BudgetUnit, int | None]:
    """Unit and limit that `text` means: nano-dollars, tokens, messages or whole percent; None only tracks.

    Raises ValueError with what is wrong, for a person.
    """
    words = " ".join(text.lower().split())  # a pattern with many optional gaps is slow on long ones
    if nothing := _NONE.fullmatch(words):
        return _unit(nothing["unit"] or "usd"), None
    found = _AMOUNT.fullmatch(words)
    if found is None:
        raise ValueError("is no limit")
    unit = _unit(found["unit"] or found["sign"])
    if found["sign"] and unit != "usd":
        raise ValueError("has two units")
    scale = _TIMES[found["times"]] * (NANO_PER_USD if unit == "usd" else 1)
    amount = Decimal(re.sub("[_,]", "", found["number"])) * scale
    if amount != int(amount):
        raise ValueError("is finer than what is counted")
    if amount > MOST[unit] or (unit == "percent" and amount < 1):
        raise ValueError("is out of range")
    return unit, int(amount)


def limit_text(unit: BudgetUnit, limit: int | None) -> str:
    """The limit as it is written in the file; `limit_of` reads it back."""
    if limit is None:
        return "none" if unit == "usd" else f"none {unit}"
    match unit:
        case "usd":
            return f"{_plain(Decimal(limit) / NANO_PER_USD)}usd"
        case "tokens" if limit and limit % 1_000 == 0:
            return f"{limit // 1_000}ktokens"
        case "percent":
            return f"{limit}%"
        case _:
            return f"{limit}{unit}"


def _unit(word: str) -> BudgetUnit:
    if not word:
        raise ValueError("has no unit")
    if word not in _UNITS:
        raise ValueError("has a unit that is not known")
    return _UNITS[word]


def _plain(number: Decimal) -> str:
    """Without exponent and without zeros behind the point."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
