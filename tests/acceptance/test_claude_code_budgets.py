"""The real Claude Code meets a hard budget: one request, the message shown, no hang; in a subagent too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from real_client import INSTALL_S
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

READ = {"name": "Read", "input": {"file_path": "src/app.tsx"}}
AGENT = {
    "name": "Agent",
    "input": {"description": "look", "prompt": "Look around.", "subagent_type": "Explore"},
}


def messages(limit: int, scope: str) -> str:
    return f"purse: {{limit: {limit}messages, window: session, scope: {scope}, hard: true}}\n"


def refused(stage: Stage) -> list[dict[str, Any]]:
    return [record for record in stage.recorded() if record["outcome"] == "refused"]


@pytest.mark.shows("refusal", "gateway")
def test_the_refusal_is_shown_after_one_request(either_stage: Callable[..., Stage]) -> None:
    script = [
        {"match": {"prompt": "Read"}, "turn": [{"tool_calls": [READ]}, {"tool_calls": [READ]}, {"text": "x"}]}
    ]
    played = either_stage(script, budgets=messages(2, "all"))
    report = played.client.ask("Read the page", fails=True)

    assert report["is_error"] is True
    assert "purse" in report["result"]
    assert "wait for the reset" in report["result"]
    assert len(played.seen()) == 2
    assert len(refused(played)) == 1


@pytest.mark.shows("agent refused", "gateway")
def test_a_refusal_inside_a_subagent_ends_it_without_a_hang(either_stage: Callable[..., Stage]) -> None:
    script = [
        {"match": {"agent": True}, "turn": [{"tool_calls": [READ]}, {"text": "Found nothing."}]},
        {"match": {"agent": False}, "turn": [{"tool_calls": [AGENT]}, {"text": "Done."}]},
    ]
    played = either_stage(script, budgets=messages(1, "run"))
    report = played.client.ask("Let an agent look around", fails=True)

    assert "purse" in report["result"]
    assert [bool(record["agent"]) for record in refused(played)].count(True) == 1
    turns = [(record["agent"], record["turn"]) for record in refused(played)]
    assert len(turns) == len(set(turns)), "nothing that was refused is tried again"
    assert len(played.seen()) == 1
