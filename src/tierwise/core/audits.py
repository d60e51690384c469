"""Audits: why one call went where it went, as the block of A§5.3.

    [ROUTE] css-layout-debugger
      Preferred: sonnet
      User override: "use haiku for everything"
      Skill minimum: haiku
      Budget zone: green
      Upgrade triggers: none matched
      Downgrade triggers: none (green zone)
      → Decision: haiku (user override, above minimum)
        user                sonnet -> haiku   the prompt asks for it

Everything in it is read off the trace, because the trace is the decision. A live decision and a stored
record are shown through the same value.

Source: seed A§5.3; rules.md section 3.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Final

from tierwise.core.figures import printable
from tierwise.core.ledger import Execution, TraceStep
from tierwise.core.summary_text import NO_SKILL
from tierwise.core.tiers import BUILT_IN

TRIGGERS: Final = ("conditions", "fit", "learned", "budget", "availability", "context_fit", "escalation")
"""The rules that move a tier because something happened; the others state wishes and bounds."""

BUILT_IN_LADDER: Final = tuple(rung.name for rung in BUILT_IN.rungs)
WIDTH: Final = 100
LEAST_WHY_WIDTH: Final = 30


@dataclass(frozen=True, slots=True)
class AuditView:
    """One decision as it is audited. Tiers are names, None where there is none.

    `binding` says in words what set the zone ("" if nothing did). `user_words` is the user's instruction,
    "" if there was none. `ladder` names the rungs, cheapest first: it tells up from down. `tier` None is a
    model that the catalog does not know, served as asked.
    """

    skill: str | None
    preferred: str | None
    user_words: str
    zone: str
    binding: str
    minimum: str | None
    steps: tuple[TraceStep, ...]
    tier: str | None
    model: str
    reason: str
    warnings: tuple[str, ...] = ()
    ladder: tuple[str, ...] = BUILT_IN_LADDER


def view_of(execution: Execution) -> AuditView:
    """The stored decision of one call. Its ladder is the order in which the tiers were priced."""
    return AuditView(
        skill=execution.skill,
        preferred=execution.preferred_tier,
        user_words=execution.user_words,
        zone=execution.zone,
        binding=execution.binding or "",
        minimum=execution.minimum_tier,
        steps=execution.trace,
        tier=execution.decided_tier,
        model=execution.decided_model,
        reason=execution.reason,
        warnings=execution.warnings,
        ladder=tuple(tier for tier, _ in execution.if_nanousd) or BUILT_IN_LADDER,
    )


def audit_block(view: AuditView, *, verbose: bool = False) -> str:
    """The block; beneath the decision the steps that moved the tier, with `verbose` all of them."""
    binding = f" ({view.binding})" if view.binding else ""
    decided = view.tier or f"{view.model} as asked".strip()
    lines = [
        ("Preferred", view.preferred or "none"),
        ("User override", _override(view)),
        *([("Skill minimum", view.minimum)] if view.minimum else []),
        ("Budget zone", f"{view.zone}{binding}"),
        ("Upgrade triggers", _moves(view, 1) or "none matched"),
        ("Downgrade triggers", _moves(view, -1) or f"none ({view.zone} zone)"),
        ("→ Decision", f"{decided} ({view.reason})"),
    ]
    steps = [step for step in view.steps if verbose or step.before != step.after]
    return "\n".join(
        [
            f"[ROUTE] {printable(view.skill or NO_SKILL)}",
            *(wrapped for label, text in lines for wrapped in _wrapped(f"  {label}: ", text)),
            *_table(steps),
            *(wrapped for text in view.warnings for wrapped in _wrapped("  Warning: ", text)),
        ]
    )


def _override(view: AuditView) -> str:
    """The user's words, or what stood in for them (a session's setting, a pin)."""
    if view.user_words:
        return f'"{view.user_words}"'
    moved = (step.why for step in view.steps if step.rule == "user" and step.before != step.after)
    return next(moved, "none")


def _moves(view: AuditView, direction: int) -> str:
    """Why triggers moved the tier in that direction (1 up, -1 down); "" if none did."""
    rank = {name: position for position, name in enumerate(view.ladder)}
    return "; ".join(
        step.why
        for step in view.steps
        if step.rule in TRIGGERS
        and step.before in rank
        and step.after in rank
        and (rank[step.after] - rank[step.before]) * direction > 0
    )


def _table(steps: list[TraceStep]) -> list[str]:
    """The steps in columns: rule, before -> after, why; a long why goes on below its column."""
    moves = [printable(f"{step.before} -> {step.after}") for step in steps]
    rules = max((len(step.rule) for step in steps), default=0)
    width = max(map(len, moves), default=0)
    return [
        line
        for step, move in zip(steps, moves, strict=True)
        for line in _wrapped(f"    {step.rule:{rules}}  {move:{width}}  ", step.why)
    ]


def _wrapped(head: str, text: str) -> list[str]:
    """The text behind its head, in lines that start below it; words stay whole where they can."""
    room = max(WIDTH - len(head), LEAST_WHY_WIDTH)
    first, *rest = textwrap.wrap(printable(text), room, break_on_hyphens=False) or [""]
    return [(head + first).rstrip(), *(" " * len(head) + more for more in rest)]
