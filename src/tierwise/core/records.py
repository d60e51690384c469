"""Records: an execution as the world reads it, in the JSON of A§5.1 with what rules.md section 10 adds.

`tokens.input` is the whole prompt, everything that was sent; `cache_read`, `cache_write_5m` and
`cache_write_1h` are parts of it, and `total` = `input` + `output`. Dollars are floats for display; a price
that is not known is null. `model_requested` and `model_used` are tiers, or model ids where no tier is known.

It lives in the core because the terminal, the page and the exporters all show this one value. The core has
no calendar of its own, so the timestamp is worked out from the days since the epoch.

Source: seed A§5.1; rules.md section 10.
"""

from __future__ import annotations

import math
from typing import Final

from tierwise.core.figures import saved_percent
from tierwise.core.ledger import Execution
from tierwise.core.prices import usd

TOP_TIER: Final = "opus"
"""The tier that `savings_vs_opus` compares with."""

_US_PER_SECOND: Final = 1_000_000
_DAYS_PER_ERA: Final = 146_097
"""An era: 400 years of the Gregorian calendar, after which it repeats."""
_EPOCH_FROM_MARCH: Final = 719_468
"""Days from 0000-03-01, where the eras begin, to 1970-01-01."""


def charged_to(execution: Execution) -> tuple[str | None, str]:
    """The tier (None if unknown) and the model that the call counts for.

    That is the model that answered; the decided one stands in where no answer named a model.
    """
    if execution.served_model:
        return execution.served_tier, execution.served_model
    return execution.decided_tier, execution.decided_model


def model_used(execution: Execution) -> str:
    """The tier that the call counts for, or the model's id where its tier is not known."""
    tier, model = charged_to(execution)
    return tier or model


def as_json(execution: Execution) -> dict[str, object]:
    """The record as JSON values: first the fields of A§5.1 in their order, then our own."""
    return {
        "skill": execution.skill,
        "model_requested": execution.requested_tier or execution.asked_model,
        "model_used": model_used(execution),
        "downgrade_reason": execution.downgrade_reason,
        "tokens": _tokens(execution),
        "cost_estimate": _cost_estimate(execution),
        "budget_status": {
            "zone": execution.zone,
            "weekly_consumed_pct": _finite(execution.weekly_consumed),
            "session_consumed_pct": _finite(execution.session_consumed),
        },
        "timestamp": timestamp(execution.at_us),
        **_identity(execution),
        **_routing(execution),
        **_serving(execution),
    }


def timestamp(at_us: int) -> str:
    """The second as `2026-02-14T15:30:00Z`, cut off, not rounded; for years 0 to 9999."""
    days, second_of_day = divmod(at_us // _US_PER_SECOND, 86_400)
    year, month, day = _civil(days)
    hour, second_of_hour = divmod(second_of_day, 3_600)
    minute, second = divmod(second_of_hour, 60)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day since the epoch, counted in years that begin on 1 March.

    Such a year ends with the leap day, so its months have the same lengths every year: 153 days in five.
    """
    era, day_of_era = divmod(days + _EPOCH_FROM_MARCH, _DAYS_PER_ERA)
    leap_days = day_of_era // 1_460 - day_of_era // 36_524 + day_of_era // 146_096
    year_of_era = (day_of_era - leap_days) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    months_since_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * months_since_march + 2) // 5 + 1
    month = months_since_march + 3 if months_since_march < 10 else months_since_march - 9
    return era * 400 + year_of_era + (month <= 2), month, day


def _tokens(execution: Execution) -> dict[str, int]:
    usage = execution.usage
    return {
        "input": usage.prompt_tokens,
        "output": usage.output_tokens,
        "tool_calls": execution.tool_calls,
        "total": usage.total_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write_5m": usage.cache_write_5m_tokens,
        "cache_write_1h": usage.cache_write_1h_tokens,
    }


def _cost_estimate(execution: Execution) -> dict[str, float | str | None]:
    """The actual cost, the same tokens at every tier, and the saving against the top tier, an estimate."""
    actual = execution.cost_nanousd
    would = dict(execution.if_nanousd).get(TOP_TIER)
    known = actual is not None and would is not None
    return {
        "actual_model": _usd(actual),
        **{f"if_{tier}": _usd(nanousd) for tier, nanousd in execution.if_nanousd},
        f"savings_vs_{TOP_TIER}": saved_percent(actual or 0, would or 0) if known else None,
    }


def _identity(execution: Execution) -> dict[str, object]:
    return {
        "id": execution.id,
        "at_us": execution.at_us,
        "session": execution.session,
        "run": execution.run,
        "agent": execution.agent,
        "agent_name": execution.agent_name,
        "turn": execution.turn,
        "request_class": execution.request_class,
        "role": execution.role,
        "project": execution.project,
        "key": execution.key,
    }


def _routing(execution: Execution) -> dict[str, object]:
    return {
        "platform": execution.platform,
        "asked_model": execution.asked_model,
        "decided_model": execution.decided_model,
        "decided_tier": execution.decided_tier,
        "preferred_tier": execution.preferred_tier,
        "minimum_tier": execution.minimum_tier,
        "user_words": execution.user_words,
        "effort": execution.effort,
        "mode": execution.mode,
        "rule": execution.rule,
        "reason": execution.reason,
        "binding": execution.binding,
        "warnings": list(execution.warnings),
        "trace": [
            {"rule": step.rule, "before": step.before, "after": step.after, "why": step.why}
            for step in execution.trace
        ],
    }


def _serving(execution: Execution) -> dict[str, object]:
    return {
        "served_model": execution.served_model,
        "served_tier": execution.served_tier,
        "mismatch": execution.mismatch,
        "latency_ms": execution.latency_ms,
        "status": execution.status,
        "outcome": execution.outcome,
        "usage_estimated": execution.usage_estimated,
        "upstream_id": execution.upstream_id,
    }


def _usd(nanousd: int | None) -> float | None:
    return None if nanousd is None else usd(nanousd)


def _finite(share: float | None) -> float | None:
    """The share, or None where JSON has no number for it (a budget of zero that was spent from)."""
    return share if share is not None and math.isfinite(share) else None
