"""The session that the demo plays: what the user says, and what the provider answers at each step.

Each turn is one prompt. The provider's script answers it as a model would: it calls the Skill tool, uses a
tool inside the skill, and ends. So the simulator decides nothing about models: it serves what it is asked
for, and the tiers that the log shows are the gateway's work.

Source: seed, "The Problem" and A§5.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Look:
    """One use of a tool inside a skill: what it is asked for, and how many lines it finds."""

    tool: str
    target: str
    lines: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt, the skill that the model answers it with, what it looks at, and the outcome.

    `thought` is how much the model writes at each step, in paragraphs of some 45 tokens. A `fork` runs in a
    conversation of its own (`context: fork`), so the main loop's prompt cache is left alone.
    """

    prompt: str
    skill: str
    fork: bool
    thought: int
    looks: tuple[Look, ...]
    outcome: str


TURNS: Final = (
    Turn(
        "Something is off on the checkout page, who should look at it?",
        "frontend-qa-coordinator",
        False,
        2,
        (Look("Read", "src/pages/checkout.tsx", 80),),
        "Start with page-component-mapper, then css-layout-debugger and ui-bug-investigator.",
    ),
    Turn(
        "Map the components of the checkout page.",
        "page-component-mapper",
        False,
        4,
        (
            Look("Grep", "import .* from", 90),
            Look("Read", "src/components/summary.tsx", 60),
            Look("Read", "src/components/voucher.tsx", 60),
            Look("Read", "src/components/address.tsx", 60),
            Look("Read", "src/components/payment.tsx", 60),
            Look("Read", "src/components/lines.tsx", 60),
        ),
        "CheckoutPage has 14 components, 5 of them client components.",
    ),
    Turn(
        "The summary box overflows on small screens, find out why.",
        "css-layout-debugger",
        True,
        12,
        (
            Look("Read", "src/styles/checkout.css", 120),
            Look("Grep", "min-width", 30),
            Look("Read", "src/components/summary.tsx", 60),
            Look("Grep", "summary-row", 20),
        ),
        "`min-width: 32rem` on .summary-row reaches the box below the `sm` breakpoint.",
    ),
    Turn(
        "The total flickers after hydration and is sometimes wrong. Find the root cause.",
        "ui-bug-investigator",
        True,
        24,
        (
            Look("Read", "src/state/cart.ts", 200),
            Look("Grep", "useEffect", 40),
            Look("Read", "src/state/storage.ts", 90),
            Look("Read", "src/pages/checkout.tsx", 80),
            Look("Grep", "hydrate", 20),
        ),
        "The server renders with the stored cart, the client with the empty one: two effects race.",
    ),
    Turn(
        "Mend the race in the cart's state.",
        "component-fix-and-verify",
        True,
        16,
        (
            Look("Edit", "src/state/cart.ts", 20),
            Look("Grep", "useCart", 30),
            Look("Read", "src/components/lines.tsx", 60),
            Look("Bash", "npx tsc --noEmit", 10),
            Look("Bash", "npx vitest run src/state", 40),
        ),
        "The second effect now waits for the first; type check and 41 tests pass.",
    ),
    Turn(
        "Write the test that would have caught it.",
        "regression-test-generator",
        True,
        16,
        (
            Look("Read", "src/state/storage.test.ts", 80),
            Look("Write", "src/state/cart.test.ts", 20),
            Look("Bash", "npx vitest run src/state/cart.test.ts", 30),
            Look("Bash", "git stash; npx vitest run src/state/cart.test.ts; git stash pop", 30),
        ),
        "cart.test.ts fails without the fix and passes with it.",
    ),
    Turn(
        "Is there a second race like this in the voucher code? Look using sonnet.",
        "ui-bug-investigator",
        True,
        24,
        (
            Look("Read", "src/state/voucher.ts", 120),
            Look("Grep", "AbortController", 10),
            Look("Read", "src/components/voucher.tsx", 60),
        ),
        "No: the voucher has a single effect, and it is cancelled on unmount.",
    ),
    Turn(
        "The address form loses its focus while typing. Find the root cause.",
        "ui-bug-investigator",
        True,
        8,
        (Look("Read", "src/components/address.tsx", 60),),
        "The form is keyed by a value that changes with every letter, so it is made anew.",
    ),
    Turn(
        "Keep opus. Does the payment form suffer from it too?",
        "ui-bug-investigator",
        True,
        16,
        (Look("Read", "src/components/payment.tsx", 60), Look("Grep", "key=\\{", 20)),
        "Yes, and its card field is remounted on every blur as well.",
    ),
    Turn(
        "Mend both forms.",
        "component-fix-and-verify",
        True,
        8,
        (Look("Edit", "src/components/payment.tsx", 20),),
        "Both forms keep their key; type check and 43 tests pass.",
    ),
)

ASKED_MODEL: Final = "claude-opus-5-5"
WEEKLY_BUDGET_USD: Final = 0.70
"""Small enough that the session runs through all zones: yellow from 65 %, red from 80 %."""

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


def script(turns: Sequence[Turn] = TURNS) -> dict[str, Any]:
    """What the provider answers in these turns, as the simulator's script."""
    return {"rules": [rule for turn in turns for rule in _rules(turn)]}


def _rules(turn: Turn) -> list[dict[str, Any]]:
    """The main loop calls the skill; the skill's steps follow there, or in the fork's own conversation."""
    call_skill = {"text": "A skill fits.", "tool_calls": [{"name": "Skill", "input": {"skill": turn.skill}}]}
    looking = [
        {"text": ANSWER * turn.thought, "tool_calls": [{"name": look.tool, "input": {"target": look.target}}]}
        for look in turn.looks
    ]
    steps = [*looking, {"text": ANSWER * 2 * turn.thought + turn.outcome}]
    main = {"name": turn.skill, "match": {"prompt": _exactly(turn.prompt), "agent": False}}
    if not turn.fork:
        return [{**main, "turn": [call_skill, *steps]}]
    forked = {"match": {"first_user": _exactly(f"ARGUMENTS: {turn.prompt}"), "agent": True}, "turn": steps}
    return [{**main, "turn": [call_skill, {"text": turn.outcome}]}, forked]


def _exactly(prompt: str) -> str:
    return "".join(c if c.isalnum() or c == " " else f"\\{c}" for c in prompt)


def found(turn: Turn, target: str) -> str:
    """What a tool inside the skill returns: so many numbered lines of plausible source."""
    lines = next((look.lines for look in turn.looks if look.target == target), 0)
    return "\n".join(
        f"{number:4}  export const item{number} = select(state, '{target}', {number});"
        for number in range(1, lines + 1)
    )
