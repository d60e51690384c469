"""Check: what the values of a block mean together, and where a routing table contradicts its skills.

Reading finds what cannot be read; here everything was read, and some of it cannot be meant. Each rule of
`RULES` looks at one skill; `row_findings` looks at one row beside the skill that it names. All are warnings.

Source: seed A§7.2; rules.md section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tierwise.core.skills import Demand, Routing
from tierwise.core.tiers import BUILT_IN, Ladder, Tier
from tierwise.files.findings import Finding
from tierwise.files.nodes import quoted
from tierwise.files.routing_table import DEFAULT, FLOOR, PATH, RoutingRow
from tierwise.files.skill_files import SKILL_FILE, SkillFile
from tierwise.files.text_files import is_folder

Complaint = tuple[str, str, str]
"""(key of the block, problem, remedy)."""


def block_findings(file: SkillFile, ladder: Ladder = BUILT_IN) -> list[Finding]:
    """What is wrong with a skill's block as a whole, in the order of `RULES`; nothing if it has none."""
    if file.routing is None:
        return []
    findings = []
    for rule, look in RULES.items():
        for key, problem, remedy in look(file.routing, ladder):
            place = file.provenance[key]
            findings.append(Finding(place.path, place.line, place.key, problem, remedy, "warning", rule))
    return findings


def description_findings(file: SkillFile) -> list[Finding]:
    """What is wrong with a skill that says nowhere when to use it: a client offers it by its description."""
    if file.description or not file.usable:
        return []
    problem = "no description: no client knows when to use it"
    remedy = "Add `description:` to the frontmatter."
    return [Finding(str(file.path), 1, "description", problem, remedy, "warning", "description-missing")]


def _acceptable_without_preferred(block: Routing, _: Ladder) -> Iterator[Complaint]:
    if block.acceptable is not None and block.preferred is None:
        problem = "`acceptable` without `preferred`"
        yield "acceptable", problem, f"Add `preferred: {min(block.acceptable)}`, or the tier that it wants."


def _preferred_not_acceptable(block: Routing, _: Ladder) -> Iterator[Complaint]:
    if (
        block.preferred is not None
        and block.acceptable is not None
        and block.preferred not in block.acceptable
    ):
        tiers = _names(*sorted({*block.acceptable, block.preferred}))
        yield "acceptable", f"the preferred tier {block.preferred} is missing", f"Write [{tiers}]."


def _minimum_above_preferred(block: Routing, _: Ladder) -> Iterator[Complaint]:
    if block.minimum is not None and block.preferred is not None and block.minimum > block.preferred:
        problem = f"the minimum {block.minimum} is above the preferred tier {block.preferred}"
        yield "minimum", problem, f"Lower it to {block.preferred}, or prefer {block.minimum}."


def _acceptable_below_minimum(block: Routing, _: Ladder) -> Iterator[Complaint]:
    minimum = block.minimum
    low = [tier for tier in block.acceptable or () if minimum is not None and tier < minimum]
    if low:
        problem = f"{_names(*low)} is below the minimum {minimum} and never used"
        yield "acceptable", problem, f"Take it out, or lower `minimum` to {min(low)}."


def _high_demand_below_heavy(block: Routing, ladder: Ladder) -> Iterator[Complaint]:
    heavy = ladder.heavy
    if block.reasoning_demand is Demand.HIGH and block.preferred is not None and block.preferred < heavy:
        problem = f"high demand, but the preferred tier is {block.preferred}: a hold at {heavy} can never act"
        yield "reasoning_demand", problem, f"Prefer {heavy} and let conditions go down, or call it medium."


def _dead_condition(block: Routing, _: Ladder) -> Iterator[Complaint]:
    preferred = block.preferred
    for at, condition in enumerate(block.conditions or ()):
        down, hold = condition.downgrade_to, condition.hold_at
        if preferred is not None and down is not None and down >= preferred:
            problem = f"a downgrade to {down} does nothing where {preferred} is preferred"
            yield f"conditions[{at}]", problem, f"Name a tier below {preferred}, or prefer a higher one."
        if preferred is not None and hold is not None and hold > preferred:
            problem = f"a hold at {hold} does nothing where {preferred} is preferred: it never raises"
            yield f"conditions[{at}]", problem, f"Prefer {hold} and let conditions go down."


def _condition_below_minimum(block: Routing, _: Ladder) -> Iterator[Complaint]:
    minimum = block.minimum
    for at, condition in enumerate(block.conditions or ()):
        down = condition.downgrade_to
        if minimum is not None and down is not None and down < minimum:
            problem = f"a downgrade to {down} is below the minimum {minimum}"
            yield f"conditions[{at}]", problem, f"Downgrade to {minimum}, or lower `minimum` to {down}."


RULES: Final[dict[str, Callable[[Routing, Ladder], Iterator[Complaint]]]] = {
    "acceptable-without-preferred": _acceptable_without_preferred,
    "preferred-not-acceptable": _preferred_not_acceptable,
    "minimum-above-preferred": _minimum_above_preferred,
    "acceptable-below-minimum": _acceptable_below_minimum,
    "high-demand-below-heavy": _high_demand_below_heavy,
    "dead-condition": _dead_condition,
    "condition-below-minimum": _condition_below_minimum,
}


def place_of(coordinator: SkillFile, row: RoutingRow) -> Path | None:
    """The skill file that the row's path leads to from the coordinator's folder; None if there is none."""
    named = Path(row.path)
    if not row.path or named.is_absolute() or not row.path.isprintable():
        return None
    place = coordinator.folder / named
    file = place / SKILL_FILE if is_folder(place) else place
    try:
        return file if file.is_file() else None
    except OSError:
        return None


def row_findings(coordinator: SkillFile, row: RoutingRow, skill: SkillFile | None) -> list[Finding]:
    """What is wrong with a row beside its skill; `skill` is None if the row's path leads nowhere."""
    if skill is None:
        if not row.path:
            return []
        problem = f"{quoted(row.path)} leads to no {SKILL_FILE} from this folder"
        remedy = "Name the skill's folder, relative to this file."
        return [_row_finding(coordinator, row, PATH, "row-path", problem, remedy)]
    return [
        _row_finding(coordinator, row, key, rule, f"{quoted(row.skill)}: {problem}", remedy)
        for rule, key, problem, remedy in _contradictions(row, skill)
    ]


def _contradictions(row: RoutingRow, skill: SkillFile) -> Iterator[tuple[str, str, str, str]]:
    block = skill.routing or Routing()
    wanted, default = block.preferred, row.default
    if wanted is not None and default is not None and default != wanted:
        accepted = default in (block.acceptable or ())
        detail = "" if accepted else f" and does not accept {default}"
        problem = f"the skill prefers {wanted}{detail}, the table says {default}"
        yield "row-default", DEFAULT, problem, f"Write {wanted} here, or change the skill."
    if block.minimum is not None and row.floor is not None and row.floor < block.minimum:
        problem = f"the floor {row.floor} is below the skill's minimum {block.minimum}"
        yield "row-floor", FLOOR, problem, f"Write {block.minimum} here, or lower the skill's minimum."


def _row_finding(
    coordinator: SkillFile, row: RoutingRow, key: str, rule: str, problem: str, remedy: str
) -> Finding:
    return Finding(str(coordinator.path), row.line, key, problem, remedy, "warning", rule)


def _names(*tiers: Tier) -> str:
    return ", ".join(tier.name for tier in tiers)
