"""Native spend: budgets as Claude Code shows them by itself, in its gateway mode and nowhere else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from gateway_harness import OPUS, Door, as_asked, door, message, request, user, whole

from tierwise.core.budgets import Budget
from tierwise.core.questions import Refusal
from tierwise.core.zones import Gauge, Scope
from tierwise.gateway.native_spend import (
    Cap,
    caps_of,
    in_gateway_mode,
    is_usage,
    refused_headers,
    spend_headers,
    usage_json,
)

Play = Callable[[Door], Awaitable[None]]
UNIFIED = "anthropic-ratelimit-unified-"
BETAS = "claude-code-20250219,interleaved-thinking-2025-05-14,tool-search-tool-2025-10-19,effort-2025-11-24"
FIRST_PARTY = "claude-code-20250219,context-management-2025-06-27,advanced-tool-use-2025-11-20"
GATEWAY = {
    "user_agent": "claude-cli/2.1.330 (external, cli)",
    "authorization": "Bearer gw-token",
    "anthropic_beta": BETAS,
}
MONTH = "month: {limit: 1usd, window: monthly, scope: all}\n"
DEAR = {"output_tokens": 40_000}
"""An answer of opus: $0.80."""


def play(tmp_path: Path, what: Play, budgets: str = MONTH, **how: Any) -> None:
    (tmp_path / "budgets.yaml").write_text(budgets)

    async def run() -> None:
        async with door(tmp_path, as_asked(**DEAR), **how) as opened:
            await what(opened)

    asyncio.run(run())


def limits(headers: dict[str, str]) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    return {name.removeprefix(UNIFIED): value for name, value in lower.items() if name.startswith(UNIFIED)}


async def ask(at: Door, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return await at.post(request([user("Hello.")]), **{**GATEWAY, **headers})


def test_in_gateway_mode_each_answer_tells_how_full_the_budget_is(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        first = limits((await ask(at))[1])
        second = limits((await ask(at))[1])
        assert {key: first[key] for key in ("status", "overage-status", "overage-utilization")} == {
            "status": "allowed",
            "overage-status": "allowed",
            "overage-utilization": "0.00",
        }
        assert (second["status"], second["representative-claim"]) == ("allowed_warning", "overage")
        assert (second["overage-utilization"], second["overage-surpassed-threshold"]) == ("0.80", "0.75")
        assert second["reset"] == second["overage-reset"]
        third = limits((await ask(at))[1])
        assert (third["overage-utilization"], third["overage-surpassed-threshold"]) == ("0.99", "0.95")

    play(tmp_path, what)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "", "x_api_key": "sk-ant-api03-x"},
        {"anthropic_beta": f"{BETAS},oauth-2025-04-20"},
        {"authorization": "Bearer sk-ant-oat01-x"},
        {"anthropic_beta": FIRST_PARTY},
        {"user_agent": "anthropic-sdk/2.12"},
    ],
    ids=["a key", "an account's beta", "an account's token", "a bearer without the mode", "another client"],
)
def test_nobody_else_is_told_limits_that_the_provider_did_not_name(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async def what(at: Door) -> None:
        assert limits((await ask(at, **headers))[1]) == {}
        plain = {name.replace("_", "-"): value for name, value in {**GATEWAY, **headers}.items()}
        async with at.client.get(f"{at.running.url}/api/oauth/usage", headers=plain) as answer:
            assert await answer.json() == {"seen": "/api/oauth/usage"}

    async def answering(seen: Any, receive: Any, send: Any) -> None:
        if seen.method == "GET":
            body = json.dumps({"seen": seen.target}).encode()
            await whole(200, body, content_type="application/json")(seen, receive, send)
        else:
            await as_asked()(seen, receive, send)

    (tmp_path / "budgets.yaml").write_text(MONTH)

    async def run() -> None:
        async with door(tmp_path, answering) as opened:
            await what(opened)

    asyncio.run(run())


def test_the_providers_own_limits_give_way_to_ours_and_pass_to_everybody_else(tmp_path: Path) -> None:
    told = {
        "anthropic_ratelimit_requests_remaining": "7",
        "anthropic_ratelimit_unified_5h_utilization": "0.4",
    }
    answering = whole(200, message(OPUS), content_type="application/json", **told)
    (tmp_path / "budgets.yaml").write_text(MONTH)

    async def run() -> None:
        async with door(tmp_path, answering) as at:
            ours = {name.lower() for name in (await ask(at))[1]}
            assert not ours & {name.replace("_", "-") for name in told}
            theirs = {name.lower() for name in (await ask(at, anthropic_beta="oauth-2025-04-20"))[1]}
            assert {name.replace("_", "-") for name in told} <= theirs

    asyncio.run(run())


def test_the_usage_is_answered_in_cents_with_a_row_for_each_budget(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await ask(at)
        headers = {name.replace("_", "-"): value for name, value in GATEWAY.items()}
        headers |= {"user-agent": "claude-code/2.1.330"}
        del headers["anthropic-beta"]
        for path in ("/api/oauth/usage", "/p/shop/api/oauth/usage"):
            async with at.client.get(at.running.url + path, headers=headers) as answer:
                assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
                told = await answer.json()
        assert told["extra_usage"] == {
            "is_enabled": True,
            "monthly_limit": 100,
            "used_credits": 80,
            "utilization": 80,
            "currency": "USD",
        }
        rows = [(row["group"], row["percent"], row["severity"], row["is_active"]) for row in told["limits"]]
        assert rows == [("monthly", 80, "warning", True), ("weekly", 8, "normal", False)]
        assert told["limits"][0]["resets_at"].endswith(":00.000Z")
        assert told["limits"][1]["resets_at"] is None

    play(tmp_path, what, MONTH + "week: {limit: 10usd, window: weekly, scope: all}\n")


def test_without_a_budget_in_dollars_there_is_no_usage_to_show(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        headers = {name.replace("_", "-"): value for name, value in GATEWAY.items()}
        async with at.client.get(f"{at.running.url}/api/oauth/usage", headers=headers) as answer:
            assert answer.status == 404
        assert limits((await ask(at))[1]) == {}

    play(tmp_path, what, "tokens: {limit: 1ktokens, window: daily, scope: all}\n")


def test_a_refusal_has_what_makes_the_client_print_it_word_for_word(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await ask(at)
        status, headers, body = await ask(at)
        told = limits(headers)
        assert (status, json.loads(body)["error"]["type"]) == (429, "billing_error")
        assert told["overage-disabled-reason"] == "org_spend_cap_reached"
        assert (told["status"], told["overage-period"]) == ("rejected", "daily")
        assert not {"representative-claim", "overage-status"} & set(told)
        assert 1 <= int(headers["Retry-After"]) <= 86_400

    play(tmp_path, what, "day: {limit: 0.5usd, window: daily, scope: all, hard: true}\n")


def gauge(name: str, share: float, unit: str = "usd", **more: Any) -> Gauge:
    return Gauge(name, share * 10, 10.0, unit=unit, **{"dimension": "monthly", **more})


def test_the_fullest_budget_of_everything_in_dollars_is_told_else_one_in_percent() -> None:
    gauges = [
        gauge("of opus", 0.99, scope=Scope("tier", "opus")),
        gauge("messages", 0.98, unit="messages"),
        gauge("of the session", 0.97, dimension="session"),
        gauge("quota", 0.96, unit="percent", dimension="weekly"),
        gauge("context", 0.95, unit="percent", dimension="context"),
        gauge("month", 0.3),
        gauge("week", 0.4, dimension="weekly"),
        Gauge("unlimited", 5.0, None, dimension="monthly"),
    ]
    budgets = [Budget("month", "monthly", "usd", 10), Budget("week", "weekly", "usd", 10)]
    assert [(cap.name, cap.dollars) for cap in caps_of(gauges, budgets, 1_000_000)] == [
        ("week", (4.0, 10.0)),
        ("month", (3.0, 10.0)),
        ("quota", None),
    ]
    assert spend_headers(()) == {}
    assert usage_json((Cap("quota", 0.9, "weekly"),)) is None


def test_a_refusal_of_another_budget_names_no_moment() -> None:
    told = refused_headers(Refusal("opus", "opus is exhausted"), (Cap("month", 1.0, "monthly"),), 0)
    assert "retry-after" not in told
    assert f"{UNIFIED}overage-period" not in told


def test_paths_and_modes_are_told_apart() -> None:
    assert is_usage("/api/oauth/usage")
    assert is_usage("/p/my%20shop/api/oauth/usage")
    assert not is_usage("/v1/api/oauth/usage")
    assert not in_gateway_mode({})
