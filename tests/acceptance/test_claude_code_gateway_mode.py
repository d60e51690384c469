"""The real Claude Code in its gateway mode: our budgets in its own display, our refusals in our words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from real_client import INSTALL_S, Client
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS = "claude-opus-5-5"
MODE = {"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "gateway-test", "CLAUDE_CODE_USE_GATEWAY": "1"}
SAID = [{"respond": {"text": "Hello.", "usage": {"output_tokens": 20_000}}}]


def in_gateway_mode(stage: Stage) -> Client:
    client: Client = stage.client
    return replace(client, flags=("--model", OPUS), extra=MODE)


def test_usage_shows_the_dollars_of_the_budget(stage: Callable[..., Stage]) -> None:
    played = stage(SAID, budgets="month: {limit: 2usd, window: monthly, scope: all}\n")
    client = in_gateway_mode(played)
    client.ask("Hello")
    told = client.ask("/usage", again=True)["result"]

    shown = re.search(r"Spend limit: \$(\d+\.\d\d) / \$2\.00 spent this month \((\d+)%\) · resets", told)
    assert shown is not None, told
    assert 0.4 < float(shown[1]) < 0.6
    assert int(shown[2]) == round(float(shown[1]) * 50)


def test_a_refusal_is_shown_word_for_word(stage: Callable[..., Stage]) -> None:
    played = stage(SAID, budgets="day: {limit: 1messages, window: daily, scope: all, hard: true}\n")
    client = in_gateway_mode(played)
    client.ask("Hello")
    report = client.ask("And again", again=True, fails=True)

    assert report["result"].startswith("tierwise: day is exhausted. It resets in ")
    assert len(played.seen()) == 1
