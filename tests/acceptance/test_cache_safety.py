"""Cache safety: a conversation through the gateway reads from the prompt cache what it reads without it.

Each real client plays the same long conversation to the simulator directly, and through a gateway that has
nothing to change. Behind the gateway each body has the bytes that the client sent.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import real_client
import real_codex
import real_opencode
from npm_client import INSTALL_S
from recorder import recording
from staging import staged

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

STEPS = 12
CODE = 'const r = await tools.exec_command({cmd: "cat src/app.tsx"});\ntext(r.output);'
LOOKS: dict[str, dict[str, Any]] = {
    "claude": {"name": "Read", "input": {"file_path": "src/app.tsx"}},
    "codex": {"name": "exec", "namespace": "functions", "input": CODE},
    "opencode": {"name": "glob", "input": {"pattern": "*"}},
}
"""How each client is made to look at something, twelve times."""

Use = tuple[str, int, int]
"""Of a call: its model, and the tokens read from and written to the cache."""


def script_for(name: str) -> list[dict[str, Any]]:
    title = {"match": {"first_user": "Generate a title"}, "respond": {"text": "A title"}}
    thanks = {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}}
    return [title, thanks, {"turn": [*[{"tool_calls": [LOOKS[name]]}] * STEPS, {"text": "Seen."}]}]


def played(client_of: Callable[..., Any], name: str, folder: Path, mode: str) -> list[Use]:
    """The conversation's use of the cache, without a gateway (`mode` "direct") or through one."""
    folder.mkdir()
    with staged(client_of, folder, script_for(name), skills_in=".claude/skills") as stage:
        url = stage.client.base_url
        if mode == "direct":
            with urllib.request.urlopen(f"{url}/tierwise/health") as health:
                client = replace(stage.client, base_url=json.load(health)["upstream"])
            talk(client)
        else:
            (folder / "tierwise" / "model-routing.yaml").write_text(f"mode: {mode}\n")
            with recording(url) as recorder:
                talk(replace(stage.client, base_url=recorder.url))
            sent = [entry["body_sha256"] for entry in stage.provided()]
            assert sorted(sent) == sorted(recorder.hashes), "every body arrives as the client sent it"
            assert {record["mode"] for record in stage.recorded()} == {mode}
        calls = stage.provided()
    return [(call["model"], call["cache"]["read"], call["cache"]["write"]) for call in calls]


def talk(client: Any) -> None:
    client.ask("Look at src/app.tsx again and again")
    client.ask("thanks", again=True)


CLIENTS: dict[str, tuple[str, Callable[[], Callable[..., Any]]]] = {
    "Claude Code": ("claude", lambda: partial(real_client.Client, real_client.installed())),
    "Claude Code without hints": (
        "claude",
        lambda: partial(real_client.Client, real_client.installed(), hints=False),
    ),
    "Codex": ("codex", lambda: partial(real_codex.Client, real_codex.installed())),
    "opencode, Messages": ("opencode", lambda: partial(real_opencode.Client, real_opencode.installed())),
    "opencode, Chat Completions": (
        "opencode",
        lambda: partial(real_opencode.Client, real_opencode.installed(), provider=real_opencode.COMPATIBLE),
    ),
}


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(client, marks=pytest.mark.shows("cache", "gateway", of=name))
        for client, (name, _) in CLIENTS.items()
    ],
)
def test_a_long_conversation_reads_the_same_from_the_cache_with_the_gateway_as_without(
    client: str, tmp_path: Path
) -> None:
    name, make = CLIENTS[client]
    direct = played(make(), name, tmp_path / "a", "direct")
    observed = played(make(), name, tmp_path / "b", "observe")
    enforced = played(make(), name, tmp_path / "c", "enforce")

    assert len(direct) > STEPS
    assert sum(read for _, read, _ in direct) > 10_000, "the cache is at work"
    assert sorted(observed) == sorted(direct)
    assert sorted(enforced) == sorted(direct)
