"""The real opencode through gateway and simulator, over both of its protocols."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from npm_client import INSTALL_S
from real_opencode import ANTHROPIC, COMPATIBLE, MODELS
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

MAPPER = "page-component-mapper"
SKILL = {"tool_calls": [{"name": "skill", "input": {"name": MAPPER}}]}
LIST = {"tool_calls": [{"name": "glob", "input": {"pattern": "*"}}]}
THANKS = {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}}
TITLE = {"match": {"first_user": "Generate a title"}, "respond": {"text": "A title"}}


def calls(stage: Stage) -> list[tuple[str, str | None, str]]:
    """Class, skill and model of each call, in the provider's order; titles apart: they come at any time."""
    return [(c.request_class, c.skill, c.sent) for c in stage.seen() if c.request_class != "auxiliary"]


@pytest.mark.shows("skill called", "gateway")
@pytest.mark.shows("resume", "gateway")
@pytest.mark.parametrize("provider", [ANTHROPIC, COMPATIBLE])
def test_a_skill_that_the_model_calls_runs_on_its_own_tier_until_the_next_prompt(
    opencode_stage: Callable[..., Stage], provider: str
) -> None:
    large, small = MODELS[provider]
    turn = {"match": {"prompt": "Map the page"}, "turn": [SKILL, LIST, {"text": "App, Nav"}]}
    played = opencode_stage([TITLE, THANKS, turn], provider=provider)
    first = played.client.ask("Map the page")
    second = played.client.ask("thanks", again=True)

    assert [(report.text, report.errors) for report in (first, second)] == [
        ("App, Nav", []),
        ("Welcome.", []),
    ]
    assert calls(played) == [
        ("main", None, large),
        ("main", MAPPER, small),
        ("main", MAPPER, small),
        ("main", None, large),
    ]
    assert len({record["session"] for record in played.recorded()}) == 1


@pytest.mark.shows("skill typed", "gateway")
def test_a_skill_that_the_user_types_runs_on_its_own_tier(opencode_stage: Callable[..., Stage]) -> None:
    played = opencode_stage([TITLE, {"respond": {"text": "App, Nav"}}], provider=COMPATIBLE)
    assert played.client.ask("src/app.tsx", command=MAPPER).text == "App, Nav"
    assert calls(played) == [("main", MAPPER, MODELS[COMPATIBLE][1])]


@pytest.mark.shows("agents", "gateway")
def test_a_subagent_is_an_agent_of_its_parents_session(opencode_stage: Callable[..., Stage]) -> None:
    large, small = MODELS[ANTHROPIC]
    task = {"description": "look", "prompt": "Look around", "subagent_type": "general"}
    parent = [{"tool_calls": [{"name": "task", "input": task}]}, {"text": "Done."}]
    child = [SKILL, {"text": "Looked."}]
    script = [
        TITLE,
        {"match": {"prompt": "^Look around"}, "turn": child},
        {"match": {"prompt": "an agent"}, "turn": parent},
    ]
    played = opencode_stage(script)
    assert played.client.ask("Let an agent work").text == "Done."

    records = [record for record in played.recorded() if record["request_class"] != "auxiliary"]
    assert len({record["session"] for record in records}) == 1
    assert [bool(record["agent"]) for record in records] == [False, True, True, False]
    assert calls(played) == [
        ("main", None, large),
        ("subagent", None, large),
        ("subagent", MAPPER, small),
        ("main", None, large),
    ]


@pytest.mark.shows("refusal", "gateway")
def test_a_hard_budget_is_shown_after_one_request(opencode_stage: Callable[..., Stage]) -> None:
    budget = "purse: {limit: 1messages, window: session, scope: {tier: opus}, hard: true}\n"
    played = opencode_stage([TITLE, {"turn": [LIST, {"text": "Listed."}]}], budgets=budget)
    report = played.client.ask("List the files", fails=True)

    (shown,) = report.errors
    assert "tierwise: purse is exhausted" in shown
    assert "wait for the reset" in shown
    assert [r["outcome"] for r in played.recorded() if r["request_class"] == "main"] == ["ok", "refused"]
