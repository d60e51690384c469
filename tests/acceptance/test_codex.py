"""The real Codex through gateway and simulator: each request goes to the model its skill asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from npm_client import INSTALL_S
from staging import Stage

from tierwise.simulator.script_reading import script_of
from tierwise.simulator.server import RunningSimulator

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

SOL, TERRA, LUNA = "gpt-6.1-sol", "gpt-6.1-terra", "gpt-6-luna"
MAPPER, INVESTIGATOR = "page-component-mapper", "ui-bug-investigator"
THANKS = {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}}


def runs(command: str) -> dict[str, Any]:
    """A call as the newer models make it: a script that runs a command."""
    script = f'const r = await tools.exec_command({{cmd: "{command}"}});\ntext(r.output);'
    return {"tool_calls": [{"name": "exec", "namespace": "functions", "input": script}]}


def in_a_team(tool: str, **input: object) -> dict[str, Any]:
    """A call of a tool for agents."""
    return {"tool_calls": [{"name": tool, "namespace": "collaboration", "input": input}]}


def follow(stage: Stage, prompt: str, answer: str) -> list[tuple[str, str | None, str]]:
    """Plays two prompts to a good end; the calls that were made: class, skill, and the model asked for."""
    first = stage.client.ask(prompt)
    assert (first.text, first.errors) == (answer, [])
    second = stage.client.ask("thanks, that is all", again=True)
    assert (second.text, second.errors) == ("Welcome.", [])
    seen = stage.seen()
    assert {call.asked for call in seen} == {SOL}
    return [(call.request_class, call.skill, call.sent) for call in seen]


@pytest.mark.shows("skill called", "gateway")
@pytest.mark.shows("resume", "gateway")
def test_a_skill_that_the_model_reads_runs_on_its_own_tier_until_the_next_prompt(
    codex_stage: Callable[..., Stage],
) -> None:
    steps = [runs(f"cat .agents/skills/{MAPPER}/SKILL.md"), runs("cat src/app.tsx"), {"text": "App, Nav"}]
    played = codex_stage([THANKS, {"match": {"prompt": "Map the page"}, "turn": steps}])
    assert follow(played, "Map the page src/app.tsx", "App, Nav") == [
        ("main", None, SOL),
        ("main", MAPPER, LUNA),
        ("main", MAPPER, LUNA),
        ("main", None, SOL),
    ]


@pytest.mark.shows("skill typed", "gateway")
@pytest.mark.shows("resume", "gateway")
def test_a_skill_that_the_user_names_runs_on_its_own_tier_until_the_next_prompt(
    codex_stage: Callable[..., Stage],
) -> None:
    played = codex_stage([THANKS, {"turn": [runs("cat src/app.tsx"), {"text": "App, Nav"}]}])
    assert follow(played, f"${MAPPER} src/app.tsx", "App, Nav") == [
        ("main", MAPPER, LUNA),
        ("main", MAPPER, LUNA),
        ("main", None, SOL),
    ]


def test_a_skill_that_asks_for_opus_stays_there(codex_stage: Callable[..., Stage]) -> None:
    steps = [runs(f"cat .agents/skills/{INVESTIGATOR}/SKILL.md"), {"text": "A race."}]
    played = codex_stage([THANKS, {"match": {"prompt": "hydration"}, "turn": steps}])
    assert follow(played, "Find the hydration bug in src/app.tsx", "A race.") == [
        ("main", None, SOL),
        ("main", INVESTIGATOR, SOL),
        ("main", None, SOL),
    ]


@pytest.mark.shows("words", "gateway")
def test_the_users_words_override_the_skill(codex_stage: Callable[..., Stage]) -> None:
    played = codex_stage([{"respond": {"text": "Mapped."}}])
    played.client.ask(f"${MAPPER} src/app.tsx using sonnet")
    assert [(call.skill, call.sent) for call in played.seen()] == [(MAPPER, TERRA)]


@pytest.mark.shows("agents", "gateway")
def test_a_subagent_is_an_agent_of_its_session_and_its_skill_is_its_own(
    codex_stage: Callable[..., Stage],
) -> None:
    child = [runs(f"cat .agents/skills/{MAPPER}/SKILL.md"), {"text": "Mapped by {model}."}]
    parent = [
        in_a_team("spawn_agent", task_name="look", message="Map the page.", model=SOL, fork_turns="none"),
        in_a_team("wait_agent", timeout_ms=10_000),
        {"text": "Done."},
    ]
    played = codex_stage(
        [{"match": {"agent": True}, "turn": child}, {"match": {"agent": False}, "turn": parent}]
    )
    report = played.client.ask("Let an agent map the page")

    assert (report.text, report.errors) == ("Done.", [])
    records = played.recorded()
    of_agent = [record for record in records if record["agent"]]
    of_main = [record for record in records if not record["agent"]]
    assert len({record["session"] for record in records}) == 1
    assert [(r["request_class"], r["skill"], r["served_model"]) for r in of_agent] == [
        ("subagent", None, SOL),
        ("subagent", MAPPER, LUNA),
    ]
    assert {(r["request_class"], r["skill"], r["served_model"]) for r in of_main} == {("main", None, SOL)}


@pytest.mark.shows("refusal", "gateway")
def test_a_hard_budget_is_shown_once_with_its_name_and_what_to_do(codex_stage: Callable[..., Stage]) -> None:
    budget = "purse: {limit: 1messages, window: session, scope: all, hard: true}\n"
    played = codex_stage([{"turn": [runs("ls"), {"text": "Listed."}]}], budgets=budget)
    report = played.client.ask("List the files", fails=True)

    (shown,) = report.errors
    assert "tierwise: purse is exhausted" in shown
    assert "wait for the reset" in shown
    assert len(played.seen()) == 1
    assert [record["outcome"] for record in played.recorded()] == ["ok", "refused"]


def test_a_rerouted_model_raises_no_suspicion_and_an_odd_one_would(codex_stage: Callable[..., Stage]) -> None:
    """Codex compares the header `openai-model` with what it asked for, and tells of a flagged account."""
    odd = {"text": "Odd.", "headers": {"openai-model": LUNA}}
    played = codex_stage([{"match": {"prompt": "odd"}, "respond": odd}, {"respond": {"text": "Mapped."}}])

    rerouted = played.client.ask(f"${MAPPER} src/app.tsx")
    assert [call.sent for call in played.seen()] == [LUNA]
    assert told_of_a_flag(rerouted) == []
    assert told_of_a_flag(played.client.ask("odd")) != []


def told_of_a_flag(report: Any) -> list[str]:
    return [str(event) for event in report.events if "flagged" in str(event)]


@pytest.mark.shows("cache", "gateway")
def test_a_conversation_reads_as_much_from_the_prompt_cache_as_without_a_gateway(
    codex_stage: Callable[..., Stage],
) -> None:
    script = [THANKS, {"turn": [runs("ls"), {"text": "Listed."}]}]
    played = codex_stage(script)
    with RunningSimulator(script=script_of(script)) as simulator:
        for client in (played.client, replace(played.client, base_url=simulator.url)):
            client.ask("List the files")
            client.ask("thanks", again=True)
        direct = [entry.cache["read"] for entry in simulator.log if entry.cache]

    through = [entry["cache"]["read"] for entry in played.provided()]
    assert through == direct
    assert 0 == through[0] < 1_000 < through[1] <= through[2]
