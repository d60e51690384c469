"""Price file: what a person's own `prices.yaml` says about models, as values and problems.

    claude-opus-5-5: {input: 3.60, output: 18, since: 2026-10-01}          a price of one's own
    qwen3-coder: {input: 0, output: 0, tier: haiku, platform: openai}      a model of one's own

Money is in USD per million tokens and becomes an exact integer of pico-dollars per token. Whatever is wrong
with a value costs only that value and becomes a `Problem`, all at once; whoever read the file knows its line.

Source: rules.md section 1.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tierwise.catalog.prices import RATE_KEYS, Override, Problem
from tierwise.core.prices import Rates
from tierwise.core.tiers import BUILT_IN

PICO_PER_USD_PER_MTOK: Final = 1_000_000
MAX_USD_PER_MTOK: Final = 10_000
"""A price above this is taken for a slip of the unit."""
MAX_TOKENS: Final = 1_000_000_000
SHOWN_CHARACTERS: Final = 40
"""How much of a value a problem repeats."""

ENTRY_KEYS: Final = (*RATE_KEYS, "long_prompt", "since", "source", "tier", "platform", "window")
LONG_KEYS: Final = ("above", *RATE_KEYS)
_DAY: Final = re.compile(r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)


def overrides_from(
    data: object, platforms: Collection[str] = (), source: str = "your prices"
) -> tuple[dict[str, Override], list[Problem]]:
    """Model name → what `data` says about it, and every problem in it at once. Never raises.

    `data` is plain: model name → mapping of `ENTRY_KEYS`, money in USD per million tokens. `platforms` are
    the words allowed under `platform` (empty: any); `source` stands for a price that names none itself.
    """
    found: dict[str, Override] = {}
    problems: list[Problem] = []
    if not isinstance(data, Mapping):
        remedy = "Write one entry a model, such as `my-model: {input: 2, output: 10}`."
        return {}, [Problem((), "the file is not a mapping of models", remedy, "not-a-mapping")]
    for name, entry in data.items():
        if isinstance(entry, Mapping):
            found[str(name)] = _Reader((str(name),), problems).entry(entry, platforms, source)
        else:
            remedy = f"Write a mapping under `{name}`, such as `{name}: {{input: 2, output: 10}}`."
            problems.append(Problem((str(name),), "is not a mapping", remedy, "not-a-mapping"))
    return found, problems


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the values under one key, and notes what is wrong with them."""

    at: tuple[str, ...]
    problems: list[Problem]

    def entry(self, entry: Mapping[str, Any], platforms: Collection[str], source: str) -> Override:
        self.check_keys(entry, ENTRY_KEYS)
        above, long = self.long_prompt(entry.get("long_prompt"))
        return Override(
            base=self.rates(entry),
            long=long,
            long_prompt_tokens=above,
            since=self.day(entry.get("since")),
            source=self.word(entry, "source") or source,
            tier=self.tier(entry),
            platform=self.platform(entry, platforms),
            window_tokens=self.tokens(entry, "window"),
        )

    def note(self, key: tuple[str, ...], problem: str, remedy: str, rule: str) -> None:
        self.problems.append(Problem((*self.at, *key), problem, remedy, rule))

    def check_keys(self, entry: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in entry:
            if key not in known:
                close = difflib.get_close_matches(str(key), known, n=1, cutoff=0.6)
                remedy = f"Did you mean `{close[0]}`?" if close else f"Known keys: {', '.join(known)}."
                self.note((str(key),), "is not a key of a price", remedy, "unknown-key")

    def rates(self, entry: Mapping[str, Any]) -> Rates:
        return Rates(**{key: self.rate(key, entry.get(key)) for key in RATE_KEYS})

    def rate(self, key: str, value: object) -> int | None:
        """Pico-dollars per token; None if it was not given, or if it is no price."""
        if value is None:
            return None
        usd = _decimal(value)
        if usd is None or not 0 <= usd <= MAX_USD_PER_MTOK:
            problem = f"{_shown(value)} is not a price from 0 to {MAX_USD_PER_MTOK:,}"
            self.note((key,), problem, "Write USD per million tokens, such as 0.50.", "price-value")
            return None
        pico = usd * PICO_PER_USD_PER_MTOK
        if pico != pico.to_integral_value():
            problem = f"{_shown(value)} is finer than a millionth of a dollar"
            self.note((key,), problem, "Write at most six decimals.", "price-value")
            return None
        return int(pico)

    def long_prompt(self, value: object) -> tuple[int | None, Rates | None]:
        if value is None:
            return None, None
        reader = _Reader((*self.at, "long_prompt"), self.problems)
        if not isinstance(value, Mapping):
            reader.note(
                (), "is not a mapping", "Write `{above: 200000, input: …, output: …}`.", "not-a-mapping"
            )
            return None, None
        reader.check_keys(value, LONG_KEYS)
        above, rates = reader.tokens(value, "above"), reader.rates(value)
        if above is None:
            if "above" not in value:
                remedy = "Add `above`, the largest prompt that still costs the base rates."
                reader.note((), "has no `above`", remedy, "price-value")
            return None, None
        return above, rates

    def tokens(self, entry: Mapping[str, Any], key: str) -> int | None:
        value = entry.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_TOKENS:
            remedy = "Write a whole number of tokens, such as 200000."
            self.note((key,), f"{_shown(value)} is not a number of tokens", remedy, "price-value")
            return None
        return value

    def day(self, value: object) -> str:
        if value is None:
            return ""
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            remedy = "Write a day such as 2026-11-01, or leave it out: then the price holds for all time."
            self.note(("since",), f"{_shown(value)} is not a day", remedy, "price-value")
            return ""
        return value

    def word(self, entry: Mapping[str, Any], key: str) -> str | None:
        value = entry.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.note((key,), f"{_shown(value)} is not a word", "Write a word.", "price-value")
            return None
        return value.strip()

    def tier(self, entry: Mapping[str, Any]) -> str | None:
        """A rung's name; a built-in one in any case or by its alias, another one as it is written."""
        word = self.word(entry, "tier")
        built_in = BUILT_IN.get(word) if word else None
        return built_in.name if built_in else word

    def platform(self, entry: Mapping[str, Any], known: Collection[str]) -> str | None:
        word = self.word(entry, "platform")
        if word is None or not known or word in known:
            return word
        close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
        remedy = f"Did you mean `{close[0]}`?" if close else f"Known platforms: {', '.join(known)}."
        self.note(("platform",), f"{_shown(word)} is not a platform", remedy, "unknown-platform")
        return None


def _decimal(value: object) -> Decimal | None:
    """The finite number that `value` stands for; None for a boolean, a word, NaN or infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def _shown(value: object) -> str:
    """The value for a message: short, in backticks; lists and mappings by their kind."""
    if isinstance(value, Mapping | list | tuple):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = str(value)
    return f"`{text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + '…'}`"
