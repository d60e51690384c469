"""Skills and agents of the real Claude Code, at each version, behind the gateway alone: no mod, no hook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from real_client import INSTALL_S
from staging import Stage

from tierwise.simulator.script_reading import script_of
from tierwise.simulator.server import RunningSimulator

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
MAPPER, INVESTIGATOR = "page-component-mapper", "ui-bug-investigator"
READ = {"name": "Read", "input": {"file_path": "src/app.tsx"}}
THANKS = {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}}
FORKER = """---
name: forker
description: Looks from aside.
context: fork
model: {preferred: haiku}
---
Look.
"""
THINKER = """---
name: thinker
description: Thinks.
model: {preferred: opus, effort: low}
---
Think.
"""
JUDGING = """---
name: judging
description: Judges.
model: {preferred: sonnet}
---
Judge.
"""


def calls(*tools: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": list(tools)}


def skill(name: str) -> dict[str, Any]:
    return {"name": "Skill", "input": {"skill": name, "args": "src/app.tsx"}}


def agent(kind: str, prompt: str = "Look around.") -> dict[str, Any]:
    return {"name": "Agent", "input": {"description": "look", "prompt": prompt, "subagent_type": kind}}


def with_skill(stage: Stage, name: str, text: str) -> None:
    folder = stage.client.project / ".claude" / "skills" / name
    folder.mkdir()
    (folder / "SKILL.md").write_text(text)


def with_agent(stage: Stage, name: str, preloaded: str) -> None:
    folder = stage.client.project / ".claude" / "agents"
    folder.mkdir(exist_ok=True)
    page = f"---\nname: {name}\ndescription: Does.\nskills: [{preloaded}]\n---\nDo it.\n"
    (folder / f"{name}.md").write_text(page)


def made(stage: Stage) -> list[tuple[str, str | None, str]]:
    """Class, skill and model of each call, in the provider's order; each was asked for on opus."""
    seen = stage.seen()
    assert {call.asked for call in seen} == {OPUS}
    return [(call.request_class, call.skill, call.sent) for call in seen]


def of_agents(stage: Stage) -> dict[str, set[tuple[str | None, str, str]]]:
    """By subagent: the skill in use, what was decided and what served it, call by call."""
    stage.seen()
    found: dict[str, set[tuple[str | None, str, str]]] = {}
    for record in stage.recorded():
        if record["agent"]:
            said = (record["skill"], record["decided_tier"], record["served_model"])
            found.setdefault(record["agent"], set()).add(said)
    return found


@pytest.mark.shows("skill forked", "gateway")
@pytest.mark.parametrize("how", ["called", "typed"])
def test_a_skill_that_forks_runs_on_its_tier_as_an_agent_of_its_own(
    either_stage: Callable[..., Stage], how: str
) -> None:
    fork = {"match": {"prompt": "Base directory for this skill"}, "turn": [calls(READ), {"text": "Forked."}]}
    turn = {"match": {"prompt": "Look at it"}, "turn": [calls(skill("forker")), {"text": "Done."}]}
    played = either_stage([fork, THANKS, turn])
    with_skill(played, "forker", FORKER)
    typed = how == "typed"
    report = played.client.ask("/forker src/app.tsx" if typed else "Look at it")
    assert report["result"] == ("Forked." if typed else "Done.")
    assert played.client.ask("thanks", again=True)["result"] == "Welcome."

    inside = [("subagent", "forker", HAIKU)] * 2
    around = [("main", None, OPUS)]
    assert made(played) == [*inside, *around] if typed else [*around, *inside, *around, *around]
    assert len(of_agents(played)) == 1


@pytest.mark.shows("skills nested", "gateway")
def test_a_skill_that_calls_another_gives_way_to_it_until_the_next_prompt(
    either_stage: Callable[..., Stage],
) -> None:
    steps = [calls(skill(INVESTIGATOR)), calls(skill(MAPPER)), calls(READ), {"text": "Done."}]
    played = either_stage([THANKS, {"match": {"prompt": "Find the bug"}, "turn": steps}])
    assert played.client.ask("Find the bug")["result"] == "Done."
    assert played.client.ask("thanks", again=True)["result"] == "Welcome."
    assert made(played) == [
        ("main", None, OPUS),
        ("main", INVESTIGATOR, OPUS),
        ("main", MAPPER, HAIKU),
        ("main", MAPPER, HAIKU),
        ("main", None, OPUS),
    ]


@pytest.mark.shows("skill preloaded", "gateway")
@pytest.mark.shows("agents", "gateway")
def test_agents_side_by_side_run_on_the_tiers_of_the_skills_that_they_begin_with(
    either_stage: Callable[..., Stage],
) -> None:
    script = [
        {"match": {"agent": True}, "turn": [calls(READ), {"text": "Found."}]},
        {"match": {"prompt": "task-notification|SYSTEM NOTIFICATION"}, "respond": {"text": "Noted."}},
        {
            "match": {"prompt": "Let them look"},
            "turn": [calls(agent("mapper"), agent("judge"), agent("general-purpose")), {"text": "Done."}],
        },
    ]
    played = either_stage(script)
    with_skill(played, "judging", JUDGING)
    with_agent(played, "mapper", MAPPER)
    with_agent(played, "judge", "judging")
    played.client.ask("Let them look")

    (by_mapper,) = [said for said in of_agents(played).values() if (MAPPER, "haiku", HAIKU) in said]
    (by_judge,) = [said for said in of_agents(played).values() if ("judging", "sonnet", SONNET) in said]
    (by_plain,) = [said for said in of_agents(played).values() if (None, "opus", OPUS) in said]
    assert [len(said) for said in (by_mapper, by_judge, by_plain)] == [1, 1, 1], "each stays where it is"
    assert {model for kind, _, model in made(played) if kind == "main"} == {OPUS}


@pytest.mark.shows("words", "gateway")
def test_the_users_word_holds_for_the_skill_and_its_agents_until_the_next_prompt(
    either_stage: Callable[..., Stage],
) -> None:
    script = [
        {"match": {"agent": True}, "respond": {"text": "Found."}},
        THANKS,
        {"match": {"prompt": "Map"}, "turn": [calls(skill(MAPPER)), calls(agent("Plan")), {"text": "Done."}]},
    ]
    played = either_stage(script)
    assert played.client.ask("Map the page, run everything on sonnet")["result"] == "Done."
    assert played.client.ask("thanks", again=True)["result"] == "Welcome."
    *told, after = made(played)
    assert {sent for _, _, sent in told} == {SONNET}
    assert {kind for kind, _, _ in told} == {"main", "subagent"}
    assert after == ("main", None, OPUS)


@pytest.mark.shows("effort", "gateway")
def test_the_effort_of_a_skill_is_asked_of_the_provider_while_it_runs(
    either_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    script = [
        THANKS,
        {"match": {"prompt": "<command-name>/thinker"}, "turn": [calls(READ), {"text": "Done."}]},
    ]
    log = tmp_path / "simulator.jsonl"
    with RunningSimulator(script=script_of(script), log_path=log, keep_bodies=True) as simulator:
        played = either_stage([], upstream=simulator.url)
        with_skill(played, "thinker", THINKER)
        assert played.client.ask("/thinker now")["result"] == "Done."
        assert played.client.ask("thanks", again=True)["result"] == "Welcome."
        asked = [(entry.body or {})["output_config"]["effort"] for entry in simulator.log if entry.body]
        assert asked[:2] == ["low", "low"]
        assert asked[2] != "low"
