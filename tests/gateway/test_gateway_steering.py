"""Steering: where a swap would have to reshape the request, the client is led to its own fallback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from gateway_harness import HAIKU, OPUS, Door, as_asked, conversation, door, request, user
from hypothesis import given
from hypothesis import strategies as st

from tierwise.catalog.models import load_catalog
from tierwise.core.decide import decide
from tierwise.core.questions import Question
from tierwise.core.tiers import BUILT_IN
from tierwise.gateway.steering import MAX_TRIES, Steering
from tierwise.router.calls import Call, Routed

Play = Callable[[Door], Awaitable[None]]
OLD_OPUS, OLD_SONNET, OLD_HAIKU = "claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5"
LIST = {"x_tierwise_fallbacks": "sonnet, haiku", "x_claude_code_session_id": "s"}


def play(tmp_path: Path, what: Play, **how: Any) -> None:
    how.setdefault("answering", as_asked())

    async def run() -> None:
        async with door(tmp_path, **how) as opened:
            await what(opened)

    asyncio.run(run())


async def ask(at: Door, model: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request in the skill, which prefers haiku, from a client that tells its fallbacks."""
    return await at.post(request(conversation(at.skill()), model=model), **{**LIST, **headers})


def test_the_client_is_led_to_the_decided_tier_and_its_turn_stays_what_it_was(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        status, headers, body = await ask(at, OLD_OPUS)
        assert (status, headers["x-should-retry"], headers["x-tierwise-tier"]) == (529, "false", "haiku")
        assert b'"overloaded_error"' in body
        assert (await ask(at, OLD_SONNET))[0] == 529
        assert [(await ask(at, OLD_HAIKU))[0] for _ in range(2)] == [200, 200]
        assert at.models_asked_for() == [OLD_HAIKU, OLD_HAIKU]

        records = await at.recorded(4)
        assert [record.outcome for record in records] == ["steered", "steered", "ok", "ok"]
        assert [(r.status, r.cost_nanousd, r.served_model) for r in records[:2]] == [(529, 0, "")] * 2
        assert {record.asked_model for record in records} == {OLD_OPUS}
        assert {record.decided_tier for record in records} == {"haiku"}
        assert (records[2].decided_model, records[2].served_model) == (OLD_HAIKU, OLD_HAIKU)
        assert not any(record.mismatch or record.warnings for record in records)
        assert at.alarms == []

        after = [*conversation(at.skill()), {"role": "assistant", "content": "Done."}, user("Thanks.")]
        assert (await at.post(request(after, model=OLD_OPUS), **LIST))[0] == 200
        assert at.models_asked_for()[-1] == OLD_OPUS

    play(tmp_path, what)


def test_a_fallback_whose_family_has_the_decided_model_is_swapped_at_once(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        assert (await ask(at, OLD_OPUS))[0] == 529
        assert (await ask(at, "claude-sonnet-5-5"))[0] == 200
        assert at.models_asked_for() == [HAIKU]

    play(tmp_path, what)


def test_what_a_swap_can_do_is_not_steered(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        assert (await ask(at, OPUS))[0] == 200
        assert at.models_asked_for() == [HAIKU]

    play(tmp_path, what)


@pytest.mark.parametrize(
    ("headers", "config"),
    [
        pytest.param({"x_tierwise_fallbacks": ""}, "", id="no fallbacks"),
        pytest.param({"x_tierwise_fallbacks": "sonnet, , nonsense"}, "", id="not in the list"),
        pytest.param({"x_tierwise_fallbacks": "haiku,opus"}, "", id="only before it in the list"),
        pytest.param({"x_tierwise_tier": "haiku"}, "", id="a pin"),
        pytest.param({}, "steering: off\n", id="switched off"),
    ],
)
def test_what_must_not_be_steered_is_served_as_asked_with_an_alarm(
    tmp_path: Path, headers: dict[str, str], config: str
) -> None:
    async def what(at: Door) -> None:
        assert (await ask(at, OLD_OPUS, **headers))[0] == 200
        assert at.models_asked_for() == [OLD_OPUS]
        assert any("another shape" in alarm for alarm in at.alarms)

    play(tmp_path, what, config=config)


@pytest.mark.parametrize(
    ("headers", "config"),
    [
        pytest.param({"x_claude_code_request_class": "auxiliary"}, "", id="a side request"),
        pytest.param({"x_claude_code_request_class": "compaction"}, "", id="compaction"),
        pytest.param({}, "mode: observe\n", id="observing"),
        pytest.param({}, "mode: off\n", id="off"),
    ],
)
def test_what_is_not_routed_is_not_steered(tmp_path: Path, headers: dict[str, str], config: str) -> None:
    async def what(at: Door) -> None:
        assert (await ask(at, OLD_OPUS, **headers))[0] == 200
        assert at.models_asked_for() == [OLD_OPUS]

    play(tmp_path, what, config=config)


@pytest.mark.parametrize("when", ["at once", "in the next turn"])
def test_a_client_that_does_not_fall_back_is_not_led_for_ever(tmp_path: Path, when: str) -> None:
    """Old clients try the same model a few times; one that asks for it in the next turn got an error."""

    async def what(at: Door) -> None:
        tries = MAX_TRIES if when == "at once" else 1
        assert [(await ask(at, OLD_OPUS))[0] for _ in range(tries)] == [529] * tries
        again = conversation(at.skill(), prompt="Map the page." if when == "at once" else "Map it again.")
        assert (await at.post(request(again, model=OLD_OPUS), **LIST))[0] == 200
        later = conversation(at.skill(), prompt="And once more.")
        assert (await at.post(request(later, model=OLD_OPUS), **LIST))[0] == 200
        assert at.models_asked_for() == [OLD_OPUS, OLD_OPUS]
        assert any("`fallbackModel`" in alarm for alarm in at.alarms)

    play(tmp_path, what)


def test_an_old_client_that_tries_again_before_it_falls_back_is_led_all_the_same(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        asked = [model for model in (OLD_OPUS, OLD_SONNET) for _ in range(MAX_TRIES)]
        assert [(await ask(at, model))[0] for model in (*asked, OLD_HAIKU)] == [529] * 2 * MAX_TRIES + [200]
        assert at.alarms == []

    play(tmp_path, what)


def test_each_agent_is_led_by_itself(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        assert (await ask(at, OLD_OPUS))[0] == 529
        assert (await ask(at, OLD_OPUS, x_claude_code_agent_id="a1"))[0] == 529
        assert (await ask(at, OLD_SONNET))[0] == 529
        assert (await ask(at, OLD_SONNET, x_claude_code_agent_id="a1"))[0] == 529
        assert (await ask(at, OLD_HAIKU, x_claude_code_agent_id="a1"))[0] == 200

    play(tmp_path, what)


def test_a_step_that_was_led_is_no_message_of_any_budget(tmp_path: Path) -> None:
    budgets = tmp_path / "budgets.yaml"
    budgets.write_text("purse: {limit: 1messages, window: session, scope: all, hard: true}\n")

    async def what(at: Door) -> None:
        assert [(await ask(at, model))[0] for model in (OLD_OPUS, OLD_SONNET, OLD_HAIKU)] == [529, 529, 200]

    play(tmp_path, what, budgets=budgets)


def test_a_call_that_must_not_be_made_is_refused_and_not_led(tmp_path: Path) -> None:
    budgets = tmp_path / "budgets.yaml"
    budgets.write_text("purse: {limit: 1messages, window: session, scope: all, hard: true}\n")

    async def what(at: Door) -> None:
        assert (await ask(at, HAIKU))[0] == 200
        assert (await ask(at, OLD_OPUS))[0] == 429

    play(tmp_path, what, budgets=budgets)


MODELS = st.sampled_from([OLD_OPUS, OLD_SONNET, OLD_HAIKU, "claude-opus-4-5", "claude-fable-5", "my-own"])
ENTRIES = st.sampled_from(["haiku", "sonnet", "opus", "fable", OLD_HAIKU, "nonsense", ""])


@given(
    asks=st.lists(st.tuples(MODELS, st.sampled_from(["1", "2"])), min_size=1, max_size=30),
    entries=st.lists(ENTRIES, max_size=10),
    tier=st.sampled_from(["haiku", "sonnet", "opus"]),
)
def test_whatever_a_client_does_it_is_never_led_in_a_loop(
    asks: list[tuple[str, str]], entries: list[str], tier: str
) -> None:
    """In a turn no model is led away from twice, but for the tries of old clients, and never more are than
    the list is long."""
    steering = Steering(load_catalog(), lambda _: None)
    led: list[str] = []
    turn = ""
    for model, asked_in in asks:
        if asked_in != turn:
            turn, led = asked_in, []
        call = steering.recall(Call("claude_code", model, session="s", turn=turn))
        question = Question(asked=BUILT_IN[tier])
        call = replace(call, named_model=model)
        routed = Routed(call, question, decide(question), "enforce", model, misfit="other", steering=True)
        if steering.leads(routed, ",".join(entries)):
            led.append(model)
    assert len(set(led)) <= len([entry for entry in entries if entry])
    assert all(led.count(model) <= MAX_TRIES for model in led)
    assert [model for model, _ in groupby(led)] == list(dict.fromkeys(led))
