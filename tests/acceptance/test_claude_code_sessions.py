"""Long sessions of the real Claude Code behind the gateway: compacted, resumed, switched, cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
from real_client import INSTALL_S
from staging import Stage

from tierwise.simulator.script_reading import script_of
from tierwise.simulator.server import RunningSimulator

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
MAPPER = "page-component-mapper"
READ = {"tool_calls": [{"name": "Read", "input": {"file_path": "src/app.tsx"}}]}
SKILL = {"tool_calls": [{"name": "Skill", "input": {"skill": MAPPER, "args": "src/app.tsx"}}]}
HELLO = {"match": {"prompt": "hello"}, "respond": {"text": "Hello."}}
THANKS = {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}}
MAPS = {"match": {"prompt": "Map the page"}, "turn": [SKILL, READ, {"text": "App, Nav"}]}
SUMMARY = "The page was mapped by half."
COMPACTS = [
    {"match": match, "respond": {"text": f"<summary>{SUMMARY}</summary>"}}
    for match in ({"request_class": "compaction"}, {"prompt": "summary of the conversation"})
]
"""The older client has no headers to say what it asks for."""
SLOW_MS = 60_000
"""Longer than anything waits: who answers so slowly is cut off first."""
WAIT_S = 30


def made(stage: Stage) -> list[tuple[str, str | None, str, str]]:
    """Class and skill of each call, what was asked for and what was sent, in the provider's order."""
    return [(call.request_class, call.skill, call.asked, call.sent) for call in stage.seen()]


def sessions(stage: Stage) -> int:
    return len({record["session"] for record in stage.recorded()})


# -- compacted -------------------------------------------------------------------------------------------


