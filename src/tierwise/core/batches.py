"""Batches: N items in one call of the top model, instead of N calls that repeat the same prefix.

    N calls             N · (prefix + item  →  answer)
    N calls, cached     the prefix is written once and read N - 1 times
    batch               prefix + N items  →  N answers, after one cheap call has collected the items

What a batch saves is the prefix, N - 1 times; what it pays for that is the collecting, and a long prompt
where the price has a step. A prompt cache saves most of the same: going direct means the cheaper of the
first two. The collecting call is counted as one that reads every item and answers to every one, at the cheap
tier, and the analysing call as one that still reads all of it: both more than they need, so what is found to
pay does pay.

Source: rules.md sections 6 and 8; seed A§6.3; research/clients.md section 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tierwise.core.models import ModelCard
from tierwise.core.prices import cost_nanousd
from tierwise.core.run_history import nearest_rank
from tierwise.core.task_sizes import LARGE_PERCENT, SMALL_PERCENT, TaskSizes
from tierwise.core.usage import Usage

MOST_ITEMS: Final = 1_000
"""Batches that are larger are not looked at."""


@dataclass(frozen=True, slots=True)
class Item:
    """One call for one item, in tokens: what all items share, what is its own, and the answer."""

    prefix_tokens: int
    own_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class BatchCost:
    """Nano-dollars of so many items; `cached` is None where the cache has no known price.

    `collecting` is 0 where cheap and top are one tier: one call then does both.
    """

    separate: int
    cached: int | None
    collecting: int
    analysing: int

    @property
    def batch(self) -> int:
        """Both calls of the batch."""
        return self.collecting + self.analysing

    @property
    def direct(self) -> int:
        """The calls one by one, with the cache or without it, whichever is cheaper."""
        return self.separate if self.cached is None else min(self.separate, self.cached)

    @property
    def saved(self) -> int:
        """What the batch saves; negative where it costs more."""
        return self.direct - self.batch


def items_of(sizes: TaskSizes, text_tokens: int, beside_tokens: int = 0) -> tuple[Item, Item]:
    """A small and a large item. `text_tokens` are those of the skill's own text: every call repeats it.

    Where calls were observed in the cache, what they read from it is what they repeat. `beside_tokens` are
    repeated too and stand besides what was declared.
    """
    usages = [usage for call in sizes.calls for usage in call]
    shared = sizes.warm_tokens or text_tokens
    small, large = (
        _item(usages, percent, shared, beside_tokens) for percent in (SMALL_PERCENT, LARGE_PERCENT)
    )
    return small, large


def _item(usages: Sequence[Usage], percent: int, shared: int, beside: int) -> Item:
    prompt = nearest_rank([usage.prompt_tokens for usage in usages], percent)
    answer = nearest_rank([usage.output_tokens for usage in usages], percent)
    prefix = min(shared, prompt)
    return Item(prefix + beside, prompt - prefix, answer)


def batch_cost(
    item: Item, count: int, cheap: ModelCard, top: ModelCard, ttl: Literal["5m", "1h"] = "5m"
) -> BatchCost | None:
    """The cost of `count` (at least 1) items each way; None if a price is not known."""
    prefix, own, answer = item.prefix_tokens, item.own_tokens, item.answer_tokens
    one = cost_nanousd(Usage(prefix + own, answer), top.price)
    together = Usage(prefix + count * own, count * answer)
    analysing = cost_nanousd(together, top.price)
    collecting = 0 if cheap.tier == top.tier else cost_nanousd(together, cheap.price)
    if one is None or analysing is None or collecting is None:
        return None
    written = _written(prefix, ttl, own, answer)
    first, again = cost_nanousd(written, top.price), cost_nanousd(Usage(own, answer, prefix), top.price)
    cached = None if first is None or again is None else first + (count - 1) * again
    return BatchCost(count * one, cached, collecting, analysing)


def _written(prefix: int, ttl: Literal["5m", "1h"], own: int, answer: int) -> Usage:
    if ttl == "1h":
        return Usage(own, answer, cache_write_1h_tokens=prefix)
    return Usage(own, answer, cache_write_5m_tokens=prefix)


def most_items(item: Item, cards: Sequence[ModelCard]) -> int:
    """How many items fit into one call of each of these models, at most `MOST_ITEMS`; at least 0.

    A bound that is not known does not bound.
    """
    most = MOST_ITEMS
    for card in cards:
        if card.window_tokens is not None and (each := item.own_tokens + item.answer_tokens):
            most = min(most, (card.window_tokens - item.prefix_tokens) // each)
        if card.max_output_tokens is not None and item.answer_tokens:
            most = min(most, card.max_output_tokens // item.answer_tokens)
    return max(most, 0)


def counts_that_pay(
    items: tuple[Item, Item], cheap: ModelCard, top: ModelCard, ttl: Literal["5m", "1h"] = "5m"
) -> range:
    """The first stretch of batch sizes that fit, and save for small items and for large ones; maybe empty.

    It ends where collecting an item costs more than reading the prefix from the cache, or at a long prompt.
    """
    most = min(most_items(item, (cheap, top)) for item in items)
    first = next((count for count in range(2, most + 1) if _pays(items, count, cheap, top, ttl)), None)
    if first is None:
        return range(0)
    stop = next((n for n in range(first, most + 1) if not _pays(items, n, cheap, top, ttl)), most + 1)
    return range(first, stop)


def _pays(
    items: tuple[Item, Item], count: int, cheap: ModelCard, top: ModelCard, ttl: Literal["5m", "1h"]
) -> bool:
    costs = [batch_cost(item, count, cheap, top, ttl) for item in items]
    return all(cost is not None and cost.saved > 0 for cost in costs)
