"""Makers: one gateway for every client, and no maker is sent another one's credential."""

from __future__ import annotations

import pytest

from tierwise.gateway.makers import ANTHROPIC, CHATGPT, OPENAI, place_of

CODEX = [("Authorization", "Bearer k"), ("originator", "codex_exec")]
CODEX_LOGGED_IN = [*CODEX, ("ChatGPT-Account-Id", "a")]
CLAUDE = [("x-api-key", "k"), ("anthropic-version", "2023-06-01")]

PLACES = [
    ("/v1/messages?beta=true", CLAUDE, f"{ANTHROPIC}/v1/messages?beta=true"),
    ("/v1/messages/count_tokens", [("authorization", "Bearer k")], f"{ANTHROPIC}/v1/messages/count_tokens"),
    ("/v1/chat/completions", [], f"{OPENAI}/v1/chat/completions"),
    ("/v1/responses", CODEX, f"{OPENAI}/v1/responses"),
    ("/v1/responses", CODEX_LOGGED_IN, f"{CHATGPT}/responses"),
    ("/v1/models?client_version=0.169.0", CODEX, f"{OPENAI}/v1/models?client_version=0.169.0"),
    (
        "/v1/models?client_version=0.169.0",
        CODEX_LOGGED_IN,
        f"{CHATGPT}/models?client_version=0.169.0",
    ),
    ("/v1/models?limit=1000", CLAUDE, f"{ANTHROPIC}/v1/models?limit=1000"),
]


@pytest.mark.parametrize("upstream", [ANTHROPIC, OPENAI])
@pytest.mark.parametrize(("target", "headers", "place"), PLACES)
def test_a_call_goes_to_the_maker_that_it_is_meant_for(
    target: str, headers: list[tuple[str, str]], place: str, upstream: str
) -> None:
    assert place_of(upstream, target, headers) == place


@pytest.mark.parametrize(
    "upstream", [ANTHROPIC, OPENAI, "http://127.0.0.1:4000", "https://llm.corp.example/x"]
)
def test_what_says_nothing_of_its_maker_goes_where_the_gateway_is_told(upstream: str) -> None:
    assert place_of(upstream, "/api/hello", [("user-agent", "Bun")]) == f"{upstream}/api/hello"


@pytest.mark.parametrize(("target", "headers", "_"), PLACES)
def test_any_other_upstream_gets_everything(target: str, headers: list[tuple[str, str]], _: str) -> None:
    assert place_of("http://127.0.0.1:4000", target, headers) == f"http://127.0.0.1:4000{target}"
