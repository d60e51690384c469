"""Executions to test with: one that can be altered, the seed's session, and any at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tierwise.core.ledger import Execution, TraceStep
from tierwise.core.usage import Usage

NOON_US = 1_771_083_000_000_000
"""2026-02-14T15:30:00Z, the timestamp of A§5.1."""

PLAIN = Execution(
    id="call-1",
    at_us=NOON_US,
    session="session-1",
    run="run-1",
    agent="",
    turn="turn-1",
    request_class="main",
    skill="page-component-mapper",
    role="specialist",
    project="shop",
    key="k3y",
    platform="claude_code",
    asked_model="claude-opus-4-6",
    decided_model="claude-haiku-4-5",
    served_model="claude-haiku-4-5",
    requested_tier="haiku",
    decided_tier="haiku",
    served_tier="haiku",
    effort=None,
    mode="enforce",
    rule="preferred",
    reason="preferred model, budget available",
    downgrade_reason=None,
    zone="green",
    binding=None,
    usage=Usage(input_tokens=3_200, output_tokens=850),
    usage_estimated=False,
    tool_calls=5,
    cost_nanousd=2_000_000,
    if_nanousd=(("haiku", 2_000_000), ("sonnet", 16_000_000), ("opus", 120_000_000)),
    weekly_consumed=0.45,
    session_consumed=0.12,
    latency_ms=1_200,
    status=200,
    outcome="ok",
    trace=(
        TraceStep("platform_default", "unknown", "opus", "the client asks for claude-opus-4-6"),
        TraceStep("preferred", "opus", "haiku", "page-component-mapper prefers haiku"),
        TraceStep("user", "haiku", "haiku", "no override"),
    ),
    preferred_tier="haiku",
    minimum_tier="haiku",
)


def execution(**changes: Any) -> Execution:
    """The plain execution with some fields changed."""
    return replace(PLAIN, **changes)


def numbered(count: int, **changes: Any) -> list[Execution]:
    """So many executions a second apart: call-0, call-1, …"""
    return [
        execution(**{"id": f"call-{n}", "at_us": NOON_US + n * 1_000_000, **changes}) for n in range(count)
    ]


_words = st.text(max_size=12)
_tiers = st.none() | st.sampled_from(("haiku", "sonnet", "opus", "fable", "local"))
_counts = st.integers(0, 2**40)
_shares = st.none() | st.floats(0, 1e6)

EXECUTIONS = st.builds(
    Execution,
    id=st.text(min_size=1, max_size=12),
    at_us=st.integers(0, 2**52),
    session=_words,
    run=_words,
    agent=_words,
    turn=_words,
    request_class=_words,
    skill=st.none() | _words,
    role=st.none() | _words,
    project=_words,
    key=_words,
    platform=_words,
    asked_model=_words,
    decided_model=_words,
    served_model=_words,
    requested_tier=_tiers,
    decided_tier=_tiers,
    served_tier=_tiers,
    effort=st.none() | _words,
    mode=st.sampled_from(("observe", "enforce", "off")),
    rule=_words,
    reason=_words,
    downgrade_reason=st.none() | _words,
    zone=st.sampled_from(("unknown", "green", "yellow", "red", "exhausted")),
    binding=st.none() | _words,
    usage=st.builds(Usage, _counts, _counts, _counts, _counts, _counts),
    usage_estimated=st.booleans(),
    tool_calls=st.integers(0, 500),
    cost_nanousd=st.none() | _counts,
    if_nanousd=st.dictionaries(st.sampled_from(("haiku", "sonnet", "opus")), st.none() | _counts).map(
        lambda by_tier: tuple(by_tier.items())
    ),
    weekly_consumed=_shares,
    session_consumed=_shares,
    latency_ms=st.integers(0, 10**7),
    status=st.integers(0, 599),
    outcome=st.sampled_from(("ok", "error", "cut", "client_gone", "unreachable")),
    upstream_id=_words,
    trace=st.lists(st.builds(TraceStep, _words, _words, _words, _words), max_size=3).map(tuple),
    warnings=st.lists(_words, max_size=2).map(tuple),
    preferred_tier=_tiers,
    minimum_tier=_tiers,
    user_words=_words,
)
