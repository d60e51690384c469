"""`GET /tierwise/budgets`: how budgets stand while a gateway runs, and the forecasts that it routes by."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from gateway_harness import (
    MAPPER,
    OPUS,
    SONNET,
    Door,
    Seen,
    as_asked,
    conversation,
    door,
    message,
    request,
    user,
    whole,
)

from ledger_samples import execution
from tierwise import wiring
from tierwise.cli import main
from tierwise.errors import StoreError
from tierwise.router.standings import charge_of, tags_of_execution
from tierwise.serving import Receive, Send

JSON = {"content_type": "application/json"}
HOUR_US = 3_600_000_000
BUDGETS = "sum: {limit: 5usd, window: weekly}\ntalk: {limit: 1mtokens, window: session, hard: true}\n"
STEADY = MAPPER.replace("preferred: haiku", "preferred: opus").replace(
    "acceptable: [haiku, sonnet]", "acceptable: [haiku, sonnet, opus]"
)
MEDIUM = STEADY.replace("demand: low", "demand: medium")
Play = Callable[[Door], Awaitable[None]]


def play(tmp_path: Path, budgets: str, what: Play, **how: Any) -> None:
    """Open the door of a gateway with these budgets, and play."""
    (tmp_path / "budgets.yaml").write_text(budgets)
    how.setdefault("answering", whole(200, message(), **JSON))

    async def run() -> None:
        async with door(tmp_path, **how) as opened:
            await what(opened)

    asyncio.run(run())


async def told(at: Door, session: str = "") -> dict[str, dict[str, Any]]:
    """The budgets by name, as the gateway tells them."""
    status, document = await at.get("/tierwise/budgets" + (f"?session={session}" if session else ""))
    assert status == 200
    return {budget["name"]: budget for budget in document["budgets"]}


async def spent_hourly(at: Door, hours: int, usd: float = 0.1) -> None:
    """So many calls into the past, one an hour, each of that price."""
    for hour in range(1, hours + 1):
        at_us = wiring.now_us() - hour * HOUR_US
        past = execution(id=f"past-{hour}", at_us=at_us, cost_nanousd=round(usd * 10**9))
        posted = at.running.ledger.import_(past.id, at_us, tags_of_execution(past), charge_of(past), "", past)
        await asyncio.wrap_future(posted)


def keys(value: Any) -> Any:
    """The names of a document, all the way down."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    return [keys(inner) for inner in value] if isinstance(value, list) else None


# -- the document ------------------------------------------------------------------------------------------


def test_the_api_answers_what_the_command_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path))

    async def what(at: Door) -> None:
        _, answer = await at.get("/tierwise/budgets")
        shown = CliRunner().invoke(main, ["budget", "show", "--json"], catch_exceptions=False)
        command = json.loads(shown.stdout)

        assert keys(answer) == keys(command)
        for mine, theirs in zip(answer["budgets"], command["budgets"], strict=True):
            moving = ("elapsed", "resets")
            assert {key: mine[key] for key in mine if key not in moving} == {
                key: theirs[key] for key in theirs if key not in moving
            }

    play(tmp_path, BUDGETS, what, config="weekly_budget: {total_spend: 20}")


def test_what_was_spent_is_told_for_the_latest_session_or_the_one_that_is_named(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request([user("Hello.")]), x_tierwise_session="first")
        await at.post(request([user("Hello.")]), x_tierwise_session="first")
        await at.recorded(2)
        await at.post(request([user("Hello.")]), x_tierwise_session="second")
        await at.recorded(3)

        latest, first = await told(at), await told(at, "first")
        assert first["talk"]["spent"] == 2 * latest["talk"]["spent"] > 0
        assert latest["sum"]["spent"] == first["sum"]["spent"] > 0
        assert (await told(at, "never"))["talk"]["spent"] == 0

    play(tmp_path, BUDGETS, what)


