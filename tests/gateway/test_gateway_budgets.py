"""Hard budgets at the gateway's door: clamped, refused, never overshot, and never lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import anthropic
import pytest
from gateway_harness import OPUS, Door, Seen, conversation, door, message, request, user, whole

from tierwise.errors import ConfigError, StoreError
from tierwise.serving import Receive, Send

JSON = {"content_type": "application/json"}
Play = Callable[[Door], Awaitable[None]]


def play(tmp_path: Path, budgets: str, what: Play, **how: Any) -> None:
    """Open the door of a gateway with these budgets, and play."""
    (tmp_path / "budgets.yaml").write_text(budgets)

    async def run() -> None:
        async with door(tmp_path, budgets=tmp_path / "budgets.yaml", **how) as opened:
            await what(opened)

    asyncio.run(run())


def answering_in_full() -> Any:
    """A provider that writes as many tokens as it is allowed to, on the model that it is asked for."""

    async def answer(seen: Seen, receive: Receive, send: Send) -> None:
        allowed = seen.json["max_tokens"]
        answer_body = message(seen.json["model"], input_tokens=10, output_tokens=allowed)
        await whole(200, answer_body, **JSON)(seen, receive, send)

    return answer


def asking(max_tokens: int, **more: Any) -> dict[str, Any]:
    return {**request([user("Hello.")], **more), "max_tokens": max_tokens}


HARD = "purse: {limit: 1usd, window: session, hard: true}\n"


def test_a_call_is_clamped_to_what_is_affordable(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        status, _, _ = await at.post(asking(100_000))
        (seen,) = at.provider.seen

        assert status == 200
        assert 40_000 < seen.json["max_tokens"] < 50_000  # a dollar buys 50,000 tokens of opus
        (record,) = await at.recorded(1)
        assert 0.9e9 < record.cost_nanousd <= 1e9

    play(tmp_path, HARD, what, answering=answering_in_full())


def test_a_clamped_body_differs_in_max_tokens_alone(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        body = json.dumps(asking(100_000), indent=1).encode()
        await at.post(body)
        (seen,) = at.provider.seen

        assert seen.body == body.replace(b"100000", str(seen.json["max_tokens"]).encode())

    play(tmp_path, HARD, what, answering=answering_in_full())


def test_an_exhausted_budget_refuses_before_a_token_is_spent(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(asking(100_000))
        async with anthropic.AsyncAnthropic(base_url=at.running.url, api_key="sk-test") as client:
            with pytest.raises(anthropic.RateLimitError) as raised:
                await client.messages.create(**asking(10_000))

        error = raised.value.response.json()["error"]
        assert error["type"] == "billing_error"
        assert "purse" in error["message"]
        assert "wait" in error["message"]
        assert raised.value.response.headers["x-should-retry"] == "false"
        assert len(at.provider.seen) == 1
        _, refused = await at.recorded(2)
        assert (refused.outcome, refused.cost_nanousd) == ("refused", 0)

    play(tmp_path, HARD, what, answering=answering_in_full())


def test_parallel_calls_never_spend_more_than_the_limit_and_can_spend_it(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answers = await asyncio.gather(*(at.post(asking(10_000)) for _ in range(80)))
        served = [status for status, _, _ in answers if status == 200]
        records = await at.recorded(80)
        spent = sum(record.cost_nanousd for record in records)

        assert {status for status, _, _ in answers} == {200, 429}
        assert spent <= 10e9
        assert spent >= 0.97 * 10e9
        assert len(at.provider.seen) == len(served)

    play(tmp_path, HARD.replace("1usd", "10usd"), what, answering=answering_in_full())


def test_parent_and_children_share_the_budget_of_their_run(tmp_path: Path) -> None:
    budgets = "tree: {limit: 1usd, window: session, scope: run, hard: true}\n"

    async def what(at: Door) -> None:
        tree, other = {"x_claude_code_session_id": "s"}, {"x_claude_code_session_id": "t"}
        statuses = [
            (await at.post(asking(45_000), **tree))[0],
            (await at.post(asking(45_000), **tree, x_claude_code_agent_id="child"))[0],
            (await at.post(asking(45_000), **tree, x_claude_code_agent_id="child"))[0],
            (await at.post(asking(45_000), **other))[0],
        ]

        assert statuses == [200, 200, 429, 200]
        assert at.provider.seen[1].json["max_tokens"] < 10_000

    play(tmp_path, budgets, what, answering=answering_in_full())


def test_what_was_held_and_not_used_is_free_again(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        for _ in range(20):
            status, _, _ = await at.post(asking(45_000))
            assert status == 200
        assert len(at.provider.seen) == 20

    play(tmp_path, HARD, what, answering=whole(200, message(OPUS, output_tokens=100), **JSON))


def test_a_call_whose_price_is_unknown_is_refused_under_a_hard_dollar_budget(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        status, _, answer = await at.post(asking(100, model="my-own-model"))

        assert status == 429
        assert "prices.yaml" in json.loads(answer)["error"]["message"]
        assert at.provider.seen == []

    play(tmp_path, HARD, what, answering=answering_in_full())


def test_observing_refuses_nothing(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        statuses = [(await at.post(asking(100_000)))[0] for _ in range(3)]

        assert statuses == [200, 200, 200]
        assert [seen.json["max_tokens"] for seen in at.provider.seen] == [100_000] * 3

    play(tmp_path, HARD, what, config="mode: observe", answering=answering_in_full())


def test_a_soft_budget_only_moves_the_zone(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        zones = []
        for _ in range(3):
            status, headers, _ = await at.post(asking(40_000))
            zones.append((status, headers["x-tierwise-zone"]))

        assert zones == [(200, "green"), (200, "yellow"), (200, "exhausted")]

    play(tmp_path, HARD.replace("hard: true", "hard: false"), what, answering=answering_in_full())


def test_a_skill_whose_tier_is_spent_up_goes_to_the_next_acceptable_one(tmp_path: Path) -> None:
    budgets = "sonnets: {limit: 1messages, window: weekly, scope: tier=sonnet, hard: true}\n"
    skill = (
        "---\nname: page-component-mapper\ndescription: x\n"
        "model: {preferred: sonnet, acceptable: [haiku, sonnet], minimum: haiku, reasoning_demand: high}\n"
        "---\n# x\n"
    )

    async def what(at: Door) -> None:
        await at.post(request(conversation(at.skill())))
        await at.post(request(conversation(at.skill())))

        assert at.models_asked_for() == ["claude-sonnet-5-5", "claude-haiku-5-5"]

    play(tmp_path, budgets, what, skill=skill, answering=answering_in_full())


def failing(*_: object, **__: object) -> Future[Any]:
    """What the ledger's engine answers while its storage fails."""
    future: Future[Any] = Future()
    future.set_exception(StoreError("the disk is full"))
    return future


