"""The real Codex through gateway and simulator: each request goes to the model its skill asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from npm_client import INSTALL_S
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

SOL, LUNA = "gpt-6.1-sol", "gpt-6-luna"
MAPPER, INVESTIGATOR = "page-component-mapper", "ui-bug-investigator"
THANKS = {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}}


def runs(command: str) -> dict[str, Any]:
    """A call as the newer models make it: a script that runs a command."""
    script = f'const r = await tools.exec_command({{cmd: "{command}"}});\ntext(r.output);'
    return {"tool_calls": [{"name": "exec", "namespace": "functions", "input": script}]}


def follow(stage: Stage, prompt: str, answer: str) -> list[tuple[str, str | None, str]]:
    """Plays two prompts to a good end; the calls that were made: class, skill, and the model asked for."""
    first = stage.client.ask(prompt)
    assert (first.text, first.errors) == (answer, [])
    second = stage.client.ask("thanks, that is all", again=True)
    assert (second.text, second.errors) == ("Welcome.", [])
    seen = stage.seen()
    assert {call.asked for call in seen} == {SOL}
    return [(call.request_class, call.skill, call.sent) for call in seen]


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


def test_a_skill_that_the_user_names_runs_on_its_own_tier_until_the_next_prompt(
    codex_stage: Callable[..., Stage],
) -> None:
    played = codex_stage([THANKS, {"turn": [runs("cat src/app.tsx"), {"text": "App, Nav"}]}])
    assert follow(played, f"${MAPPER} src/app.tsx", "App, Nav") == [
        ("main", MAPPER, LUNA),
        ("main", MAPPER, LUNA),
        ("main", None, SOL),
    ]
