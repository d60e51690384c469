"""Adaptations: what to add to a prompt when a skill runs below its preferred tier.

A smaller model does well with more structure: smaller steps, explicit checks, exact patterns. What is said
depends on where the work ends up, and on how far it fell:

| runs at | one rung down | two | three or more |
|---|---|---|---|
| the light rung | mechanical | … and leaves out what needs judgement | collects facts only |
| a rung between | checklist, small steps | … and writes down its plan first | as for two |
| the heavy rung, instead of a premium one | plan, second approach, check at the end | the same | the same |

A skill's own section for the pair of tiers wins. Where it has none for the pair, but one for every step on
the way (opus → sonnet, sonnet → haiku), these count together, the higher step first: what makes up for two
falls is what makes up for each. The fewest sections that reach from end to end are taken. A way with a gap
is no way: half of it would compensate half of the fall.

The text is bounded, and belongs at the tail of a prompt, never in its cached prefix.

Source: rules.md section 5; seed A§6.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tierwise.core.skills import Skill
from tierwise.core.tiers import Ladder, Tier

Pair = tuple[str, str]
"""(from, to): names of the preferred tier and of the one that the work runs at."""

MAX_TEXT_CHARACTERS: Final = 8_000
"""Of a whole adaptation: own sections that are longer together are not used."""

_OPENING: Final = "This work usually runs on a more capable model. To make up for it:"
_BETWEEN: Final = "\n\nAnd, where this differs from the above, instead of it:\n"

_MECHANICAL: Final = (
    "Follow the instructions mechanically; where a judgement is needed, report it instead of deciding.",
    "Match the exact patterns given; do not infer new ones.",
    "Use a script for any logic of more than one step.",
    "Answer with structured data only, without prose analysis.",
)
_SPELLED_OUT: Final = (
    "Do only the parts that the instructions spell out; list every other part as open, with what you saw.",
    "Write down the steps as a checklist first; do one at a time, and check its result before the next.",
    *_MECHANICAL[1:],
)
_FACTS_ONLY: Final = (
    "Decide nothing that this work was meant to decide: collect the facts that the decision needs.",
    "For each open decision list the facts for and against it, with their file and line.",
    "Change nothing that one command cannot undo.",
    *_MECHANICAL[1:],
)
_CHECKED: Final = (
    "Write the diagnostic checklist down first and go through it point by point.",
    "Recall two or three similar problems and what caused them before you conclude.",
    "Take complex reasoning in small steps, one after the other.",
    "After each step check the result before you build on it.",
)
_PLANNED: Final = (
    "First write down the goal, the constraints and what could go wrong.",
    *_CHECKED,
    "Keep what you have verified apart from what you assume.",
    "Where a choice is hard to undo, lay out the options and ask.",
)
_SECOND_LOOK: Final = (
    "First write down the goal, the constraints and what could go wrong.",
    "Think of a second approach before you commit to the first.",
    "At the end check the result against that list, point by point.",
)

_LIGHT: Final = (_MECHANICAL, _SPELLED_OUT, _FACTS_ONLY)
_MIDDLE: Final = (_CHECKED, _PLANNED)
_HEAVY: Final = (_SECOND_LOOK,)
"""For each end the texts by how many rungs the work fell; the last one serves every deeper fall."""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """The text for one pair of tiers. `sections` are the skill's own that it is made of; none: built in.

    `passed_over` are own sections that lead there too, and are too long together.
    """

    text: str
    sections: tuple[Pair, ...] = ()
    passed_over: tuple[Pair, ...] = ()


def adaptation_of(skill: Skill | None, tier: Tier | None, ladder: Ladder) -> str | None:
    """The text for this skill at this tier; None where it runs at its preferred tier or above."""
    if skill is None or tier is None or skill.preferred is None:
        return None
    found = adaptation_between(skill.adaptations, skill.preferred, tier, ladder)
    return found.text if found is not None else None


def adaptation_between(
    own: Iterable[tuple[Pair, str]], preferred: Tier, tier: Tier, ladder: Ladder
) -> Adaptation | None:
    """What is added at `tier` to work that prefers `preferred`; None if that is no lower tier."""
    if tier >= preferred:
        return None
    sections = dict(own)
    way = _way(frozenset(sections), preferred, tier, ladder)
    text = _BETWEEN.join(sections[pair] for pair in way)
    if way and len(text) <= MAX_TEXT_CHARACTERS:
        return Adaptation(text, way)
    return Adaptation(built_in(preferred, tier, ladder), passed_over=way)


def built_in(preferred: Tier, tier: Tier, ladder: Ladder) -> str:
    """Our own text for the pair, by the end of the ladder that the work runs at and how far it fell."""
    texts = _LIGHT if tier <= ladder.light else _HEAVY if tier >= ladder.heavy else _MIDDLE
    fall = preferred.rank - tier.rank
    lines = texts[min(fall, len(texts)) - 1]
    return "\n".join((_OPENING, *(f"- {line}" for line in lines)))


def _way(pairs: frozenset[Pair], preferred: Tier, tier: Tier, ladder: Ladder) -> tuple[Pair, ...]:
    """The fewest pairs that lead from `preferred` down to `tier`; of equally few, the longest fall first.

    Empty if none do. Rungs are looked at from `tier` upwards, so each one's best way is known when needed.
    """
    best: dict[str, tuple[Pair, ...]] = {tier.name: ()}
    for rung in ladder.rungs[tier.rank + 1 : preferred.rank + 1]:
        steps = [(rung.name, lower.name) for lower in ladder.rungs[tier.rank : rung.rank]]
        ways = [(step, *best[step[1]]) for step in steps if step in pairs and step[1] in best]
        if ways:
            best[rung.name] = min(ways, key=len)
    return best.get(preferred.name, ())
