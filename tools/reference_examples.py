"""Examples for the reference: questions to be answered, and a record with a value in every field."""

from __future__ import annotations

from typing import Any, Final

from tierwise.core.ledger import Execution, TraceStep
from tierwise.core.usage import Usage

DAY: Final = "2026-11-23"
QUESTIONS: Final[tuple[dict[str, Any], ...]] = (
    {"id": 1, "asked_model": "claude-opus-5-5", "skill": {"name": "mapper", "model": "haiku"}},
    {
        "id": 2,
        "prompt": "Why does the page flicker after the first render?",
        "skill": {
            "name": "ui-bug-investigator",
            "model": {
                "preferred": "opus",
                "acceptable": ["sonnet", "opus"],
                "reasoning_demand": "high",
                "estimated_tokens": {"input": "20k-40k", "output": "2k-4k"},
            },
        },
        "budgets": [{"name": "weekly", "limit": 50, "spent": 46, "resets": "on Monday"}],
    },
    {"id": 3, "skil": {"name": "mapper"}},
)

RECORD: Final = Execution(
    id="000649a8f6c21fe3a1b2c3d4e5",
    at_us=1_795_435_200_000_000,
    session="8f1c",
    run="8f1c",
    agent="",
    turn="2",
    request_class="main",
    skill="page-component-mapper",
    role="specialist",
    project="shop",
    key="k3y",
    platform="claude_code",
    asked_model="claude-opus-5-5",
    decided_model="claude-haiku-5-5",
    served_model="claude-haiku-5-5",
    requested_tier="sonnet",
    decided_tier="haiku",
    served_tier="haiku",
    effort="low",
    mode="enforce",
    rule="budget",
    reason="yellow zone, weekly spend at 72%: low work may use haiku at most",
    downgrade_reason="yellow zone, weekly spend at 72%: low work may use haiku at most",
    zone="yellow",
    binding="weekly spend at 72%",
    usage=Usage(1_200, 850, 18_000, 2_000, 0),
    usage_estimated=False,
    tool_calls=5,
    cost_nanousd=975_000,
    if_nanousd=(("haiku", 975_000), ("sonnet", 17_700_000), ("opus", 35_400_000), ("fable", 67_200_000)),
    weekly_consumed=0.72,
    session_consumed=0.12,
    latency_ms=1_200,
    status=200,
    outcome="ok",
    upstream_id="msg_01",
    trace=(
        TraceStep(
            "budget", "sonnet", "haiku", "yellow zone, weekly spend at 72%: low work may use haiku at most"
        ),
    ),
    warnings=(),
    preferred_tier="sonnet",
    minimum_tier="haiku",
)
"""A record with a value in every field."""
