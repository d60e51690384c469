"""The real Claude Code, led by 529 to its own fallbacks where its request cannot go to another model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from real_client import CLAUDE_CODE, INSTALL_S
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

MAPPER = "page-component-mapper"
TELLS = {"ANTHROPIC_CUSTOM_HEADERS": "x-tierwise-fallbacks: sonnet,haiku"}
FALLS_BACK = ("--settings", json.dumps({"fallbackModel": ["sonnet", "haiku"]}))
SKILL = {"tool_calls": [{"name": "Skill", "input": {"skill": MAPPER, "args": "src/app.tsx"}}]}
READ = {"tool_calls": [{"name": "Read", "input": {"file_path": "src/app.tsx"}}]}
TITLE = {"match": {"system": "title"}, "respond": {"text": '{"title": "Pages"}'}}
SCRIPT = [
    TITLE,
    {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}},
    {"match": {"prompt": "Map the page"}, "turn": [SKILL, {"thinking": "Hm.", **READ}, {"text": "App, Nav"}]},
]


@pytest.mark.shows("skill called", "steering")
def test_a_skill_of_another_family_is_reached_through_the_clients_fallbacks(
    stage: Callable[..., Stage],
) -> None:
    played = stage(SCRIPT)
    client = replace(played.client, flags=(*FALLS_BACK, "--model", "claude-opus-4-7"), extra=TELLS)
    first = client.ask("Map the page src/app.tsx")
    second = client.ask("thanks, that is all", again=True)

    assert [(one["result"], one["is_error"]) for one in (first, second)] == [
        ("App, Nav", False),
        ("Welcome.", False),
    ]
    sent = [(call.skill, call.asked, call.sent) for call in played.seen()]
    assert sent == [
        (None, "claude-opus-4-7", "claude-opus-4-7"),
        (MAPPER, "claude-opus-4-7", "claude-haiku-5-5"),
        (MAPPER, "claude-opus-4-7", "claude-haiku-5-5"),
        (None, "claude-opus-4-7", "claude-opus-4-7"),
    ]
    led = [record for record in played.recorded() if record["outcome"] == "steered"]
    assert [(record["skill"], record["cost_estimate"]["actual_model"]) for record in led] == [(MAPPER, 0.0)]


@pytest.mark.shows("skill called", "steering", of="old_claude")
def test_an_old_client_is_led_the_same_way_though_it_tries_more_often(stage: Callable[..., Stage]) -> None:
    """2.1.197 asks opus 4.8, falls back to sonnet 5 and haiku 4.5: three families."""
    old = replace(CLAUDE_CODE, version="2.1.197", said="2.1.197").installed()
    played = stage(SCRIPT, hints=False)
    client = replace(played.client, binary=old, flags=FALLS_BACK, extra=TELLS)
    report = client.ask("Map the page src/app.tsx")

    assert (report["result"], report["is_error"]) == ("App, Nav", False)
    calls = [call for call in played.seen() if call.request_class == "main"]
    assert [(call.skill, call.asked, call.sent) for call in calls] == [
        (None, "claude-opus-4-8", "claude-opus-4-8"),
        (MAPPER, "claude-opus-4-8", "claude-haiku-4-5-20251001"),
        (MAPPER, "claude-opus-4-8", "claude-haiku-4-5-20251001"),
    ]
    led = [record for record in played.recorded() if record["outcome"] == "steered"]
    assert {record["decided_tier"] for record in led} == {"haiku"}
    assert len(led) <= 6