def test_money_held_for_a_call_under_way_is_told_and_then_replaced_by_its_cost(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        began, answer = asyncio.Event(), asyncio.Event()

        async def waiting(seen: Seen, receive: Receive, send: Send) -> None:
            began.set()
            await answer.wait()
            await whole(200, message(), **JSON)(seen, receive, send)

        at.provider.answering = waiting
        call = asyncio.create_task(at.post(request([user("Hello.")]), x_tierwise_session="s"))
        await asyncio.wait_for(began.wait(), 5)
        under_way = await told(at, "s")
        answer.set()
        await call
        await at.recorded(1)
        over = await told(at, "s")

        for name in ("sum", "talk"):
            assert (under_way[name]["spent"], under_way[name]["share"], under_way[name]["zone"]) == (
                0,
                0,
                "green",
            )
            assert under_way[name]["held"] > over[name]["spent"] > 0 == over[name]["held"]

    play(tmp_path, BUDGETS, what)


def test_a_quota_that_the_provider_told_of_is_known_and_another_is_not(tmp_path: Path) -> None:
    budgets = (
        "five: {limit: 80%, window: session, quota: anthropic-5h}\n"
        "week: {limit: 80%, window: weekly, quota: anthropic-7d}\n"
    )
    limits = {"anthropic_ratelimit_unified_5h_utilization": "0.74"}

    async def what(at: Door) -> None:
        before = await told(at)
        await at.post(request([user("Hello.")]))
        await at.recorded(1)
        after = await told(at)

        assert (before["five"]["zone"], before["five"]["spent"]) == ("unknown", None)
        assert (after["five"]["zone"], after["five"]["spent"], after["five"]["share"]) == ("red", 74, 0.925)
        assert (after["week"]["zone"], after["week"]["spent"]) == ("unknown", None)

    play(tmp_path, budgets, what, answering=whole(200, message(), **JSON, **limits))


def test_the_context_of_a_sessions_newest_prompt_is_known(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request([user("word " * 1_000)]), x_tierwise_session="long")
        await at.post(request([user("word")]), x_tierwise_session="short")
        await at.recorded(2)
        long, short, never = [(await told(at, name))["prompt"] for name in ("long", "short", "never")]

        assert long["spent"] > 20 * short["spent"] > 0
        assert (never["spent"], never["zone"]) == (None, "unknown")

    play(tmp_path, "prompt: {limit: 100ktokens, window: context}\n", what)


# -- forecasts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone_by", "zone", "model"),
    [("spent", "green", OPUS), ("both", "yellow", SONNET), ("pace", "yellow", SONNET)],
)
def test_a_week_that_runs_out_early_is_one_step_stricter_by_its_pace(
    tmp_path: Path, zone_by: str, zone: str, model: str
) -> None:
    async def what(at: Door) -> None:
        await spent_hourly(at, 40)
        asked = request(conversation(at.skill()))
        zones = [(await at.post(asked))[1]["x-tierwise-zone"] for _ in range(2)]
        week = (await told(at))["week"]

        assert zones == [zone, zone]
        assert at.models_asked_for() == [model, model]
        assert (week["zone"], week["forecast"]["state"]) == (zone, "runs_out")
        assert week["forecast"]["pace"] > 1

    budgets = f"week: {{limit: 10usd, window: weekly, zone_by: {zone_by}}}\n"
    play(tmp_path, budgets, what, skill=MEDIUM, answering=as_asked())


def test_the_session_may_say_that_zones_go_by_pace(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await spent_hourly(at, 40)

        assert (await at.post(request([user("Hello.")])))[1]["x-tierwise-zone"] == "yellow"

    config = "zone_by: both\n"
    play(tmp_path, "week: {limit: 10usd, window: weekly}\n", what, config=config)


def test_a_week_that_lasts_stays_green_by_its_pace(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await spent_hourly(at, 40)

        assert (await at.post(request([user("Hello.")])))[1]["x-tierwise-zone"] == "green"

    play(tmp_path, "week: {limit: 100usd, window: weekly, zone_by: both}\n", what)


def test_a_forecast_that_fails_stops_no_call_and_is_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise StoreError("the disk is gone")

    async def what(at: Door) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(at.running.store, "executions", broken)
            status, headers, _ = await at.post(request([user("Hello.")]))

        assert (status, headers["x-tierwise-zone"]) == (200, "green")
        assert [alarm for alarm in at.alarms if "no forecast of week: the disk is gone" in alarm]

    play(tmp_path, "week: {limit: 10usd, window: weekly, zone_by: both}\n", what)


# -- who may ask, and how ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"host": "evil.example"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
    ],
)
def test_a_web_page_can_not_read_the_budgets(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def what(at: Door) -> None:
        async with at.client.get(at.running.url + "/tierwise/budgets", headers=headers) as response:
            assert response.status == status
            assert ("budgets" in await response.json()) is (status == 200)

    play(tmp_path, BUDGETS, what)


def test_a_request_that_is_not_understood_is_told_so(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        misspelt, answer = await at.get("/tierwise/budgets?sesion=s")
        posted, _, _ = await at.post({}, "/tierwise/budgets")

        assert (misspelt, "`sesion`" in answer["error"]["message"]) == (400, True)
        assert posted == 405

    play(tmp_path, BUDGETS, what)


def test_a_ledger_that_cannot_answer_is_an_error_and_not_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def what(at: Door) -> None:
        failed: Future[Any] = Future()
        failed.set_exception(StoreError("the disk is gone"))
        monkeypatch.setattr(at.running.ledger, "standings", lambda _: failed)
        status, answer = await at.get("/tierwise/budgets")

        assert (status, "the disk is gone" in answer["error"]["message"]) == (500, True)

    play(tmp_path, BUDGETS, what)