@pytest.mark.parametrize("fails", ["reserve", "standings"])
def test_a_hard_budget_fails_closed_while_the_ledger_fails(
    tmp_path: Path, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def what(at: Door) -> None:
        monkeypatch.setattr(at.running.ledger, fails, failing)
        status, _, answer = await at.post(asking(1_000))

        assert status == 503
        assert "the disk is full" in json.loads(answer)["error"]["message"]
        assert at.provider.seen == []

    play(tmp_path, HARD, what, answering=answering_in_full())


@pytest.mark.parametrize("fails", ["reserve", "standings"])
def test_without_a_hard_budget_the_call_goes_on_with_an_alarm_and_is_recorded(
    tmp_path: Path, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def what(at: Door) -> None:
        monkeypatch.setattr(at.running.ledger, fails, failing)
        status, _, _ = await at.post(asking(1_000))

        assert status == 200
        assert any("the disk is full" in alarm for alarm in at.alarms)
        (record,) = await at.recorded(1)
        assert record.cost_nanousd

    play(tmp_path, HARD.replace("hard: true", "hard: false"), what, answering=answering_in_full())


def test_a_thinking_budget_is_never_cut_into(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        thinking = {"type": "enabled", "budget_tokens": 60_000}
        status, _, _ = await at.post({**asking(64_000), "thinking": thinking})

        assert status == 429
        assert at.provider.seen == []

    play(tmp_path, HARD, what, answering=answering_in_full())


def test_a_platforms_own_quota_sets_the_zone_and_a_silent_one_is_unknown(tmp_path: Path) -> None:
    budgets = "five-hours: {limit: 80%, window: session, quota: anthropic-5h}\n"
    limits = {"anthropic_ratelimit_unified_5h_utilization": "0.74"}

    async def what(at: Door) -> None:
        zones = [(await at.post(asking(100)))[1]["x-tierwise-zone"] for _ in range(2)]
        other = (await at.post(asking(100), x_api_key="sk-another"))[1]["x-tierwise-zone"]

        assert zones == ["unknown", "red"]
        assert other == "unknown"

    play(tmp_path, budgets, what, answering=whole(200, message(), **JSON, **limits))


def test_a_status_line_can_tell_of_the_quotas_too(tmp_path: Path) -> None:
    budgets = "week: {limit: 100%, window: weekly, quota: anthropic-7d}\n"
    status = {"rate_limits": {"seven_day": {"used_percentage": 93.5, "resets_at": 4_000_000_000}}}

    async def what(at: Door) -> None:
        told, _, heard = await at.post(status, "/tierwise/quotas")
        _, headers, _ = await at.post(asking(100))

        assert (told, json.loads(heard)) == (200, {"quotas": {"anthropic-7d": 0.935}})
        assert headers["x-tierwise-zone"] == "red"

    play(tmp_path, budgets, what, answering=answering_in_full())


def test_a_session_budget_is_each_sessions_own(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        mine, yours = {"x_claude_code_session_id": "s"}, {"x_claude_code_session_id": "t"}
        statuses = [(await at.post(asking(48_000), **mine))[0]]
        statuses += [(await at.post(asking(20_000), **mine))[0], (await at.post(asking(20_000), **yours))[0]]

        assert statuses[0] == statuses[2] == 200
        assert at.provider.seen[-1].json["max_tokens"] == 20_000

    play(tmp_path, HARD, what, answering=answering_in_full())


def test_a_context_budget_is_about_the_prompt_at_hand(tmp_path: Path) -> None:
    budgets = "window: {limit: 1ktokens, window: context}\n"

    async def what(at: Door) -> None:
        small = (await at.post(asking(100)))[1]["x-tierwise-zone"]
        large = (await at.post(request([user("word " * 3_000)])))[1]["x-tierwise-zone"]

        assert (small, large) == ("green", "exhausted")

    play(tmp_path, budgets, what, answering=answering_in_full())


def test_budgets_that_cannot_be_read_keep_the_gateway_from_starting(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        raise AssertionError("it started")

    with pytest.raises(ConfigError, match=r"budgets.yaml:1(.|\n)*limit"):
        play(tmp_path, "purse: {limit: 1usdollars, window: session}\n", what, answering=answering_in_full())
