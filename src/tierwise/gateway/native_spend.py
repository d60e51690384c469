"""Native spend: budgets as Claude Code shows them by itself, where it treats this gateway as its provider's.

    gateway mode           CLAUDE_CODE_USE_GATEWAY=1 and a bearer token: the client takes what it is told
    each answer            anthropic-ratelimit-unified-… with the claim `overage`: how full the budget is
    GET …/api/oauth/usage  dollars spent of dollars, for `/usage` and the status line
    a refusal              the headers that make it print the message word for word

Of several budgets of everything, the fullest in dollars is told; one in percent only where there is none in
dollars. A rolling week names no moment of reset, for it has none. Who has an account with the provider (an
OAuth token) is told the provider's own limits and nothing else: none is ever invented.

Source: the protocol that `claude gateway` of Claude Code 2.1.330 serves; tried with that client.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from tierwise.core.budgets import Budget, gauge_of
from tierwise.core.entries import Standing
from tierwise.core.questions import Refusal
from tierwise.core.windows import window
from tierwise.core.zones import Gauge
from tierwise.errors import StoreError
from tierwise.gateway.purser import Purser
from tierwise.gateway.replies import Reply, error_reply, json_reply
from tierwise.router.calls import Call
from tierwise.router.routing import Router
from tierwise.wire.callers import fingerprint_of

PERIODS: Final = ("daily", "weekly", "monthly")
_USAGE_PATH: Final = re.compile(r"^(?:/p/(?P<project>[^/?]+))?/api/oauth/usage$")
THRESHOLDS: Final = (0.95, 0.75)
"""What the client notices; the highest that was passed is told."""
MAX_ALLOWED: Final = 0.99
"""A call that is served is never told that nothing is left."""

_UNIFIED: Final = "anthropic-ratelimit-unified-"
_AGENT: Final = ("claude-cli/", "claude-code/")
_OF_ACCOUNT: Final = "sk-ant-oat"
_NOT_GATEWAY: Final = re.compile(r"\b(?:oauth|context-management|advanced-tool-use)-\d")
"""Betas that the client names to its own provider only: of an account, and of what others may not know."""


@dataclass(frozen=True, slots=True)
class Cap:
    """A budget of everything as the client can show it. `dollars` are spent and limit, None for one in
    percent; `share` is the part that is spent; `resets_us` None where there is no such moment."""

    name: str
    share: float
    period: str
    dollars: tuple[float, float] | None = None
    resets_us: int | None = None


def in_gateway_mode(headers: Mapping[str, str]) -> bool:
    """Whether the client takes budgets from its gateway. Names are lower-case.

    Without that mode it passes over what it is told here, so a doubt about the betas does no harm.
    """
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return (
        headers.get("user-agent", "").startswith(_AGENT)
        and scheme.lower() == "bearer"
        and not token.strip().startswith(_OF_ACCOUNT)
        and _NOT_GATEWAY.search(headers.get("anthropic-beta", "")) is None
    )


def caps_of(gauges: Iterable[Gauge], budgets: Iterable[Budget], at_us: int) -> tuple[Cap, ...]:
    """The budgets of everything that have a limit: those in dollars first, the fullest of each first."""
    by_name = {budget.name: budget for budget in budgets}
    caps = [_cap(gauge, by_name.get(gauge.name), at_us) for gauge in gauges if _fits(gauge)]
    return tuple(sorted(caps, key=lambda cap: (cap.dollars is None, -cap.share)))


def _fits(gauge: Gauge) -> bool:
    counted = gauge.unit == "percent" and gauge.dimension != "context"
    return (
        gauge.scope.kind == "all"
        and gauge.limit is not None
        and (counted or (gauge.unit == "usd" and gauge.dimension in PERIODS))
    )


def _cap(gauge: Gauge, budget: Budget | None, at_us: int) -> Cap:
    share = gauge.share
    assert share is not None, "it has a limit"
    share = share if math.isfinite(share) else 1.0
    if gauge.unit == "percent" or budget is None:
        return Cap(gauge.name, share, gauge.dimension)
    until_us = window(budget.dimension, budget.zone, budget.billing_day, at_us).until_us
    return Cap(gauge.name, share, gauge.dimension, (gauge.spent, gauge.limit or 0.0), until_us)


def spend_headers(caps: tuple[Cap, ...]) -> dict[str, str]:
    """What an answer tells of the first cap; nothing without one."""
    if not caps:
        return {}
    cap = caps[0]
    passed = next((edge for edge in THRESHOLDS if cap.share > edge), None)
    status = "allowed" if passed is None else "allowed_warning"
    told = {
        "status": status,
        "representative-claim": "overage",
        "overage-status": status,
        "overage-utilization": f"{min(cap.share, MAX_ALLOWED):.2f}",
        **({} if passed is None else {"overage-surpassed-threshold": str(passed)}),
        **_reset(cap),
    }
    return {_UNIFIED + name: value for name, value in told.items()}


def refused_headers(refusal: Refusal, caps: tuple[Cap, ...], at_us: int) -> dict[str, str]:
    """What makes the client print a refusal's message as it is; when to come back, where that is known."""
    cap = next((cap for cap in caps if cap.name == refusal.budget), None)
    told = {
        "status": "rejected",
        "overage-utilization": "1",
        "overage-surpassed-threshold": "1",
        "overage-disabled-reason": "org_spend_cap_reached",
    }
    if cap is None:
        return {_UNIFIED + name: value for name, value in told.items()}
    told |= _reset(cap) | ({"overage-period": cap.period} if cap.period in PERIODS else {})
    headers = {_UNIFIED + name: value for name, value in told.items()}
    if cap.resets_us is not None:
        headers["retry-after"] = str(max(1, -(-(cap.resets_us - at_us) // 1_000_000)))
    return headers


def _reset(cap: Cap) -> dict[str, str]:
    if cap.resets_us is None:
        return {}
    seconds = str(cap.resets_us // 1_000_000)
    return {"reset": seconds, "overage-reset": seconds}


def is_usage(path: str) -> bool:
    """Whether the path is the one that clients ask for their usage at, with or without a project's tag."""
    return _USAGE_PATH.match(path) is not None


@dataclass(frozen=True, slots=True)
class SpendApi:
    """`GET …/api/oauth/usage` for a client in gateway mode; changes nothing."""

    router: Router
    purser: Purser
    now_us: Callable[[], int]

    async def reply_to(self, path: str, headers: Mapping[str, str]) -> Reply:
        """What is spent of the budgets of everything; 404 if none is in dollars, as the client expects."""
        now_us = self.now_us()
        found = _USAGE_PATH.match(path)
        project = unquote(found["project"] or "") if found else ""
        call = Call("claude_code", "", project=project, key=fingerprint_of(headers))
        governing = self.router.prepare(call, now_us).governing
        try:
            standings = await self.purser.standings(governing.purses)
        except StoreError as error:
            return error_reply(503, f"tierwise: the ledger cannot be read: {error}")
        gauges = [
            gauge_of(budget, Standing(standing.posted, 0), now_us, governing.tags)
            for (budget, _), standing in zip(governing.budgets, standings, strict=True)
        ]
        told = usage_json(caps_of(gauges, (budget for budget, _ in governing.budgets), now_us))
        if told is None:
            return error_reply(404, "tierwise: no budget of everything is in dollars")
        return json_reply(200, told, {"cache-control": "no-store"})


def usage_json(caps: tuple[Cap, ...]) -> dict[str, Any] | None:
    """What `/usage` asks for: the first cap's dollars, and a row for each; None if none is in dollars."""
    shown = [(cap, cap.dollars) for cap in caps if cap.dollars is not None]
    if not shown:
        return None
    first, (spent, limit) = shown[0]
    return {
        "extra_usage": {
            "is_enabled": True,
            "monthly_limit": round(limit * 100),
            "used_credits": round(spent * 100),
            "utilization": round(first.share * 100),
            "currency": "USD",
        },
        "limits": [
            {
                "kind": "spend",
                "group": cap.period,
                "percent": round(cap.share * 100),
                "resets_at": _iso(cap.resets_us),
                "severity": _severity(cap.share),
                "is_active": cap is first,
            }
            for cap, _ in shown
        ],
    }


def _iso(at_us: int | None) -> str | None:
    if at_us is None:
        return None
    return f"{datetime.fromtimestamp(at_us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _severity(share: float) -> str:
    return "critical" if share > THRESHOLDS[0] else "warning" if share > THRESHOLDS[1] else "normal"
