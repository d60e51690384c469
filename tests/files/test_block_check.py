from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.skills import Condition, Demand, Routing
from tierwise.core.tiers import BUILT_IN, ladder_of
from tierwise.files.check import RULES, block_findings, place_of, row_findings
from tierwise.files.finding_rules import RULES as EXPLAINED
from tierwise.files.skill_files import SkillFile, read_skill

TIERS = st.none() | st.sampled_from(BUILT_IN.rungs)
SOURCES = Path(__file__).parent.parent.parent / "src" / "tierwise" / "files"


def skill(folder: Path, block: str) -> SkillFile:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"  {line}\n" for line in block.splitlines())
    (folder / "SKILL.md").write_text(f"---\nname: {folder.name}\nmodel:\n{lines}---\n", encoding="utf-8")
    return read_skill(folder)


@pytest.mark.parametrize(
    ("block", "rule", "key", "line"),
    [
        ("acceptable: [haiku, sonnet]", "acceptable-without-preferred", "model.acceptable", 4),
        ("preferred: opus\nacceptable: [haiku, sonnet]", "preferred-not-acceptable", "model.acceptable", 5),
        ("preferred: haiku\nminimum: sonnet", "minimum-above-preferred", "model.minimum", 5),
        (
            "preferred: opus\nacceptable: [haiku, opus]\nminimum: sonnet",
            "acceptable-below-minimum",
            "model.acceptable",
            5,
        ),
        ("preferred: sonnet\nreasoning_demand: high", "high-demand-below-heavy", "model.reasoning_demand", 5),
        (
            "preferred: sonnet\nconditions:\n  - {when: a, hold_at: sonnet}\n  - {when: b, hold_at: opus}",
            "dead-condition",
            "model.conditions[1]",
            7,
        ),
        (
            "preferred: haiku\nconditions:\n  - {when: a, downgrade_to: haiku}",
            "dead-condition",
            "model.conditions[0]",
            6,
        ),
        (
            "preferred: opus\nminimum: sonnet\nconditions:\n  - {when: a, downgrade_to: haiku}",
            "condition-below-minimum",
            "model.conditions[0]",
            7,
        ),
    ],
)
def test_values_that_cannot_be_meant_together_are_told_where_they_stand(
    tmp_path: Path, block: str, rule: str, key: str, line: int
) -> None:
    file = skill(tmp_path, block)
    findings = block_findings(file)
    assert file.findings == ()
    assert [(f.rule, f.key, f.line, f.severity) for f in findings] == [(rule, key, line, "warning")]


@pytest.mark.parametrize(
    "block",
    [
        "preferred: opus\nacceptable: [opus, sonnet]\nminimum: sonnet\nreasoning_demand: high",
        "preferred: fable\nreasoning_demand: high",
        "minimum: opus",
        "reasoning_demand: high",
        "preferred: haiku\nminimum: haiku",
        "preferred: opus\nconditions:\n  - {when: a, hold_at: sonnet}\n  - {when: b, downgrade_to: haiku}",
    ],
)
def test_a_block_that_makes_sense_is_left_in_peace(tmp_path: Path, block: str) -> None:
    assert block_findings(skill(tmp_path, block)) == []


def test_a_finding_points_at_the_home_that_won(tmp_path: Path) -> None:
    skill(tmp_path, "preferred: opus\nminimum: haiku")
    (tmp_path / "routing.yaml").write_text("# on top\npreferred: haiku\nminimum: opus\n")
    [finding] = block_findings(read_skill(tmp_path))
    assert (finding.path, finding.line, finding.key) == (str(tmp_path / "routing.yaml"), 3, "minimum")


def test_high_demand_is_measured_on_the_ladder_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("---\nmodel: {preferred: large, reasoning_demand: high}\n---\n")
    ladder = ladder_of(("small", "large"))
    assert block_findings(read_skill(tmp_path, ladder), ladder) == []


