"""The real Claude Code with its hooks at the gateway: agents, skills, names and notices, in two versions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from real_client import INSTALL_S
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
OLD_OPUS, OLD_HAIKU = "claude-opus-4-8", "claude-haiku-4-5-20251001"
MAPPER = "page-component-mapper"
EVENTS = {
    "PreToolUse": "Agent|Task|Skill",
    "SubagentStart": "",
    "SubagentStop": "",
    "UserPromptSubmit": "",
    "SessionEnd": "",
}
Stages = Callable[..., Stage]


def hooked(stage: Stage, url: str | None = None) -> Stage:
    """The stage with its client's hooks sent to the gateway, or to `url`."""
    to = {"type": "http", "url": url or f"{stage.client.base_url}/tierwise/hooks/claude", "timeout": 5}
    hooks = {event: [{"matcher": matcher, "hooks": [to]}] for event, matcher in EVENTS.items()}
    folder = stage.client.project / ".claude"
    (folder / "settings.json").write_text(json.dumps({"hooks": hooks}))
    (folder / "agents").mkdir()
    page = "---\nname: {name}\ndescription: Reviews.\n{block}---\nReview it.\n"
    blocks = {"reviewer": "model:\n  preferred: haiku\n", "plain": ""}
    for name, block in blocks.items():
        (folder / "agents" / f"{name}.md").write_text(page.format(name=name, block=block))
    return stage


def agents(*types: str) -> dict[str, Any]:
    """One answer that starts these agents together."""
    named = enumerate(types, 1)
    given = [
        {"description": f"look {n}", "prompt": f"Look at {n}.", "subagent_type": type} for n, type in named
    ]
    return {"tool_calls": [{"name": "Agent", "input": one} for one in given]}


CHILDREN = {"match": {"agent": True}, "respond": {"text": "Fine."}}


def turn(prompt: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"match": {"prompt": prompt, "agent": False}, "turn": [*steps, {"text": "Done."}]}


def asked(stage: Stage) -> list[tuple[str, str]]:
    """Who asked the provider for what, by name: "" is the main loop."""
    stage.seen()
    return [
        (record["agent_name"], record["served_model"])
        for record in stage.recorded()
        if record["outcome"] == "ok"
    ]


@pytest.mark.shows("agent", "hook")
def test_an_agent_by_name_is_asked_for_on_its_tier_by_the_client_itself(stage: Stages) -> None:
    played = hooked(stage([CHILDREN, turn("Review", agents("reviewer"))]))
    told = played.client.events("Review the page")

    assert ("reviewer", HAIKU) in asked(played)
    (child,) = [entry for entry in played.provided() if entry["agent"]]
    assert child["model"] == HAIKU
    shown = [event["content"] for event in told if event.get("subtype") == "informational"]
    assert "PreToolUse:Agent says: tierwise: reviewer runs on haiku: reviewer prefers haiku" in shown


@pytest.mark.shows("agent", "hook")
def test_the_older_client_runs_an_agent_on_its_tier_too(old_stage: Stages) -> None:
    played = hooked(old_stage([CHILDREN, turn("Review", agents("reviewer"))]))
    assert played.client.ask("Review the page")["result"] == "Done."
    assert asked(played) == [("", OLD_OPUS), ("reviewer", OLD_HAIKU), ("", OLD_OPUS)]


@pytest.mark.shows("agents", "hook")
def test_agents_that_start_together_each_have_their_tier_and_their_name(either_stage: Stages) -> None:
    script = [CHILDREN, turn("Review", agents("reviewer", "plain", "reviewer"))]
    played = hooked(either_stage(script, budgets="purse: {limit: 50usd, window: daily, hard: true}\n"))
    played.client.ask("Review the page")
    children = [one for one in asked(played) if one[0]]
    assert sorted(children) == [("plain", OPUS), ("reviewer", HAIKU), ("reviewer", HAIKU)]


@pytest.mark.shows("agent refused", "hook")
def test_an_agent_that_does_not_fit_the_budget_is_denied_and_the_session_goes_on(
    either_stage: Stages,
) -> None:
    script = [CHILDREN, turn("Review", agents("reviewer", "reviewer"))]
    budgets = "purse: {limit: 0.01usd, window: session, scope: tier=haiku, hard: true}\n"
    played = hooked(either_stage(script, budgets=budgets))
    told = played.client.events("Review the page")

    (denied,) = [event for event in told if event["type"] == "user" and "purse has" in json.dumps(event)]
    assert "You can: wait for the reset" in json.dumps(denied), "the model reads why"
    assert [model for name, model in asked(played) if name] == [HAIKU], "who may not start makes no call"
    assert told[-1]["result"] == "Done."


@pytest.mark.shows("agent refused", "hook")
def test_of_thirty_agents_at_once_those_that_fit_are_served_and_the_rest_denied(stage: Stages) -> None:
    script = [CHILDREN, turn("Review", agents(*["reviewer"] * 30))]
    budgets = "purse: {limit: 0.1usd, window: session, scope: tier=haiku, hard: true}\n"
    played = hooked(stage(script, budgets=budgets))
    told = played.client.events("Review the page")

    shown = [event["content"] for event in told if event.get("subtype") == "informational"]
    denied = [line for line in shown if "purse has" in line]
    children = [record for record in played.recorded() if record["agent_name"] == "reviewer"]
    assert len(denied) + len(children) == 30
    assert 5 <= len(children) <= 25
    assert {record["outcome"] for record in children} == {"ok"}, "who is let in is served"
    assert told[-1]["result"] == "Done."


