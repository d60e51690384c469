"""A batch, as lines for a person and as JSON: N items in one call against N calls, cached or not.

Source: rules.md sections 6 and 8; seed A§6.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tierwise.cli.pattern_subject import (
    CALL_WORDS,
    Subject,
    head_json,
    head_lines,
    range_json,
    range_words,
    unpriced_lines,
)
from tierwise.core.batches import BatchCost, Item, batch_cost, counts_that_pay, items_of, most_items
from tierwise.core.figures import counted, dollars
from tierwise.core.prices import usd
from tierwise.core.skills import TokenRange
from tierwise.core.token_counts import first_scale
from tierwise.files.frontmatter import read_page
from tierwise.files.text_files import read_text

COUNTS: Final = (2, 5, 10, 20, 50)
"""Sizes of batch to show."""

Ends = tuple[BatchCost, BatchCost]
"""Small items and large ones."""


@dataclass(frozen=True, slots=True)
class BatchPlanned:
    """A batch for a subject; `count` is how many items the caller named, if any."""

    subject: Subject
    count: int | None
    beside_tokens: int = 0

    def items(self) -> tuple[Item, Item]:
        """A small and a large item."""
        return items_of(self.subject.sizes, self._text_tokens(), self.beside_tokens)

    def costs(self, count: int) -> Ends | None:
        """What so many items cost; None where a price is not known."""
        cheap, top = self.subject.cheap_card, self.subject.top_card
        if cheap is None or top is None:
            return None
        small, large = (batch_cost(item, count, cheap, top, self.subject.sizes.ttl) for item in self.items())
        return (small, large) if small is not None and large is not None else None

    def fits(self) -> int:
        """How many of the larger items fit into one call."""
        cards = [card for card in (self.subject.cheap_card, self.subject.top_card) if card]
        return min(most_items(item, cards) for item in self.items())

    def paying(self) -> range:
        """The numbers of items for which it saves; empty if it never does, or nobody knows."""
        cheap, top = self.subject.cheap_card, self.subject.top_card
        if cheap is None or top is None:
            return range(0)
        return counts_that_pay(self.items(), cheap, top, self.subject.sizes.ttl)

    def counts(self) -> list[int]:
        """The numbers of items to show: those that fit, and the one that was asked for."""
        fits = self.fits()
        return sorted({*(count for count in COUNTS if count <= fits), *([self.count] if self.count else [])})

    def _text_tokens(self) -> int:
        """About how many tokens the skill's own text has: each call of it repeats them."""
        file, card = self.subject.now.file.path, self.subject.top_card
        text, _ = read_text(file)
        body = read_page(text or "", str(file))[0].body
        return first_scale(card.family if card else "").expected(len(body.encode()))


def _saved(ends: Ends) -> tuple[int, int]:
    return ends[0].saved, ends[1].saved


def _verdict(ends: Ends) -> str:
    saved = _saved(ends)
    if min(saved) >= 0:
        return "pays" if max(saved) > 0 else "equal"
    return "costs_more" if max(saved) <= 0 else "depends"


# -- as JSON -----------------------------------------------------------------------------------------------


def batch_json(planned: BatchPlanned) -> dict[str, Any]:
    """Stable keys; what is not known is null."""
    known = planned.costs(2) is not None
    ends = planned.costs(planned.count) if planned.count else None
    paying = planned.paying()
    if planned.count is None:
        verdict = None if not known else "break_even" if paying else "never"
    else:
        verdict = _verdict(ends) if ends else None
    return {
        **head_json(planned.subject, "batch"),
        "ttl": planned.subject.sizes.ttl,
        "item_tokens": {
            "prefix": _span(planned, "prefix_tokens"),
            "own": _span(planned, "own_tokens"),
            "answer": _span(planned, "answer_tokens"),
        },
        "fits": planned.fits(),
        "pays_from_items": paying[0] if paying else None,
        "pays_to_items": paying[-1] if paying else None,
        "verdict": verdict,
        "items": planned.count,
        "expected": _ends_json(planned.count, ends),
        "table": [_ends_json(n, planned.costs(n)) for n in planned.counts()] if known else [],
    }


def _span(planned: BatchPlanned, name: str) -> dict[str, int]:
    low, high = (getattr(item, name) for item in planned.items())
    return {"low": low, "high": high}