@pytest.mark.shows("compaction", "gateway")
def test_a_skill_goes_on_behind_a_compaction_that_comes_in_its_midst(stage: Callable[..., Stage]) -> None:
    """A context that is nearly full makes the client compact it, and the marks of the skill are gone."""
    full = {"input_tokens": 970_000, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    steps = [SKILL, READ | {"usage": full}, {"text": "never asked for"}]
    script = [
        *COMPACTS,
        THANKS,
        {"match": {"body": SUMMARY}, "turn": [READ, {"text": "App, Nav"}]},
        {"match": {"prompt": "Map the page"}, "turn": steps},
    ]
    played = stage(script)
    assert played.client.ask("Map the page src/app.tsx")["result"] == "App, Nav"
    assert played.client.ask("thanks, that is all", again=True)["result"] == "Welcome."
    assert made(played) == [
        ("main", None, OPUS, OPUS),
        ("main", MAPPER, OPUS, HAIKU),
        ("compaction", None, OPUS, OPUS),
        ("main", MAPPER, OPUS, HAIKU),
        ("main", None, OPUS, OPUS),
    ]


@pytest.mark.shows("compaction", "gateway")
def test_a_compaction_that_the_user_types_runs_as_asked_and_the_next_skill_on_its_tier(
    either_stage: Callable[..., Stage],
) -> None:
    played = either_stage([*COMPACTS, MAPS])
    for prompt, answer in (("Map the page", "App, Nav"), ("/compact", ""), ("Map the page", "App, Nav")):
        assert played.client.ask(prompt, again=len(played.provided()) > 0)["result"] == answer
    mapping = [("main", None, OPUS, OPUS), *[("main", MAPPER, OPUS, HAIKU)] * 2]
    assert made(played) == [*mapping, ("compaction", None, OPUS, OPUS), *mapping]
    assert sessions(played) == 1


# -- resumed, switched -------------------------------------------------------------------------------------


@pytest.mark.shows("resume", "gateway")
@pytest.mark.parametrize("how", ["--continue", "--resume"])
def test_a_session_that_is_taken_up_again_is_the_same_session_with_the_same_budget(
    either_stage: Callable[..., Stage], how: str
) -> None:
    budget = "purse: {limit: 4messages, window: session, scope: all, hard: true}\n"
    played = either_stage([THANKS, MAPS], budgets=budget)
    first = played.client.ask("Map the page src/app.tsx")
    client, again = played.client, how == "--continue"
    if not again:
        client = replace(client, flags=("--resume", first["session_id"]))
    assert client.ask("thanks", again=again)["result"] == "Welcome."
    refused = client.ask("thanks", again=again, fails=True)

    assert "purse" in refused["result"]
    assert [sent for *_, sent in made(played)] == [OPUS, HAIKU, HAIKU, OPUS]
    assert sessions(played) == 1


@pytest.mark.shows("switch", "gateway")
def test_a_model_that_the_user_switches_to_counts_and_the_skill_keeps_its_tier(
    either_stage: Callable[..., Stage],
) -> None:
    played = either_stage([HELLO, THANKS, MAPS])
    assert played.client.ask("hello")["result"] == "Hello."
    switched = replace(played.client, flags=("--model", "sonnet"))
    for prompt, answer in (
        ("hello", "Hello."),
        ("Map the page src/app.tsx", "App, Nav"),
        ("thanks", "Welcome."),
    ):
        assert switched.ask(prompt, again=True)["result"] == answer
    assert played.client.ask("hello", again=True)["result"] == "Hello."
    assert made(played) == [
        ("main", None, OPUS, OPUS),
        ("main", None, SONNET, SONNET),
        ("main", None, SONNET, SONNET),
        ("main", MAPPER, SONNET, HAIKU),
        ("main", MAPPER, SONNET, HAIKU),
        ("main", None, SONNET, SONNET),
        ("main", None, OPUS, OPUS),
    ]
    assert sessions(played) == 1


@pytest.mark.shows("switch", "gateway")
def test_a_switch_in_a_running_session_counts_from_the_next_prompt(stage: Callable[..., Stage]) -> None:
    """`/model` in one process that goes on; 2.1.197 knows it only on a screen."""
    played = stage([HELLO, THANKS, MAPS])
    results = played.client.talk("hello", "/model sonnet", "Map the page src/app.tsx", "thanks")
    assert [results[at] for at in (0, 2, 3)] == ["Hello.", "App, Nav", "Welcome."]
    assert made(played) == [
        ("main", None, OPUS, OPUS),
        ("main", None, SONNET, SONNET),
        ("main", MAPPER, SONNET, HAIKU),
        ("main", MAPPER, SONNET, HAIKU),
        ("main", None, SONNET, SONNET),
    ]


# -- cut off -----------------------------------------------------------------------------------------------


@contextmanager
def provider(script: list[dict[str, Any]], log: Path) -> Iterator[RunningSimulator]:
    """A provider that outlives the gateway; its log is where a stage looks for it."""
    with RunningSimulator(script=script_of(script), log_path=log) as simulator:
        yield simulator


def models(simulator: RunningSimulator) -> list[str]:
    return [entry.model for entry in simulator.log if entry.api == "messages"]


@pytest.mark.shows("restart", "gateway")
def test_a_gateway_that_was_killed_between_two_prompts_knows_what_was_spent(
    either_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    budget = "purse: {limit: 5messages, window: session, scope: all, hard: true}\n"
    with provider([THANKS, MAPS], tmp_path / "simulator.jsonl") as simulator:
        played = either_stage([], budgets=budget, upstream=simulator.url)
        assert played.client.ask("Map the page src/app.tsx")["result"] == "App, Nav"
        played.gateway.kill()
        played.gateway.start()
        assert played.client.ask("thanks", again=True)["result"] == "Welcome."
        refused = played.client.ask("Map the page once more", again=True, fails=True)

        assert "purse" in refused["result"]
        assert made(played) == [
            ("main", None, OPUS, OPUS),
            ("main", MAPPER, OPUS, HAIKU),
            ("main", MAPPER, OPUS, HAIKU),
            ("main", None, OPUS, OPUS),
            ("main", None, OPUS, OPUS),
        ]
        assert sessions(played) == 1


@pytest.mark.shows("restart", "gateway")
def test_a_gateway_that_is_killed_in_the_midst_of_a_call_finds_the_skill_again(
    either_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    """The client repeats the call that was cut off; that the skill runs stands in its messages."""
    cut = {
        "match": {"last_tool_result_for": "Read"},
        "times": 1,
        "respond": {"delay_ms": SLOW_MS, "text": "x"},
    }
    with provider([cut, THANKS, MAPS], tmp_path / "simulator.jsonl") as simulator:
        played = either_stage([], upstream=simulator.url)
        restart = Thread(target=restart_at_call, args=(played, simulator, 3))
        restart.start()
        assert played.client.ask("Map the page src/app.tsx")["result"] == "App, Nav"
        restart.join()
        assert played.client.ask("thanks", again=True)["result"] == "Welcome."

        assert models(simulator) == [OPUS, HAIKU, HAIKU, HAIKU, OPUS]
        played.cut.add(played.provided()[2]["n"])
        assert [(skill, sent) for _, skill, _, sent in made(played)] == [
            (None, OPUS),
            (MAPPER, HAIKU),
            (MAPPER, HAIKU),
            (None, OPUS),
        ]


def restart_at_call(stage: Stage, simulator: RunningSimulator, calls: int) -> None:
    """Kill the gateway as soon as the provider was asked so often, and start it again."""
    end = monotonic() + WAIT_S
    while len(models(simulator)) < calls and monotonic() < end:
        sleep(0.02)
    stage.gateway.kill()
    stage.gateway.start()
