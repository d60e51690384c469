"""The real Claude Code's side requests: titles run on the cheapest tier, compactions on the main model.

2.1.330 makes titles in a terminal only, so that it is given one.
"""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from real_client import CLAUDE_CODE, INSTALL_S, Client
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
SCRIPT = [
    {"match": {"system": "title"}, "respond": {"text": '{"title": "Pages of the shop"}'}},
    {"respond": {"text": "<summary>All is well.</summary>"}},
]
WITH_TITLES = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": ""}
TERMINAL_S = 30.0


def ask_in_terminal(client: Client, prompt: str, until: Callable[[], bool]) -> None:
    """Types the prompt into the client's own terminal, and ends it as soon as `until` holds."""
    environment = client._environment() | {"TERM": "xterm-256color"}
    key = environment["ANTHROPIC_API_KEY"]
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    met = {"hasCompletedOnboarding": True, "theme": "dark", "projects": {str(client.project): trusted}}
    met["customApiKeyResponses"] = {"approved": [key[-20:]], "rejected": []}
    (client.home / ".claude.json").write_text(json.dumps(met))
    outer, inner = pty.openpty()
    with subprocess.Popen(
        [client.binary, "--model", "opus", prompt],
        cwd=client.project, env=environment, stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
    ) as running:  # fmt: skip
        os.close(inner)
        shown = b""
        end = time.monotonic() + TERMINAL_S
        while not until() and time.monotonic() < end:
            if select.select([outer], [], [], 0.2)[0]:
                shown += os.read(outer, 65_536)
        running.terminate()
        os.close(outer)
    assert until(), shown.decode(errors="replace")[-3_000:]


@pytest.mark.shows("title", "gateway")
@pytest.mark.parametrize("hints", [True, False], ids=["hint headers", "no hint headers"])
def test_a_title_runs_on_the_cheapest_tier(stage: Callable[..., Stage], hints: bool) -> None:
    played = stage(SCRIPT, hints=hints)
    client = replace(played.client, extra=WITH_TITLES)
    ask_in_terminal(client, "Look at the shop", lambda: len(played.recorded()) >= 2)

    calls = {(call.request_class, call.asked, call.sent) for call in played.seen()}
    assert calls == {("auxiliary", OPUS, HAIKU), ("main", OPUS, OPUS)}
    told = played.tierwise("report", "--store", f"sqlite:{played.store}")
    assert "of that, titles and summaries: ~$" in told


@pytest.mark.shows("title", "gateway", of="old_claude")
def test_a_title_of_an_old_client_runs_on_the_cheapest_tier_of_its_family(
    stage: Callable[..., Stage],
) -> None:
    played = stage(SCRIPT, hints=False)
    old = replace(CLAUDE_CODE, version="2.1.197", said="2.1.197").installed()
    client = replace(played.client, binary=old, flags=("--model", OPUS), extra=WITH_TITLES)
    client.ask("Look at the shop")

    calls = {(call.request_class, call.asked, call.sent) for call in played.seen()}
    assert calls == {("auxiliary", OPUS, HAIKU), ("main", OPUS, OPUS)}


@pytest.mark.shows("compaction", "gateway")
def test_a_compaction_stays_on_the_model_whose_cache_holds_the_conversation(
    stage: Callable[..., Stage],
) -> None:
    played = stage(SCRIPT)
    played.client.ask("Look at the shop")
    played.client.ask("/compact", again=True)

    calls = [(call.request_class, call.sent) for call in played.seen()]
    assert calls == [("main", OPUS), ("compaction", OPUS)]
    assert played.provided()[1]["cache"]["read"] > 1_000