def _ends_json(count: int | None, ends: Ends | None) -> dict[str, Any] | None:
    if count is None or ends is None:
        return None
    saved = _saved(ends)
    return {
        "items": count,
        "separate_usd": _range_json(ends, "separate"),
        "cached_usd": None if None in (ends[0].cached, ends[1].cached) else _range_json(ends, "cached"),
        "collecting_usd": _range_json(ends, "collecting"),
        "analysing_usd": _range_json(ends, "analysing"),
        "batch_usd": _range_json(ends, "batch"),
        "saved_usd": {"low": usd(saved[0]), "high": usd(saved[1])},
        "verdict": _verdict(ends),
    }


def _range_json(ends: Ends, name: str) -> dict[str, float] | None:
    return range_json(TokenRange(*(getattr(end, name) for end in ends)))


# -- for a person ------------------------------------------------------------------------------------------


def batch_lines(planned: BatchPlanned) -> Iterator[str]:
    """The two calls, what they cost for several sizes, and in words when that pays."""
    subject = planned.subject
    yield from head_lines(subject, "batch")
    if planned.costs(2) is None:
        yield from unpriced_lines(subject)
        return
    if subject.one_tier:
        yield f"  It prefers {subject.top} already: no cheaper tier to save by, only what the calls repeat."
    yield f"  One item, one call: {CALL_WORDS[subject.sizes.call_size]}"
    yield from _item_lines(planned)
    yield ""
    yield from _table(planned)
    yield ""
    yield f"  {_words(planned)}"
    fits = planned.fits()
    if fits < (planned.count or min(COUNTS)):
        yield f"  It does not fit into one call: {counted(fits, 'item')} at most. Make several batches."


def _item_lines(planned: BatchPlanned) -> Iterator[str]:
    small, large = planned.items()
    seen = planned.subject.sizes.warm_tokens > 0
    source = "read from the cache" if seen else "the skill's own text, estimated"
    beside = f", and {planned.beside_tokens:,} as named" if planned.beside_tokens else ""
    yield f"    repeated: {_tokens(small.prefix_tokens, large.prefix_tokens)} ({source}{beside})"
    yield f"    its own: {_tokens(small.own_tokens, large.own_tokens)}"
    yield f"    its answer: {_tokens(small.answer_tokens, large.answer_tokens)}"


def _tokens(low: int, high: int) -> str:
    return f"{low:,} tokens" if low == high else f"{low:,} to {high:,} tokens"


def _table(planned: BatchPlanned) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [
        ("items", "one by one", "one by one, cached", "collect, then one call", "saves")
    ]
    for count in planned.counts():
        ends = planned.costs(count)
        if ends is not None:
            rows.append(
                (f"{count:,}", *(_cell(ends, name) for name in ("separate", "cached", "batch", "saved")))
            )
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    for row in rows:
        yield "  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))


def _cell(ends: Ends, name: str) -> str:
    low, high = (getattr(end, name) for end in ends)
    return "not known" if low is None or high is None else range_words(TokenRange(low, high))


def _words(planned: BatchPlanned) -> str:
    needed = _when(planned)
    if planned.count is None:
        return f"It pays {needed}."
    ends = planned.costs(planned.count)
    assert ends is not None, "priced for two items, priced for any number"
    low, high = (dollars(saved) for saved in sorted(abs(saved) for saved in _saved(ends)))
    amount = low if low == high else f"{low} to {high}"
    count = counted(planned.count, "item")
    return {
        "pays": f"With {count} it pays: it saves {amount}.",
        "costs_more": f"With {count} it costs {amount} MORE than going one by one: it pays {needed}.",
        "equal": f"With {count} it neither saves nor costs: it pays {needed}.",
        "depends": f"With {count} it depends on how large they are: it surely pays {needed}.",
    }[_verdict(ends)]


def _when(planned: BatchPlanned) -> str:
    paying, fits = planned.paying(), planned.fits()
    if not paying:
        return f"at no number of items that fits into one call ({fits:,}): what they repeat is too cheap"
    if paying[-1] >= fits:
        return f"from {paying[0]:,} items on, as far as they fit into one call ({fits:,})"
    return f"for {paying[0]:,} to {paying[-1]:,} items, and costs more from there on"
