"""Answers: a decision as plain JSON values, the same for `route`, `explain --json` and the gateway's log.

    {"id", "tier", "model", "platform", "effort", "requested", "reason", "rule", "zone", "binding", "trace",
     "offer", "refusal", "warnings", "notify", "adaptations", "estimate", "handoff"}

Tiers are names; null is a model that the catalog does not know, served as asked. Dollars are floats here
and only here: the ledger keeps nano-dollars.

`adaptations` is text for the **tail** of the prompt, behind everything that is cached: the tier is lower than
the skill, or its step, prefers. It is the skill's own section, else a built-in text, at most 8,000
characters; null at the preferred tier and above. Its words are the skill's, not the user's.

Source: rules.md sections 3, 5 and 13.
"""

from __future__ import annotations

from typing import Any

from tierwise.core.estimates import Estimate, Remaining, runs_left
from tierwise.core.ledger import TraceStep
from tierwise.core.prices import usd
from tierwise.core.questions import Decision, Offer, Question, Refusal
from tierwise.core.run_history import Percentile
from tierwise.core.skills import TokenRange
from tierwise.core.tiers import Tier


def as_json(decision: Decision, question: Question, id: object = None) -> dict[str, Any]:
    """The decision as JSON values; `id` is echoed as it came."""
    return {
        "id": id,
        "tier": _name(decision.tier),
        "model": model_of(decision, question),
        "platform": decision.model.platform if decision.model else decision.platform,
        "effort": decision.effort,
        "requested": _name(decision.requested),
        "reason": decision.reason,
        "rule": decision.rule,
        "zone": str(decision.zone),
        "binding": decision.binding.name if decision.binding else None,
        "trace": [
            {"rule": step.rule, "before": _name(step.before), "after": _name(step.after), "why": step.why}
            for step in decision.trace
        ],
        "offer": _offer(decision.offer),
        "refusal": _refusal(decision.refusal),
        "warnings": list(decision.warnings),
        "notify": decision.notify,
        "adaptations": decision.adaptations,
        "estimate": estimate_json(decision.estimate),
        "handoff": decision.handoff,
    }


def model_of(decision: Decision, question: Question) -> str | None:
    """The id to serve: the decided model, or what was asked where the catalog knows no better."""
    if decision.model is not None:
        return decision.model.id
    return question.asked_model if decision.tier in (None, question.asked) else None


def stored_trace(decision: Decision) -> tuple[TraceStep, ...]:
    """The trace as the ledger keeps it: tiers by name, "unknown" for an unknown model."""
    return tuple(
        TraceStep(s.rule, _name(s.before) or "unknown", _name(s.after) or "unknown", s.why)
        for s in decision.trace
    )


def _name(tier: Tier | None) -> str | None:
    return tier.name if tier is not None else None


def _offer(offer: Offer | None) -> dict[str, Any] | None:
    if offer is None:
        return None
    return {
        "id": offer.id,
        "kind": offer.kind,
        "text": offer.text,
        "options": list(offer.options),
        "tier": _name(offer.tier),
    }


def _refusal(refusal: Refusal | None) -> dict[str, Any] | None:
    if refusal is None:
        return None
    return {
        "budget": refusal.budget,
        "text": refusal.text,
        "resets": refusal.resets or None,
        "options": list(refusal.options),
    }


def estimate_json(estimate: Estimate | None) -> dict[str, Any] | None:
    """The estimate as JSON values; dollars by tier, null where a price is missing. None without one."""
    if estimate is None:
        return None
    return {
        "source": estimate.source,
        "runs": estimate.runs,
        "tokens": _range(estimate.tokens),
        "weighted_tokens": _range(estimate.weighted_tokens),
        "calls": _range(estimate.calls),
        "usd": {
            tier: None if cost is None else {"low": usd(cost.low), "high": usd(cost.high)}
            for tier, cost in estimate.by_tier_nanousd
        },
        "p50": _percentile(estimate.p50),
        "p90": _percentile(estimate.p90),
        "remaining": [_remaining(estimate, remaining) for remaining in estimate.remaining],
    }


def _range(tokens: TokenRange | None) -> dict[str, int] | None:
    return None if tokens is None else {"low": tokens.low, "high": tokens.high}


def _percentile(rank: Percentile | None) -> dict[str, Any] | None:
    if rank is None:
        return None
    return {
        "tokens": {
            "input": rank.usage.input_tokens,
            "output": rank.usage.output_tokens,
            "cache_read": rank.usage.cache_read_tokens,
            "cache_write_5m": rank.usage.cache_write_5m_tokens,
            "cache_write_1h": rank.usage.cache_write_1h_tokens,
            "total": rank.tokens,
            "weighted": rank.weighted_tokens,
        },
        "calls": rank.calls,
        "usd": {tier: None if cost is None else usd(cost) for tier, cost in rank.by_tier_nanousd},
    }


def _remaining(estimate: Estimate, remaining: Remaining) -> dict[str, Any]:
    """What is left of one budget, and the runs that it pays for, by the tiers that it governs."""
    runs = {
        tier: {"low": count[0], "high": count[1]}
        for tier, _ in estimate.by_tier_nanousd
        if remaining.governs(tier) and (count := runs_left(estimate, tier, remaining)) is not None
    }
    return {
        "budget": remaining.budget,
        "scope": str(remaining.scope),
        "unit": remaining.unit,
        "limit": remaining.limit,
        "left": remaining.left,
        "resets": remaining.resets or None,
        "runs": runs,
    }
