"""Switching: what it costs to change the model in a conversation whose prompt cache is warm.

C warm tokens, n further calls, i and o new input and output tokens a call; 1 is the model that is warm,
2 the one to switch to:

    stay   = n · (C·read₁ + i·in₁ + o·out₁)
    switch = C·write₂ + (n - 1)·C·read₂ + n·(i·in₂ + o·out₂)

Both at the dated prices of both models, with their long-prompt steps and the cache's time to live. New
tokens are priced as plain input on both sides, so what caching them would add cancels nearly out. A model
that served the conversation a while ago may still hold a part of it: of that part the first call reads.

Source: rules.md section 6.
"""

from __future__ import annotations

from tierwise.core.bounds import ceiling_of
from tierwise.core.case import Case, Ruling
from tierwise.core.prices import PICO_PER_NANO, Price, Rates, usd
from tierwise.core.questions import CacheFacts
from tierwise.core.tiers import Tier
from tierwise.core.zones import Gauge, Zone


def switch_cost(case: Case, tier: Tier) -> Ruling:
    """Undo a lowering that would cost more than it saves, given the warm cache.

    A budget's offer to lower the tier falls away where the tier is not lowered.
    """
    after, why = _switched(case, tier)
    before_budget = case.after["learned"]
    if case.offer is not None and case.offer.kind == "red_high" and after > tier and after == before_budget:
        case.offer = None
    return after, why


def _switched(case: Case, tier: Tier) -> Ruling:
    cache, scope = case.question.cache, case.question.settings.switch_cost
    if cache is None or cache.tier is None:
        return tier, "no warm cache is known"
    kept = _kept_while_pending(case, tier, cache)
    if kept is not None:
        return kept, "a tool result is pending: no switch within the turn"
    if scope == "off":
        return tier, "switch_cost is off"
    base = _base(case, "session_default" if scope == "all" else "conditions")
    if base is None or tier >= base or not _by_routing(case):
        return tier, "not a lowering by routing"
    relieved = next((g.name for g in case.gauges_at(base) if _asks_to_leave(case, g)), None)
    if relieved is not None:
        return tier, f"{relieved} covers {base} itself: relief of it is the point"
    return _cheapest_move(case, tier, base, cache)


def _kept_while_pending(case: Case, tier: Tier, cache: CacheFacts) -> Tier | None:
    """The tier to stay at while a tool result is pending; None where a switch is allowed or there is none.

    Rules 5-7 never switch then; rules 3 and 4 only as the skill begins or ends. Where those do leave the warm
    tier, the switch is made, and where it leads is for all rules to say.
    """
    if not cache.tool_result_pending or tier == cache.tier or not _by_routing(case):
        return None
    if cache.skill_boundary and case.after["conditions"] != cache.tier:
        return None
    kept = cache.tier
    ceiling = ceiling_of(case)
    if kept is None or kept == tier or (ceiling is not None and kept > ceiling[0]):
        return None
    floor = case.skill.floor if case.skill else None
    if (floor is not None and kept < floor) or not case.reachable(kept) or case.spent_up_at(kept) is not None:
        return None
    return kept


def _by_routing(case: Case) -> bool:
    """Whether the tier that stands came from rules 3-7, not from availability, a user or a bound."""
    wish = case.question.user
    chosen = (wish.pin, wish.inline, wish.force, wish.skill_override) != (None, None, None, None)
    return not chosen and case.after["context_fit"] == case.after["budget"]


def _base(case: Case, rule: str) -> Tier | None:
    """The tier that stood after `rule`, before the lowering; not above the ceiling."""
    base, ceiling = case.after[rule], ceiling_of(case)
    return base if base is None or ceiling is None else min(base, ceiling[0])


def _asks_to_leave(case: Case, gauge: Gauge) -> bool:
    return gauge.scope.kind in ("tier", "model") and case.zone_of(gauge) >= Zone.YELLOW


def _cheapest_move(case: Case, tier: Tier, base: Tier, cache: CacheFacts) -> Ruling:
    """The lowest tier from `tier` up whose sum beats that of `base`; `base` itself if none does."""
    stay = _sum_at(case, base, cache)
    switch = _sum_at(case, tier, cache)
    if stay is None or switch is None:
        return tier, "a price is not known: the lowering stands"
    sums = f"{_usd(switch)} on {tier} against {_usd(stay)} on {base} over {cache.calls_left} calls"
    if switch < stay:
        return tier, f"the switch pays: {sums}"
    if not case.reachable(base) or case.spent_up_at(base) is not None:
        return tier, f"the switch costs more ({sums}), but {base} cannot be had"
    between = (t for t in (case.skill.acceptable if case.skill else ()) if tier < t < base)
    for rung in between:
        cost = _sum_at(case, rung, cache)
        if cost is not None and cost < stay:
            had = case.reachable(rung) and case.spent_up_at(rung) is None
            return (rung if had else tier), f"the lowering would cost more: {sums}; {rung} at {_usd(cost)}"
    return base, f"the lowering is undone, it would cost more: {sums}"


def _sum_at(case: Case, tier: Tier, cache: CacheFacts) -> int | None:
    """What going on at the tier costs, with as much of the conversation as its own cache still holds."""
    if tier == cache.tier and cache.price is not None:
        return stay_nanousd(cache, cache.price)
    models = case.models_at(tier)
    if not models or models[0].price is None:
        return None
    return going_on_nanousd(cache, models[0].price, dict(cache.also_warm).get(models[0].id, 0))


def _usd(nanousd: int) -> str:
    return f"${usd(nanousd):.4f}"


def stay_nanousd(cache: CacheFacts, price: Price) -> int | None:
    """The cost of going on with the warm model; None if a needed rate is not known."""
    return going_on_nanousd(cache, price, cache.warm_tokens)


def switch_nanousd(cache: CacheFacts, price: Price) -> int | None:
    """The cost of going on with a model whose cache is cold; None if a needed rate is not known."""
    return going_on_nanousd(cache, price, 0)


def going_on_nanousd(cache: CacheFacts, price: Price, held_tokens: int) -> int | None:
    """The cost of the calls left with a model whose cache holds so much of the conversation.

    At the first of them the rest is written, at the price of plain input where writing has none of its own;
    after that all of it is read. None if a needed rate is not known.
    """
    rates = price.rates(cache.warm_tokens + cache.new_input_tokens)
    held = min(held_tokens, cache.warm_tokens)
    write = rates.cache_write_1h if cache.ttl == "1h" else rates.cache_write_5m
    first = _sum(
        (held, rates.cache_read), (cache.warm_tokens - held, rates.input if write is None else write)
    )
    again = _sum((cache.warm_tokens, rates.cache_read)) if cache.calls_left > 1 else 0
    new = _sum(*_new(cache, rates))
    if first is None or again is None or new is None:
        return None
    return _nano(first + (cache.calls_left - 1) * again + cache.calls_left * new)


def _new(cache: CacheFacts, rates: Rates) -> tuple[tuple[int, int | None], ...]:
    return (cache.new_input_tokens, rates.input), (cache.output_tokens, rates.output)


def _sum(*classes: tuple[int, int | None]) -> int | None:
    """Pico-dollars over token classes; None as soon as one with tokens has no rate."""
    total = 0
    for tokens, rate in classes:
        if tokens and rate is None:
            return None
        total += tokens * (rate or 0)
    return total


def _nano(pico: int) -> int:
    return -(-pico // PICO_PER_NANO)
