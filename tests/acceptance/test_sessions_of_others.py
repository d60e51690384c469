"""Long sessions of Codex and opencode behind the gateway: switched by the user, and cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from npm_client import INSTALL_S
from staging import Stage

from tierwise.simulator.script_reading import script_of
from tierwise.simulator.server import RunningSimulator

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

SOL, TERRA, LUNA = "gpt-6.1-sol", "gpt-6.1-terra", "gpt-6-luna"
OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
MAPPER, INVESTIGATOR = "page-component-mapper", "ui-bug-investigator"
HELLO = {"match": {"prompt": "hello"}, "respond": {"text": "Hello."}}
TITLE = {"match": {"first_user": "Generate a title"}, "respond": {"text": "A title"}}
LOADS = {"tool_calls": [{"name": "skill", "input": {"name": MAPPER}}]}
MAPS = {"match": {"prompt": "Map the page"}, "turn": [LOADS, {"text": "App, Nav"}]}
PURSE = "purse: {limit: 3messages, window: session, scope: all, hard: true}\n"


def reads(*skills: str) -> list[dict[str, Any]]:
    """Calls of Codex that read these skills, one after the other."""
    scripts = (
        f'const r = await tools.exec_command({{cmd: "cat .agents/skills/{one}/SKILL.md"}});\ntext(r.output);'
        for one in skills
    )
    return [
        {"tool_calls": [{"name": "exec", "namespace": "functions", "input": script}]} for script in scripts
    ]


def in_a_team(tool: str, **input: object) -> dict[str, Any]:
    """A call of Codex of a tool for agents."""
    return {"tool_calls": [{"name": tool, "namespace": "collaboration", "input": input}]}


def made(stage: Stage) -> list[tuple[str | None, str, str]]:
    """Skill of each call, what was asked for and what was sent; titles apart, which come at any time."""
    calls = [call for call in stage.seen() if call.request_class != "auxiliary"]
    return [(call.skill, call.asked, call.sent) for call in calls]


# -- Codex -------------------------------------------------------------------------------------------------


@pytest.mark.shows("skills nested", "gateway")
def test_codex_runs_a_skill_that_is_read_within_another_on_its_own_tier(
    codex_stage: Callable[..., Stage],
) -> None:
    played = codex_stage([HELLO, {"turn": [*reads(INVESTIGATOR, MAPPER), {"text": "Done."}]}])
    assert played.client.ask("Find the bug").text == "Done."
    assert played.client.ask("hello", again=True).text == "Hello."
    assert made(played) == [(None, SOL, SOL), (INVESTIGATOR, SOL, SOL), (MAPPER, SOL, LUNA), (None, SOL, SOL)]


@pytest.mark.shows("switch", "gateway")
def test_codex_runs_on_the_model_that_the_user_switches_to_and_a_skill_on_its_own(
    codex_stage: Callable[..., Stage],
) -> None:
    played = codex_stage([HELLO, {"turn": [*reads(MAPPER), {"text": "App, Nav"}]}])
    played.client.ask("hello")
    switched = replace(played.client, model=TERRA)
    assert switched.ask("Map the page", again=True).text == "App, Nav"
    assert made(played) == [(None, SOL, SOL), (None, TERRA, TERRA), (MAPPER, TERRA, LUNA)]
    assert len({record["session"] for record in played.recorded()}) == 1


@pytest.mark.shows("restart", "gateway")
def test_codex_finds_skill_and_budget_again_in_a_gateway_that_was_killed(
    codex_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    script = [HELLO, {"turn": [*reads(MAPPER), {"text": "App, Nav"}]}]
    with RunningSimulator(script=script_of(script), log_path=tmp_path / "simulator.jsonl") as simulator:
        played = codex_stage([], budgets=PURSE, upstream=simulator.url)
        assert played.client.ask("hello").text == "Hello."
        played.gateway.kill()
        played.gateway.start()
        assert played.client.ask("Map the page", again=True).text == "App, Nav"
        (refused,) = played.client.ask("hello", again=True, fails=True).errors
        assert "purse is exhausted" in refused
        assert made(played) == [(None, SOL, SOL), (None, SOL, SOL), (MAPPER, SOL, LUNA)]


@pytest.mark.shows("agent refused", "gateway")
def test_an_agent_of_codex_is_refused_and_its_parent_goes_on(codex_stage: Callable[..., Stage]) -> None:
    """The agent runs on a tier that has one message left; its parent on another."""
    task = {"task_name": "look", "message": "Look around", "model": LUNA, "fork_turns": "none"}
    steps = [in_a_team("spawn_agent", **task), in_a_team("wait_agent", timeout_ms=30_000), {"text": "Done."}]
    child = {"match": {"agent": True}, "turn": [*reads(MAPPER), {"text": "Looked."}]}
    budget = "purse: {limit: 1messages, window: session, scope: tier=haiku, hard: true}\n"
    played = codex_stage([child, {"turn": steps}], budgets=budget)
    assert played.client.ask("Let an agent look").text == "Done."
    assert [sent for _, _, sent in made(played)].count(LUNA) == 1
    refused = [record for record in played.recorded() if record["outcome"] == "refused"]
    assert [bool(record["agent"]) for record in refused] == [True]


# -- opencode ----------------------------------------------------------------------------------------------


@pytest.mark.shows("words", "gateway")
@pytest.mark.shows("title", "gateway")
def test_opencode_obeys_the_users_word_and_its_title_is_cheap(opencode_stage: Callable[..., Stage]) -> None:
    played = opencode_stage([TITLE, HELLO, MAPS])
    assert played.client.ask("Map the page using sonnet").text == "App, Nav"
    assert played.client.ask("hello", again=True).text == "Hello."
    assert made(played) == [(None, OPUS, SONNET), (MAPPER, OPUS, SONNET), (None, OPUS, OPUS)]
    assert {call.sent for call in played.seen() if call.request_class == "auxiliary"} == {HAIKU}


@pytest.mark.shows("skills nested", "gateway")
def test_opencode_runs_a_skill_that_is_called_within_another_on_its_own_tier(
    opencode_stage: Callable[..., Stage],
) -> None:
    outer = {"tool_calls": [{"name": "skill", "input": {"name": INVESTIGATOR}}]}
    played = opencode_stage([TITLE, HELLO, {"turn": [outer, LOADS, {"text": "Done."}]}])
    assert played.client.ask("Find the bug").text == "Done."
    assert played.client.ask("hello", again=True).text == "Hello."
    assert made(played) == [
        (None, OPUS, OPUS),
        (INVESTIGATOR, OPUS, OPUS),
        (MAPPER, OPUS, HAIKU),
        (None, OPUS, OPUS),
    ]


@pytest.mark.shows("agent refused", "gateway")
def test_a_refusal_inside_an_agent_of_opencode_ends_without_a_hang(
    opencode_stage: Callable[..., Stage],
) -> None:
    task = {"description": "look", "prompt": "Look around", "subagent_type": "general"}
    steps = [{"tool_calls": [{"name": "task", "input": task}]}, {"text": "Done."}]
    budget = "purse: {limit: 1messages, window: session, scope: tier=opus, hard: true}\n"
    played = opencode_stage([TITLE, {"match": {"prompt": "an agent"}, "turn": steps}], budgets=budget)
    report = played.client.ask("Let an agent work", fails=True)
    assert "purse is exhausted" in report.errors[-1]
    assert made(played) == [(None, OPUS, OPUS)]
    refused = [record for record in played.recorded() if record["outcome"] == "refused"]
    assert [bool(record["agent"]) for record in refused] == [True, False], "once in the agent, once outside"


@pytest.mark.shows("switch", "gateway")
def test_opencode_runs_on_the_model_that_the_user_switches_to_and_a_skill_on_its_own(
    opencode_stage: Callable[..., Stage],
) -> None:
    played = opencode_stage([TITLE, HELLO, MAPS])
    played.client.ask("hello")
    switched = replace(played.client, model=SONNET)
    assert switched.ask("Map the page", again=True).text == "App, Nav"
    assert made(played) == [(None, OPUS, OPUS), (None, SONNET, SONNET), (MAPPER, SONNET, HAIKU)]


@pytest.mark.shows("restart", "gateway")
def test_opencode_finds_skill_and_budget_again_in_a_gateway_that_was_killed(
    opencode_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    budget = "purse: {limit: 2messages, window: session, scope: tier=opus, hard: true}\n"
    script = script_of([TITLE, HELLO, MAPS])
    with RunningSimulator(script=script, log_path=tmp_path / "simulator.jsonl") as simulator:
        played = opencode_stage([], budgets=budget, upstream=simulator.url)
        assert played.client.ask("hello").text == "Hello."
        played.gateway.kill()
        played.gateway.start()
        assert played.client.ask("Map the page", again=True).text == "App, Nav"
        (refused,) = played.client.ask("hello", again=True, fails=True).errors
        assert "purse is exhausted" in refused
        assert made(played) == [(None, OPUS, OPUS), (None, OPUS, OPUS), (MAPPER, OPUS, HAIKU)]
