"""Many agents at once: who may start, makes its first call; who may not, is told why; nothing overshoots."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from gateway_harness import OPUS, SONNET, Answering, Door, as_asked, door
from hook_player import agent_file, call, changed, denied, hook, starting, starts_agent

from tierwise.core.entries import Purse, Standing

Play = Callable[[Door], Awaitable[None]]
EVERYTHING = Purse("everything", "all", "", "usd", None)
CALLS = [f"toolu_{n}" for n in range(100)]


def play(tmp_path: Path, budgets: str, what: Play, answering: Answering, **how: Any) -> None:
    (tmp_path / "budgets.yaml").write_text(budgets)

    async def run() -> None:
        async with door(tmp_path, answering, budgets=tmp_path / "budgets.yaml", **how) as opened:
            await what(opened)
        assert opened.alarms == []

    asyncio.run(run())


def hard(limit: str) -> str:
    return f"purse: {{limit: {limit}usd, window: session, hard: true}}\n"


async def standing(at: Door) -> Standing:
    """What the ledger holds of everything, with all that was asked of it."""
    await at.running.recorded()
    (found,) = await asyncio.wrap_future(at.running.ledger.standings([EVERYTHING]))
    return found


async def held(at: Door) -> int:
    return (await standing(at)).pending


async def lives(at: Door, n: int, type: str = "reviewer") -> str | int:
    """One agent: why it may not start, or the status of its first call."""
    answer = await starts_agent(at, CALLS[n], type)
    why = denied(answer)
    if why is not None:
        return why
    agent = f"agent{n}"
    await hook(at, "SubagentStart", agent_id=agent, agent_type=type)
    given = changed(answer)
    model = {"haiku": "claude-haiku-5-5", "sonnet": SONNET}[given["model"]] if given else OPUS
    status = await call(at, model, agent, max_tokens=128_000)
    await hook(at, "SubagentStop", agent_id=agent, agent_type=type)
    return status


def test_of_a_hundred_at_once_those_that_start_are_served_and_the_rest_are_told_why(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        assert await call(at) == 200
        ends = await asyncio.gather(*(lives(at, n) for n in range(100)))
        started = [end for end in ends if isinstance(end, int)]
        refused = [end for end in ends if isinstance(end, str)]

        assert set(started) == {200}, "who was let in is not refused at its first call"
        assert 20 <= len(started) <= 80
        assert len(started) + len(refused) == 100
        assert all("purse" in why and "wait for the reset" in why for why in refused)
        assert (await standing(at)).posted <= 400_000_000
        assert await held(at) == 0

    play(tmp_path, hard("0.4"), what, starting(CALLS))


def test_what_a_sibling_was_promised_nobody_else_can_spend(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at, "cheap", "model: {preferred: haiku}")
        await call(at)
        for n in range(3):
            assert denied(await starts_agent(at, CALLS[n], "cheap")) is None
            await hook(at, "SubagentStart", agent_id=f"agent{n}", agent_type="cheap")
        promised = await held(at)
        assert promised > 0

        greedy = await at.post(
            {"model": OPUS, "max_tokens": 128_000, "messages": [{"role": "user", "content": "Hi."}]},
            x_claude_code_session_id="another",
        )
        assert greedy[0] == 200
        for n in range(3):
            assert await call(at, "claude-haiku-5-5", f"agent{n}", max_tokens=128_000) == 200
        assert (await standing(at)).posted <= 100_000_000

    budgets = "purse: {limit: 0.1usd, window: daily, hard: true}\n"
    play(tmp_path, budgets, what, starting(CALLS[:3], output_tokens=1_000))


def test_the_hold_is_there_as_soon_as_the_answer_has_passed_and_follows_the_real_tier(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        on_opus = await held(at)
        await starts_agent(at, CALLS[0])
        await starts_agent(at, CALLS[1])
        on_haiku = await held(at)
        assert 0 < on_haiku < on_opus / 10

    play(tmp_path, hard("10"), what, starting(CALLS[:2]))


@pytest.mark.parametrize("how", ["goes on", "ends", "agent stops"])
def test_nothing_stays_held_for_who_never_calls(tmp_path: Path, how: str) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        await starts_agent(at, CALLS[0])
        if how == "agent stops":
            await hook(at, "SubagentStart", agent_id="a1", agent_type="reviewer")
            await hook(at, "SubagentStop", agent_id="a1", agent_type="reviewer")
        elif how == "ends":
            await hook(at, "SessionEnd", reason="other")
        else:
            at.provider.answering = as_asked()
            await call(at)
        assert await held(at) == 0

    play(tmp_path, hard("10"), what, starting(CALLS[:1] if how == "agent stops" else CALLS[:4]))


def test_an_agents_first_call_takes_the_place_of_its_beginning(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        await starts_agent(at, CALLS[0])
        before = await held(at)
        await hook(at, "SubagentStart", agent_id="a1", agent_type="reviewer")
        await call(at, "claude-haiku-5-5", "a1")
        await call(at, "claude-haiku-5-5", "a1")
        assert before > 0
        assert await held(at) == 0

    play(tmp_path, hard("10"), what, starting(CALLS[:1]))


def test_without_a_hard_budget_nothing_is_held_and_nobody_denied(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await call(at)
        assert await held(at) == 0
        assert denied(await starts_agent(at, CALLS[0])) is None
        assert await held(at) == 0

    play(tmp_path, "purse: {limit: 1usd, window: session}\n", what, starting(CALLS[:5]))


ZONES = {"green": ("100", None), "yellow": ("0.001", "sonnet"), "red": ("0.00085", "haiku")}


@pytest.mark.parametrize("zone", ZONES)
def test_agents_without_a_block_that_start_together_are_cheaper_as_a_budget_fills(
    tmp_path: Path, zone: str
) -> None:
    """A call of Opus at 100 tokens in and 20 out spends $0.0008 of the budget."""
    limit, tier = ZONES[zone]

    async def what(at: Door) -> None:
        agent_file(at, "declared", "model: {preferred: opus}")
        await call(at)
        answers = await asyncio.gather(*(starts_agent(at, id, "general-purpose") for id in CALLS[:3]))
        assert {(changed(answer) or {}).get("model") for answer in answers} == {tier}
        assert changed(await starts_agent(at, CALLS[3], "declared")) is None

    purse = f"purse: {{limit: {limit}usd, window: session}}\n"
    play(tmp_path, purse, what, starting(CALLS[:4]))


def test_one_agent_alone_is_no_fan_out(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await call(at)
        assert changed(await starts_agent(at, CALLS[0], "general-purpose")) is None

    play(tmp_path, "purse: {limit: 0.001usd, window: session}\n", what, starting(CALLS[:1]))


def test_the_relay_lowers_agents_of_a_fan_out_that_began_before_the_rest_was_known(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        at.provider.answering = as_asked(input_tokens=400, output_tokens=60)
        await call(at)
        assert changed(await starts_agent(at, CALLS[0], "general-purpose")) is None
        await hook(at, "SubagentStart", agent_id="a1", agent_type="general-purpose")
        await starts_agent(at, CALLS[1], "general-purpose")
        await call(at, agent="a1")
        assert at.models_asked_for()[-1] == SONNET

    play(tmp_path, "purse: {limit: 0.0036usd, window: session}\n", what, starting([]))


def test_what_is_held_on_a_guess_keeps_no_sibling_from_starting(tmp_path: Path) -> None:
    """At the parent's price one beginning takes nearly all; at their own price all of them fit."""

    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        assert await held(at) > 0.2e9
        for id in reversed(CALLS[:20]):
            assert denied(await starts_agent(at, id)) is None

    play(tmp_path, hard("0.32"), what, starting(CALLS[:20]))
