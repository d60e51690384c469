"""The session that the demo plays: what the user says, and what the provider answers at each step.

Each turn is one prompt. The provider's script answers it as a model would: it calls the Skill tool, uses a
tool inside the skill, and ends. So the simulator decides nothing about models: it serves what it is asked
for, and the tiers that the log shows are the gateway's work.

Source: seed, "The Problem" and A§5.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt, the skill that the model answers it with, what the tool inside finds, and the outcome."""

    prompt: str
    skill: str
    tool: str
    argument: str
    found_lines: int
    outcome: str


TURNS: Final = (
    Turn(
        "Something is off on the checkout page, who should look at it?",
        "frontend-qa-coordinator",
        "Read",
        "src/pages/checkout.tsx",
        120,
        "Start with page-component-mapper, then css-layout-debugger and ui-bug-investigator.",
    ),
    Turn(
        "Map the components of the checkout page.",
        "page-component-mapper",
        "Grep",
        "import .* from",
        260,
        "CheckoutPage has 14 components, 5 of them client components.",
    ),
    Turn(
        "The summary box overflows on small screens, find out why.",
        "css-layout-debugger",
        "Read",
        "src/styles/checkout.css",
        320,
        "`min-width: 32rem` on .summary-row reaches the box below the `sm` breakpoint.",
    ),
    Turn(
        "The total flickers after hydration and is sometimes wrong. Find the root cause.",
        "ui-bug-investigator",
        "Read",
        "src/state/cart.ts",
        900,
        "The server renders with the stored cart, the client with the empty one: two effects race.",
    ),
    Turn(
        "Mend the race in the cart's state.",
        "component-fix-and-verify",
        "Edit",
        "src/state/cart.ts",
        300,
        "The second effect now waits for the first; type check and 41 tests pass.",
    ),
    Turn(
        "Write the test that would have caught it.",
        "regression-test-generator",
        "Write",
        "src/state/cart.test.ts",
        220,
        "cart.test.ts fails without the fix and passes with it.",
    ),
    Turn(
        "Is there a second race like this in the voucher code? Look using sonnet.",
        "ui-bug-investigator",
        "Read",
        "src/state/voucher.ts",
        420,
        "No: the voucher has a single effect, and it is cancelled on unmount.",
    ),
)

ASKED_MODEL: Final = "claude-opus-5-5"
WEEKLY_BUDGET_USD: Final = 0.50
"""Small enough that the session passes its yellow edge on the way."""

SYSTEM_PROMPT: Final = (
    "You are a coding agent in the repository of a web shop. Use the Skill tool where a skill fits. "
    + "House rules: components are functions; state lives in src/state; styles are CSS modules; every fix "
    "has a test; names are whole words; no component reaches into another one's state. " * 60
)
"""Long, like a real agent's: what the prompt cache is for."""

ANSWER: Final = (
    "I looked at what the request names, what it imports and what uses it. Here is what follows from it, "
    "step by step, with the files and lines that show it, and what I would leave alone. "
)


def script() -> dict[str, Any]:
    """What the provider answers, as the simulator's script."""
    return {"rules": [_rule(turn) for turn in TURNS]}


def _rule(turn: Turn) -> dict[str, Any]:
    call_skill = {"text": "A skill fits.", "tool_calls": [{"name": "Skill", "input": {"skill": turn.skill}}]}
    use_tool = {"text": ANSWER * 2, "tool_calls": [{"name": turn.tool, "input": {"target": turn.argument}}]}
    finish = {"text": ANSWER * 6 + turn.outcome}
    steps = [call_skill, use_tool, finish]
    return {"name": turn.skill, "match": {"prompt": _exactly(turn.prompt)}, "turn": steps}


def _exactly(prompt: str) -> str:
    return "".join(c if c.isalnum() or c == " " else f"\\{c}" for c in prompt)


def found(turn: Turn) -> str:
    """What the tool inside the skill returns: so many numbered lines of plausible source."""
    return "\n".join(
        f"{number:4}  export const item{number} = select(state, '{turn.argument}', {number});"
        for number in range(1, turn.found_lines + 1)
    )
