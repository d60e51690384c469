"""Adaptations: what to add to a prompt when a skill runs below its preferred tier.

A smaller model does well with more structure: smaller steps, explicit checks, exact patterns. The skill's
own section for that pair of tiers wins; what is here serves every other pair. It belongs at the tail of a
prompt, never in its cached prefix.

Source: rules.md section 5; seed A§6.4.
"""

from __future__ import annotations

from typing import Final

from tierwise.core.skills import Skill
from tierwise.core.tiers import Ladder, Tier

FOR_STANDARD: Final = (
    "This work usually runs on a more capable model. To make up for it:\n"
    "- Write the diagnostic checklist down first and go through it point by point.\n"
    "- Recall two or three similar problems and what caused them before you conclude.\n"
    "- Take complex reasoning in small steps, one after the other.\n"
    "- After each step check the result before you build on it."
)
FOR_LIGHT: Final = (
    "This work usually runs on a more capable model. To make up for it:\n"
    "- Follow the instructions mechanically; where a judgement is needed, report it instead of deciding.\n"
    "- Match the exact patterns given; do not infer new ones.\n"
    "- Use a script for any logic of more than one step.\n"
    "- Answer with structured data only, without prose analysis."
)


def adaptation_of(skill: Skill | None, tier: Tier | None, ladder: Ladder) -> str | None:
    """The text for this skill at this tier; None where it runs at its preferred tier or above."""
    if skill is None or tier is None or skill.preferred is None or tier >= skill.preferred:
        return None
    own = dict(skill.adaptations).get((skill.preferred.name, tier.name))
    return own or (FOR_LIGHT if tier <= ladder.light else FOR_STANDARD)
