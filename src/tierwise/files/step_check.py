"""Step check: what the tiers of a skill's steps mean beside its own block.

    step below `minimum`                               it would be raised
    step above `preferred`, with `allow_upgrade: false`   it would be capped

A tier that stands in a step only is allowed, a premium one too: the author has named it there.

Source: rules.md sections 2 and 5; seed A§4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tierwise.core.skills import Routing, SkillStep
from tierwise.files.findings import Finding
from tierwise.files.skill_files import SkillFile

STEP_RULES: Final = ("step-below-minimum", "step-above-preferred")


def step_findings(file: SkillFile) -> list[Finding]:
    """Where a step and the block contradict each other, in the order of the steps."""
    if file.routing is None:
        return []
    return [
        Finding(str(file.path), step.line, f"step {step.number}", problem, remedy, "warning", rule)
        for step in file.steps
        for rule, problem, remedy in _complaints(step, file.routing)
    ]


def _complaints(step: SkillStep, block: Routing) -> Iterator[tuple[str, str, str]]:
    below, above = STEP_RULES
    low, high = min(step.tiers, default=None), max(step.tiers, default=None)
    if low is not None and block.minimum is not None and low < block.minimum:
        problem = f"{low} is below the minimum {block.minimum}: the step would be raised to it"
        yield below, problem, f"Write {block.minimum} here, or lower `minimum` to {low}."
    capped = block.allow_upgrade is False and block.preferred is not None
    if capped and high is not None and block.preferred is not None and high > block.preferred:
        problem = f"{high} is above the preferred tier {block.preferred}, and the skill allows no upgrade"
        yield above, problem, f"Write {block.preferred} here, prefer {high}, or allow upgrades."
