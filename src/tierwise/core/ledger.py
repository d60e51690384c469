"""The ledger's entry: one metered call, as an execution record that is written once and never changed.

What was asked, decided and served stand apart, so that they can be compared. Money is integer
nano-dollars; a cost that is not known is None, never 0.

Source: rules.md section 10; seed A§5.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tierwise.core.usage import Usage

Outcome = Literal["ok", "error", "cut", "client_gone", "unreachable", "refused", "steered"]

TOKEN_WEIGHTS_PERCENT: Final = {
    "input": 100,
    "output": 500,
    "cache_read": 10,
    "cache_write_5m": 125,
    "cache_write_1h": 200,
}
"""Weight of a token class in a budget of tokens: near the list prices' ratios, so that cache reads do not
flood a budget and answers are not underrated."""


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of a decision's trace as it is stored: tiers by name ("unknown" for an unknown model)."""

    rule: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Execution:
    """One call. Times are µs since the epoch, UTC; `latency_ms` until the last byte.

    `run` names the agent tree, `agent` the agent in it ("" for the main loop), `agent_name` what its file or
    the client calls it ("" where no hook told), `turn` the user's prompt
    that the call serves. `key` is a short fingerprint of the credential, never the credential. `project`
    is a path tag or directory name, "" if unknown. `*_tier` is None for a model without a known tier.
    `if_nanousd` prices the same tokens and cache states at every tier, None where a price is missing.
    `usage_estimated` marks usage that the provider did not report in full. `preferred_tier` and
    `minimum_tier` are the skill's own, None where it names none; `user_words` is the part of the prompt
    that was an instruction about the model, "" if there was none.
    """

    id: str
    at_us: int
    session: str
    run: str
    agent: str
    turn: str
    request_class: str
    skill: str | None
    role: str | None
    project: str
    key: str
    platform: str
    asked_model: str
    decided_model: str
    served_model: str
    requested_tier: str | None
    decided_tier: str | None
    served_tier: str | None
    effort: str | None
    mode: str
    rule: str
    reason: str
    downgrade_reason: str | None
    zone: str
    binding: str | None
    usage: Usage
    usage_estimated: bool
    tool_calls: int
    cost_nanousd: int | None
    if_nanousd: tuple[tuple[str, int | None], ...]
    weekly_consumed: float | None
    session_consumed: float | None
    latency_ms: int
    status: int
    outcome: Outcome
    upstream_id: str = ""
    trace: tuple[TraceStep, ...] = ()
    warnings: tuple[str, ...] = ()
    preferred_tier: str | None = None
    minimum_tier: str | None = None
    user_words: str = ""
    agent_name: str = ""

    @property
    def mismatch(self) -> bool:
        """Whether another model answered than was decided; never in a mode that changes nothing."""
        return self.mode == "enforce" and bool(self.served_model) and not _same_model(self)


def _same_model(execution: Execution) -> bool:
    """Whether the served id is the decided one, up to a date suffix."""
    served, decided = execution.served_model, execution.decided_model
    return served == decided or (served.startswith(f"{decided}-") and served[len(decided) + 1 :].isdigit())


def weighted_tokens(usage: Usage) -> int:
    """The tokens of a call as a budget of tokens counts them, rounded up to a whole token."""
    percent = (
        usage.input_tokens * TOKEN_WEIGHTS_PERCENT["input"]
        + usage.output_tokens * TOKEN_WEIGHTS_PERCENT["output"]
        + usage.cache_read_tokens * TOKEN_WEIGHTS_PERCENT["cache_read"]
        + usage.cache_write_5m_tokens * TOKEN_WEIGHTS_PERCENT["cache_write_5m"]
        + usage.cache_write_1h_tokens * TOKEN_WEIGHTS_PERCENT["cache_write_1h"]
    )
    return -(-percent // 100)
