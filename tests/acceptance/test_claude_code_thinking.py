"""The real Claude Code before a provider that takes no model's thinking but its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import real_client
from real_client import INSTALL_S
from staging import staged

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
MAPPER = "page-component-mapper"
SKILL = {"tool_calls": [{"name": "Skill", "input": {"skill": MAPPER, "args": "src/app.tsx"}}]}
READ = {"tool_calls": [{"name": "Read", "input": {"file_path": "src/app.tsx"}}]}
TURN = [{"thinking": "Hm.", **SKILL}, {"thinking": "So.", **READ}, {"thinking": "Well.", "text": "App, Nav"}]
SCRIPT = {
    "strict_thinking": True,
    "rules": [
        {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}},
        {"match": {"prompt": "Map the page"}, "turn": TURN},
        {"match": {"prompt": f"<command-name>/{MAPPER}"}, "turn": TURN[1:]},
    ],
}


def test_a_skill_that_is_called_goes_back_to_the_model_that_thought_before_it(
    claude: Path, tmp_path: Path
) -> None:
    client = partial(real_client.Client, claude)
    with staged(client, tmp_path, SCRIPT) as stage:
        stage.gateway.alarm = OPUS
        first = stage.client.ask("Map the page src/app.tsx")
        second = stage.client.ask("thanks, that is all", again=True)

        assert [(one["result"], one["is_error"]) for one in (first, second)] == [
            ("App, Nav", False),
            ("Welcome.", False),
        ]
        calls = [(entry["model"], entry["status"]) for entry in stage.provided()]
        assert calls == [(OPUS, 200), (HAIKU, 400), (OPUS, 200), (OPUS, 200), (OPUS, 200)]


def test_after_a_skill_on_another_model_the_conversation_goes_on(claude: Path, tmp_path: Path) -> None:
    """The skill was typed and thought on haiku; a client that is resumed takes that out by itself."""
    client = partial(real_client.Client, claude)
    with staged(client, tmp_path, SCRIPT) as stage:
        first = stage.client.ask(f"/{MAPPER} src/app.tsx")
        second = stage.client.ask("thanks, that is all", again=True)

        assert [(one["result"], one["is_error"]) for one in (first, second)] == [
            ("App, Nav", False),
            ("Welcome.", False),
        ]
        calls = [(entry["model"], entry["status"]) for entry in stage.provided()]
        assert calls == [(HAIKU, 200), (HAIKU, 200), (OPUS, 200)]
