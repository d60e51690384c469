"""Suites: from a folder to its skills under their coordinators, and from a skill to its coordinator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierwise.core.skills import Trigger
from tierwise.core.tiers import BUILT_IN
from tierwise.files.skill_files import read_skill
from tierwise.files.suites import MAX_PLACES, coordinator_of, read_suite, under_coordinator

HAIKU, SONNET, OPUS, _ = BUILT_IN.rungs
TABLE = (
    "| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |\n|-|-|-|-|-|\n"
    "| mapper | {path} | haiku | Dynamic imports → sonnet | haiku |\n"
)


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_text(text)
    return folder


def head(name: str, rest: str = "") -> str:
    return f"---\nname: {name}\ndescription: Does it.\n{rest}---\n"


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    """A suite as seed A§4.1 lays it out."""
    suite = write(tmp_path / "qa", head("qa") + TABLE.format(path="skills/mapper/"))
    write(suite / "skills" / "mapper", head("mapper"))
    write(suite / "skills" / "loner", head("loner", "model: opus\n"))
    (suite / "agents").mkdir()
    (suite / "agents" / "helper.md").write_text(head("helper", "model: sonnet\n"))
    return suite


def test_a_suite_holds_its_skills_under_their_rows(nested: Path) -> None:
    suite = read_suite(nested)
    assert suite.coordinator is not None
    assert suite.coordinator.name == "qa"
    assert [(one.name, one.skill.preferred) for one in suite.skills] == [("loner", OPUS), ("mapper", HAIKU)]
    assert suite.skills[1].skill.triggers == (Trigger("Dynamic imports", SONNET),)
    assert [one.name for one in suite.agents] == ["helper"]
    assert suite.findings == ()


def test_two_coordinators_are_told_apart_and_each_skill_stands_under_its_own(nested: Path) -> None:
    write(nested / "skills" / "ops-coordinator", head("ops-coordinator") + TABLE.format(path="../deploy"))
    suite = read_suite(nested)
    assert suite.coordinator is None
    assert [one.name for one in suite.coordinators] == ["qa", "ops-coordinator"]
    (mapper,) = (one for one in suite.skills if one.name == "mapper")
    assert mapper.provenance["preferred"].path == str(nested / "SKILL.md")


@pytest.mark.parametrize("path", ["skills/mapper/", "", "../mapper"])
def test_an_installed_suite_lies_flat_and_its_coordinator_is_found_beside(tmp_path: Path, path: str) -> None:
    skills = tmp_path / ".claude" / "skills"
    write(skills / "router", head("router") + TABLE.format(path=path))
    mapper = read_skill(write(skills / "mapper", head("mapper")))
    coordinator = coordinator_of(mapper)
    assert coordinator is not None
    assert coordinator.name == "router"
    assert under_coordinator(mapper).skill.preferred == HAIKU


def test_a_row_that_leads_to_another_skill_of_the_name_does_not_speak_for_this_one(tmp_path: Path) -> None:
    skills = tmp_path / "skills"
    write(tmp_path / "elsewhere" / "mapper", head("mapper"))
    write(skills / "router", head("router") + TABLE.format(path="../../elsewhere/mapper"))
    mapper = read_skill(write(skills / "mapper", head("mapper")))
    assert coordinator_of(mapper) is None
    assert under_coordinator(mapper) is mapper


def test_a_skill_alone_has_no_coordinator(tmp_path: Path) -> None:
    alone = read_skill(write(tmp_path / "a" / "b" / "alone", head("alone")))
    assert coordinator_of(alone) is None
    gone = read_skill(tmp_path / "nowhere" / "at" / "all")
    assert coordinator_of(gone) is None


def test_of_very_many_neighbours_only_so_many_are_looked_into(tmp_path: Path) -> None:
    for n in range(MAX_PLACES + 5):
        (tmp_path / f"n{n:04}").mkdir()
    write(tmp_path / "zz", head("zz") + TABLE.format(path=""))
    mapper = read_skill(write(tmp_path / "mapper", head("mapper")))
    assert coordinator_of(mapper) is None
