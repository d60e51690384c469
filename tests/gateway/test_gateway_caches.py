"""Prompt caches at the gateway: a lowering that would cost more than it saves is not made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gateway_harness import (
    HAIKU,
    MAPPER,
    OPUS,
    SONNET,
    Door,
    Seen,
    as_asked,
    conversation,
    door,
    request,
    typed,
    user,
)

from tierwise.core.usage import Usage
from tierwise.gateway.warmth import LIVES_US, LOOKBACK_CALLS, MAX_MODELS, Warmth
from tierwise.router.calls import Answered, Call, Warm
from tierwise.serving import Receive, Send
from tierwise.wire.anthropic import read_request
from tierwise.wire.requests import ModelRequest

Play = Callable[[Door], Awaitable[None]]
LONG = "All that was said before. " * 16_000
"""About 100,000 tokens."""
LARGE = {"cache_creation_input_tokens": 100_000, "input_tokens": 50}
ON_SONNET = MAPPER.replace("preferred: haiku, acceptable: [haiku, sonnet]", "preferred: sonnet")


def play(tmp_path: Path, what: Play, **how: Any) -> None:
    """Open the door before a provider that serves what it is asked for and caches 100,000 tokens."""
    how.setdefault("answering", as_asked(**LARGE))

    async def run() -> None:
        async with door(tmp_path, **how) as opened:
            await what(opened)

    asyncio.run(run())


def long_talk(at: Door) -> list[dict[str, Any]]:
    """A long conversation in which the model has just called the skill."""
    return [user(LONG), {"role": "assistant", "content": "Yes."}, *conversation(at.skill())]


async def trace_of_last(at: Door) -> dict[str, str]:
    """Rule → why, of the newest call in the ledger."""
    (record,) = (await at.recorded(2))[-1:]
    return {step.rule: step.why for step in record.trace}


def test_a_skill_stays_on_the_warm_model_where_the_switch_costs_more(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request([user(LONG)]))
        _, headers, _ = await at.post(request(long_talk(at)))

        assert at.models_asked_for() == [OPUS, OPUS]
        assert headers["x-tierwise-rule"] == "switch_cost"
        assert "it would cost more: $" in (await trace_of_last(at))["switch_cost"]

    play(tmp_path, what, skill=ON_SONNET)


@pytest.mark.parametrize("how", ["much cheaper model", "small conversation", "switched off"])
def test_a_switch_that_pays_is_made(tmp_path: Path, how: str) -> None:
    small = {"cache_creation_input_tokens": 500, "input_tokens": 50, "output_tokens": 2_000}

    async def what(at: Door) -> None:
        await at.post(request([user("Hello." if small_talk else LONG)]))
        await at.post(request(conversation(at.skill()) if small_talk else long_talk(at)))

        assert at.models_asked_for() == [OPUS, HAIKU if how == "much cheaper model" else SONNET]

    small_talk = how == "small conversation"
    play(
        tmp_path,
        what,
        skill=MAPPER if how == "much cheaper model" else ON_SONNET,
        answering=as_asked(**(small if small_talk else LARGE)),
        config="switch_cost: off\n" if how == "switched off" else "",
    )


def test_a_fork_begins_with_no_cache_to_lose(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        session = {"x_claude_code_session_id": "s"}
        await at.post(request([user(LONG)]), **session)
        await at.post(request(conversation(at.skill())), **session, x_claude_code_agent_id="a1")

        assert at.models_asked_for() == [OPUS, SONNET]

    play(tmp_path, what, skill=ON_SONNET)


def test_a_side_request_in_between_tells_nothing_of_the_conversation(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request([user(LONG)]), x_claude_code_session_id="s")
        side = {"x_claude_code_session_id": "s", "x_claude_code_request_class": "auxiliary"}
        await at.post(request([user("Name this.")], model=HAIKU), **side)
        await at.post(request(long_talk(at)), x_claude_code_session_id="s")

        assert at.models_asked_for() == [OPUS, HAIKU, OPUS]

    play(tmp_path, what, skill=ON_SONNET)


def test_a_budget_does_not_switch_a_conversation_while_a_tool_result_is_pending(tmp_path: Path) -> None:
    demanding = MAPPER.replace("preferred: haiku", "preferred: opus").replace("demand: low", "demand: high")

    async def what(at: Door) -> None:
        session = {"x_claude_code_session_id": "s"}
        await at.post(request([user(LONG)]), **session)
        _, called, _ = await at.post(request(long_talk(at)), **session)
        _, fork, _ = await at.post(request(conversation(at.skill())), **session, x_claude_code_agent_id="a")
        _, typed_, _ = await at.post(request([user(LONG), *typed(at.skill(), "Map.")]), **session)

        assert at.models_asked_for() == [OPUS, OPUS, HAIKU, HAIKU]
        assert [headers["x-tierwise-zone"] for headers in (called, fork, typed_)] == ["red"] * 3
        assert ["x-tierwise-offer" in headers for headers in (called, fork, typed_)] == [False, True, True]
        assert "a tool result is pending" in (await at.recorded(4))[1].trace[12].why

    red = "weekly_budget: {total_spend: 1.09}\n"
    usages = iter([{"cache_creation_input_tokens": 200_000}])

    async def dear_once(seen: Seen, receive: Receive, send: Send) -> None:
        await as_asked(**next(usages, {"input_tokens": 10}))(seen, receive, send)

    play(tmp_path, what, skill=demanding, config=red, answering=dear_once)


# -- what is remembered ------------------------------------------------------------------------------------


def call(**more: Any) -> Call:
    return Call(**{"platform": "claude_code", "asked_model": OPUS, "session": "s", **more})


def asked(text_bytes: int = 40_000, writes: str = "5m") -> ModelRequest:
    body = request([user("Hello.")])
    read = read_request({}, "/v1/messages", json.dumps(body).encode())
    return replace(read, text_bytes=text_bytes, cache_writes=writes)


def served(model: str, at_us: int = 0, **usage: int) -> Answered:
    return Answered("id", at_us, at_us, 200, "ok", model, Usage(**{"output_tokens": 7, **usage}))


def test_what_was_read_and_written_is_warm_until_its_time_is_up() -> None:
    warmth = Warmth()
    assert warmth.warm(call(), asked(), 0) is None
    warmth.note(call(), served(OPUS, cache_read_tokens=9_000, cache_write_5m_tokens=1_000), asked())
    assert warmth.warm(call(), asked(), LIVES_US["5m"] - 1) == Warm(OPUS, 10_000, 0, 7)
    assert warmth.warm(call(), asked(), LIVES_US["5m"]) == Warm(OPUS, 0, 0, 7)
    warmth.note(call(), served(OPUS, cache_write_1h_tokens=10_000), asked(writes="1h"))
    assert warmth.warm(call(), asked(44_000), LIVES_US["5m"]) == Warm(OPUS, 10_000, 1_000, 7, "1h")


def test_the_models_before_the_last_are_told_as_long_as_they_are_alive() -> None:
    warmth = Warmth()
    warmth.note(call(), served(OPUS, 0, cache_write_5m_tokens=9_000), asked())
    warmth.note(call(), served(HAIKU, 200_000_000, cache_write_5m_tokens=9_500), asked())
    found = warmth.warm(call(), asked(), 250_000_000)
    assert found == Warm(HAIKU, 9_500, 0, 7, others=((OPUS, 9_000),))
    assert warmth.warm(call(), asked(), 350_000_000) == Warm(HAIKU, 9_500, 0, 7)
    for _ in range(LOOKBACK_CALLS - 1):
        warmth.note(call(), served(HAIKU, 200_000_000, cache_write_5m_tokens=9_500), asked())
    assert warmth.warm(call(), asked(), 250_000_000) == Warm(HAIKU, 9_500, 0, 7)


def test_only_so_many_models_are_remembered_of_a_conversation() -> None:
    warmth = Warmth()
    for n in range(MAX_MODELS + 3):
        warmth.note(call(), served(f"m{n}", 250_000_000, cache_read_tokens=9_000), asked())
    found = warmth.warm(call(), asked(), 250_000_000)
    assert found is not None
    assert len(found.others) == min(MAX_MODELS, LOOKBACK_CALLS) - 1


def test_a_conversation_that_was_compacted_is_cold() -> None:
    warmth = Warmth()
    warmth.note(call(), served(OPUS, cache_write_5m_tokens=10_000), asked())
    assert warmth.warm(call(), asked(16_000), 1) == Warm(OPUS, 0, 0, 7)


def test_each_credential_session_and_agent_has_its_own_and_failures_leave_none() -> None:
    warmth = Warmth()
    warmth.note(call(key="a", agent="x"), served(OPUS, cache_write_5m_tokens=10_000), asked())
    assert warmth.warm(call(key="b", agent="x"), asked(), 1) is None
    assert warmth.warm(call(key="a"), asked(), 1) is None
    warmth.note(call(), Answered("id", 0, 0, 529, "error"), asked())
    assert warmth.warm(call(), asked(), 1) is None


def test_openai_caches_long_prompts_without_being_asked() -> None:
    warmth, on_openai = Warmth(), call(platform="openai", asked_model="gpt-6-sol")
    warmth.note(on_openai, served("gpt-6-sol", input_tokens=4_000), asked(writes="none"))
    assert warmth.warm(on_openai, asked(), 1) == Warm("gpt-6-sol", 4_000, 0, 7)


def test_the_facts_reach_the_question_as_json_does() -> None:
    """`also_warm` in `tierwise route` says what the gateway finds out by itself."""
    from click.testing import CliRunner

    from tierwise.cli import main

    block = {"preferred": "sonnet", "acceptable": ["sonnet", "opus"]}
    cache = {"model": HAIKU, "warm_tokens": 100_000, "new_input_tokens": 500, "output_tokens": 500}
    cold = {"id": 1, "skill": {"name": "x", "model": block}, "asked_model": OPUS, "cache": cache}
    held = {**cold, "id": 2, "cache": {**cache, "also_warm": {OPUS: 95_000}}}
    lines = "\n".join(json.dumps(one) for one in (cold, held))
    answers = [
        json.loads(line) for line in CliRunner().invoke(main, ["route"], input=lines).stdout.splitlines()
    ]

    assert [answer["tier"] for answer in answers] == ["sonnet", "opus"]
