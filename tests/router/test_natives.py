"""Agents, skills and twins by name: the nearest counts, and nothing outside the roots is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierwise.core.tiers import BUILT_IN
from tierwise.files.tier_words import no_model
from tierwise.router.natives import Natives
from tierwise.router.shelf import Shelf

AGENT = "---\nname: {name}\nmodel: {{preferred: haiku}}\nskills: [one, two]\n---\nWork.\n"


def agent(folder: Path, file: str, name: str) -> Path:
    path = folder / ".claude" / "agents" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(AGENT.format(name=name))
    return path


def skill(folder: Path, name: str, head: str = "") -> Path:
    path = folder / ".claude" / "skills" / name
    path.mkdir(parents=True, exist_ok=True)
    (path / "SKILL.md").write_text(f"---\nname: {name}\n{head}---\nWork.\n")
    return path


def natives(*roots: Path) -> Natives:
    return Natives(Shelf(roots, no_model), no_model)


def test_an_agent_is_called_by_what_its_file_says_wherever_that_lies_below_the_folder(tmp_path: Path) -> None:
    nested = agent(tmp_path, "team/other.md", "reviewer")
    agent(tmp_path, "reviewer.md", "somebody-else")
    found = natives(tmp_path)
    assert found.agent("reviewer", str(tmp_path)) == nested
    assert found.agent("other", str(tmp_path)) is None
    assert found.agent_at(nested, BUILT_IN).skill.preferred == BUILT_IN["haiku"]
    assert found.skills_of(nested) == ("one", "two")
    assert found.model_of(nested) == ""


def test_the_nearest_folder_counts_and_a_persons_own_comes_last(tmp_path: Path) -> None:
    inner, own = tmp_path / "shop" / "cart", tmp_path / "me" / "agents"
    (inner / "src").mkdir(parents=True)
    own.mkdir(parents=True)
    (own / "reviewer.md").write_text(AGENT.format(name="reviewer"))
    found = natives(tmp_path / "shop", own)
    assert found.agent("reviewer", str(inner / "src")) == own / "reviewer.md"
    outer = agent(tmp_path / "shop", "reviewer.md", "reviewer")
    assert found.agent("reviewer", str(inner / "src")) == outer
    near = agent(inner, "reviewer.md", "reviewer")
    assert found.agent("reviewer", str(inner / "src")) == near


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = agent(tmp_path, "a.md", "first")
    found = natives(tmp_path)
    assert found.agent("first", str(tmp_path)) == file
    file.write_text(AGENT.format(name="the-second"))
    assert found.agent("first", str(tmp_path)) is None
    assert found.agent("the-second", str(tmp_path)) == file


def test_nothing_outside_the_roots_is_opened(tmp_path: Path) -> None:
    outside = agent(tmp_path / "outside", "reviewer.md", "reviewer")
    skill(tmp_path / "outside", "mapper")
    agents = tmp_path / "shop" / ".claude" / "agents"
    agents.mkdir(parents=True)
    (agents / "reviewer.md").symlink_to(outside)
    (tmp_path / "shop" / ".claude" / "skills").symlink_to(tmp_path / "outside" / ".claude" / "skills")
    found = natives(tmp_path / "shop")
    for cwd in (str(tmp_path / "shop"), str(tmp_path / "outside"), "/", "", "relative", "/a\0b"):
        assert found.agent("reviewer", cwd) is None
        assert found.skill("mapper", cwd) is None


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "plugin:x", "x" * 200, "a\0b"])
def test_what_is_no_name_is_not_looked_for(tmp_path: Path, name: str) -> None:
    found = natives(tmp_path)
    assert found.agent(name, str(tmp_path)) is None
    assert found.skill(name, str(tmp_path)) is None


def test_a_twin_is_a_fork_that_was_made_of_the_very_skill(tmp_path: Path) -> None:
    mapper = skill(tmp_path, "mapper")
    made_of = "metadata:\n  tierwise.twin-of: {}\n"
    found = natives(tmp_path)
    assert found.twin(mapper, "mapper", "haiku") is None
    skill(tmp_path, "mapper-on-haiku", made_of.format("mapper"))
    assert found.twin(mapper, "mapper", "haiku") is None
    skill(tmp_path, "mapper-on-haiku", "context: fork\n" + made_of.format("other"))
    assert found.twin(mapper, "mapper", "haiku") is None
    twin = skill(tmp_path, "mapper-on-haiku", "context: fork\nagent: Explore\n" + made_of.format("mapper"))
    assert found.twin(mapper, "mapper", "haiku") == "mapper-on-haiku"
    assert found.twin(mapper, "mapper", "sonnet") is None
    assert (found.fork(twin), found.fork(mapper)) == ("Explore", None)
    assert found.skill("mapper", str(tmp_path / "src")) == mapper