ROUTINGS = st.builds(
    Routing,
    preferred=TIERS,
    acceptable=st.none() | st.lists(st.sampled_from(BUILT_IN.rungs), min_size=1).map(tuple),
    minimum=TIERS,
    reasoning_demand=st.none() | st.sampled_from(Demand),
    conditions=st.none()
    | st.lists(
        st.builds(Condition, st.just("x"), downgrade_to=st.sampled_from(BUILT_IN.rungs))
        | st.builds(Condition, st.just("x"), hold_at=st.sampled_from(BUILT_IN.rungs)),
        min_size=1,
        max_size=3,
    ).map(tuple),
)


@given(ROUTINGS)
def test_every_complaint_names_a_key_that_was_written(routing: Routing) -> None:
    for look in RULES.values():
        for key, problem, remedy in look(routing, BUILT_IN):
            assert getattr(routing, key.partition("[")[0]) is not None
            assert problem
            assert remedy.endswith(".")


def test_every_rule_that_the_readers_use_is_explained() -> None:
    """A word in quotes that ends a finding somewhere has to be in the table, and the other way round."""
    package = SOURCES.parent
    text = "".join(path.read_text() for path in package.rglob("*.py") if path.name != "finding_rules.py")
    used = set(re.findall(r'"(?:warning|error)",\s*"([a-z0-9]+(?:-[a-z0-9]+)+)",?\s*\)', text))

    assert used
    assert used <= EXPLAINED.keys()
    assert RULES.keys() <= EXPLAINED.keys()
    for rule in EXPLAINED:
        assert f'"{rule}"' in text, rule


def coordinator(folder: Path, row: str) -> SkillFile:
    folder.mkdir(parents=True, exist_ok=True)
    header = "| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |\n|-|-|-|-|-|\n"
    (folder / "SKILL.md").write_text(f"---\nname: suite\n---\n{header}{row}\n", encoding="utf-8")
    return read_skill(folder)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("| s | skills/s/ | sonnet | | haiku |", []),
        ("| s | `skills/s` | sonnet | | |", []),
        ("| s | ./skills/s/SKILL.md | | | |", []),
        ("| s | skills/s/ | haiku | | haiku |", [("row-default", "default tier")]),
        ("| s | skills/s/ | opus | | haiku |", [("row-default", "default tier")]),
        ("| s | skills/strict/ | opus | | sonnet |", [("row-floor", "downgrade floor")]),
        ("| s | skills/silent/ | opus | | opus |", []),
        ("| s | skills/nowhere/ | haiku | | |", [("row-path", "path")]),
        ("| s | skills/empty/ | haiku | | |", [("row-path", "path")]),
        ("| s | /etc/ | haiku | | |", [("row-path", "path")]),
        ("| s | | haiku | | |", []),
    ],
)
def test_a_row_must_agree_with_the_skill_it_names(tmp_path: Path, row: str, found: list[object]) -> None:
    skill(tmp_path / "skills" / "s", "preferred: sonnet\nacceptable: [haiku, sonnet]\nminimum: haiku")
    skill(tmp_path / "skills" / "strict", "preferred: opus\nminimum: opus")
    skill(tmp_path / "skills" / "silent", "")
    (tmp_path / "skills" / "empty").mkdir()
    suite = coordinator(tmp_path, row)
    place = place_of(suite, suite.rows[0])
    findings = row_findings(suite, suite.rows[0], read_skill(place) if place else None)
    assert [(f.rule, f.key) for f in findings] == found
    assert all((f.line, f.path) == (6, str(suite.path)) for f in findings)


def test_a_default_that_the_skill_does_not_even_accept_is_said_so(tmp_path: Path) -> None:
    named = skill(tmp_path / "s", "preferred: sonnet")
    suite = coordinator(tmp_path, "| s | s/ | opus | | |")
    [finding] = row_findings(suite, suite.rows[0], named)
    assert finding.problem == "`s`: the skill prefers sonnet and does not accept opus, the table says opus"
