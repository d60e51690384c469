"""The real Claude Code through gateway and simulator: each request goes to the model its skill asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from real_client import INSTALL_S
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
MAPPER, INVESTIGATOR = "page-component-mapper", "ui-bug-investigator"
READ = {"name": "Read", "input": {"file_path": "src/app.tsx"}}
THANKS = {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}}


def calls_skill(skill: str, args: str) -> dict[str, Any]:
    return {"tool_calls": [{"name": "Skill", "input": {"skill": skill, "args": args}}]}


def model_invoked(skill: str, prompt: str, answer: str) -> list[dict[str, Any]]:
    """The model calls the skill, reads a file in it and answers; then the user says thanks."""
    steps = [calls_skill(skill, "src/app.tsx"), {"tool_calls": [READ]}, {"text": answer}]
    return [THANKS, {"match": {"prompt": prompt}, "turn": steps}]


def typed(skill: str, answer: str) -> list[dict[str, Any]]:
    """The user types the skill; a file is read in it."""
    return [
        THANKS,
        {"match": {"prompt": f"<command-name>/{skill}"}, "turn": [{"tool_calls": [READ]}, {"text": answer}]},
    ]


def follow(stage: Stage, prompt: str, answer: str) -> list[tuple[str, str | None, str]]:
    """Plays two prompts to a good end; the calls that were made: class, skill, and the model asked for."""
    first = stage.client.ask(prompt)
    assert (first["result"], first["is_error"]) == (answer, False)
    second = stage.client.ask("thanks, that is all", again=True)
    assert (second["result"], second["is_error"]) == ("Welcome.", False)
    seen = stage.seen()
    assert {call.asked for call in seen} == {OPUS}
    return [(call.request_class, call.skill, call.sent) for call in seen]


@pytest.mark.shows("skill called", "gateway")
@pytest.mark.parametrize("hints", [True, False], ids=["hint headers", "no hint headers"])
def test_a_skill_that_the_model_calls_runs_on_its_own_tier_until_the_next_prompt(
    either_stage: Callable[..., Stage], hints: bool
) -> None:
    played = either_stage(model_invoked(MAPPER, "Map the page", "App, Nav"), hints=hints)
    assert follow(played, "Map the page src/app.tsx", "App, Nav") == [
        ("main", None, OPUS),
        ("main", MAPPER, HAIKU),
        ("main", MAPPER, HAIKU),
        ("main", None, OPUS),
    ]


@pytest.mark.shows("skill typed", "gateway")
@pytest.mark.parametrize("hints", [True, False], ids=["hint headers", "no hint headers"])
def test_a_skill_that_the_user_types_runs_on_its_own_tier_until_the_next_prompt(
    either_stage: Callable[..., Stage], hints: bool
) -> None:
    played = either_stage(typed(MAPPER, "App, Nav"), hints=hints)
    assert follow(played, f"/{MAPPER} src/app.tsx", "App, Nav") == [
        ("main", MAPPER, HAIKU),
        ("main", MAPPER, HAIKU),
        ("main", None, OPUS),
    ]


def test_a_skill_that_asks_for_opus_and_is_called_stays_there(stage: Callable[..., Stage]) -> None:
    played = stage(model_invoked(INVESTIGATOR, "hydration", "A race."))
    assert follow(played, "Find the hydration bug in src/app.tsx", "A race.") == [
        ("main", None, OPUS),
        ("main", INVESTIGATOR, OPUS),
        ("main", INVESTIGATOR, OPUS),
        ("main", None, OPUS),
    ]


def test_a_skill_that_asks_for_opus_and_is_typed_stays_there(stage: Callable[..., Stage]) -> None:
    played = stage(typed(INVESTIGATOR, "A race."))
    assert follow(played, f"/{INVESTIGATOR} a hydration mismatch", "A race.") == [
        ("main", INVESTIGATOR, OPUS),
        ("main", INVESTIGATOR, OPUS),
        ("main", None, OPUS),
    ]