@pytest.mark.shows("skill called", "hook")
def test_a_skill_that_the_model_calls_runs_as_its_twin(stage: Stages) -> None:
    script = [
        {"match": {"request_class": "subagent"}, "respond": {"text": "App, Nav"}},
        turn("Map", {"tool_calls": [{"name": "Skill", "input": {"skill": MAPPER, "args": "src/app.tsx"}}]}),
    ]
    played = hooked(stage(script))
    played.tierwise("compile", str(played.client.project / ".claude"), "--to", "claude-code")
    assert played.client.ask("Map the page src/app.tsx")["result"] == "Done."
    calls = [(call.request_class, call.asked) for call in played.seen()]
    assert calls == [("main", OPUS), ("subagent", HAIKU), ("main", OPUS)]


def test_the_word_of_the_user_reaches_the_agents(stage: Stages) -> None:
    played = hooked(stage([CHILDREN, turn("Review", agents("reviewer", "plain"))]))
    played.client.ask("Review the page, run everything on sonnet")
    assert {model for _, model in asked(played)} == {SONNET}


NOTHING = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
FILLING = [
    {
        "match": {"prompt": "Three", "body": "which chooses the models, has told the user"},
        "respond": {"text": "Told."},
    },
    {"match": {"prompt": "One"}, "respond": {"text": "Hello.", "usage": {"input_tokens": 20_000, **NOTHING}}},
    {"match": {"agent": False}, "respond": {"text": "Hello.", "usage": {"input_tokens": 10, **NOTHING}}},
]
"""The first prompt fills a budget to yellow, the second is routed in it, the third is told."""


@pytest.mark.shows("notice", "hook")
def test_a_notice_is_told_to_the_model_with_the_next_prompt(either_stage: Stages) -> None:
    played = hooked(either_stage(FILLING, budgets="purse: {limit: 0.1usd, window: daily}\n"))
    played.client.ask("One")
    assert played.client.ask("Two", again=True)["result"] == "Hello."
    assert played.client.ask("Three", again=True)["result"] == "Told."


def test_a_notice_is_shown_to_the_user_once(stage: Stages) -> None:
    played = hooked(stage(FILLING, budgets="purse: {limit: 0.1usd, window: daily}\n"))
    played.client.ask("One")
    played.client.ask("Two", again=True)
    told = played.client.events("Three", again=True)
    shown = [event["content"] for event in told if event.get("subtype") == "informational"]
    assert any("UserPromptSubmit says: tierwise: " in line and "purse" in line for line in shown)
    again = played.client.events("Four", again=True)
    assert not [event for event in again if event.get("subtype") == "informational"]


@pytest.mark.parametrize("which", ["stage", "old_stage"])
def test_a_hook_that_nobody_answers_costs_no_time(which: str, request: pytest.FixtureRequest) -> None:
    set_stage: Stages = request.getfixturevalue(which)
    played = hooked(set_stage([CHILDREN, turn("Review", agents("reviewer"))]), url="http://127.0.0.1:9/x")
    began = time.monotonic()
    assert played.client.ask("Review the page")["result"]
    assert time.monotonic() - began < 30, "no timeout is waited for, of which each would be five seconds"
    assert len(played.seen()) >= 3


ADAPTED = "This work usually runs on a more capable model"
DEEP = """---
name: {name}
description: Looks deep.
{fork}metadata:
  tierwise.preferred: opus
  tierwise.acceptable: sonnet opus
  tierwise.minimum: sonnet
  tierwise.reasoning_demand: medium
---
Look deep.
"""
SPENT = "purse: {limit: 0.0001usd, window: daily}\n"


def deep(stage: Stage, fork: str = "") -> Stage:
    """The stage, at work on Sonnet, with a skill that prefers Opus, after a call that spent its budget."""
    folder = stage.client.project / ".claude" / "skills" / "deep"
    folder.mkdir()
    (folder / "SKILL.md").write_text(DEEP.format(name="deep", fork=fork))
    played = replace(stage, client=replace(stage.client, flags=("--model", "sonnet")))
    played.client.ask("Hello")
    return played


def is_told(**where: Any) -> list[dict[str, Any]]:
    """A script in which whoever is told what makes up for a lower tier says so."""
    told = {"match": {"body": ADAPTED, **where}, "respond": {"text": "Told."}}
    skill = {"tool_calls": [{"name": "Skill", "input": {"skill": "deep"}}]}
    return [
        told,
        {"match": {"agent": True}, "respond": {"text": "Not told."}},
        {"match": {"prompt": "Look deep"}, "turn": [skill, {"text": "Done."}]},
    ]


@pytest.mark.parametrize("which", ["stage", "old_stage"])
@pytest.mark.parametrize("prompt", ["Look deep", "/deep"])
def test_what_makes_up_for_a_lower_tier_reaches_the_model(
    which: str, prompt: str, request: pytest.FixtureRequest
) -> None:
    set_stage: Stages = request.getfixturevalue(which)
    played = deep(hooked(set_stage(is_told(), budgets=SPENT)))
    assert played.client.ask(prompt)["result"] == "Told."


def test_a_fork_is_told_as_it_starts(stage: Stages) -> None:
    script = is_told(first_user="Base directory for this skill")
    played = deep(hooked(stage(script, budgets=SPENT)), fork="context: fork\n")
    assert played.client.ask("/deep")["result"] == "Told."
    assert played.client.ask("Look deep")["result"] == "Done."
    forks = [entry for entry in played.provided() if entry["request_class"] == "subagent"]
    assert [entry["model"] for entry in forks] == [SONNET, SONNET]
