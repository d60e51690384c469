"""Responses at the gateway's door: as the real `openai` SDK speaks it, and as Codex does."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import pytest
from gateway_harness import Door, whole
from test_gateway_openai import HARD, JSON, LUNA, nanousd, play
from test_gateway_relay import streaming

from tierwise.core.usage import Usage

SOL, TERRA = "gpt-6.1-sol", "gpt-6.1-terra"
PATH = "/v1/responses"
USAGE = {
    "input_tokens": 1_000,
    "input_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 300},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 10},
    "total_tokens": 1_050,
}
COUNTED = Usage(100, 50, 600, 300)


def asking(text: Any = "Hello.", model: str = LUNA, **more: Any) -> dict[str, Any]:
    return {"model": model, "input": text, **more}


def response(model: str = LUNA, **more: Any) -> dict[str, Any]:
    """A whole answer of Responses."""
    part = {"type": "output_text", "text": "done", "annotations": []}
    item = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    head = {"id": "resp_1", "object": "response", "created_at": 0, "model": model, "status": "completed"}
    rest = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "output": [item], "usage": USAGE}
    return {**head, **rest, **more}


def events(model: str = LUNA, status: str = "completed", **more: Any) -> list[bytes]:
    """The events of a streamed answer, one element each."""
    begun = response(model, status="in_progress", output=[], usage=None)
    at = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
    (item,) = response()["output"]
    told = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"content": []}},
        {"type": "response.output_text.delta", **at, "delta": "done", "logprobs": []},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": f"response.{status}", "response": response(model, status=status, **more)},
    ]
    return [
        f"event: {each['type']}\ndata: {json.dumps({**each, 'sequence_number': number})}\n\n".encode()
        for number, each in enumerate(told)
    ]


def said(role: str, *texts: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": t} for t in texts]}


def injected(folder: str) -> dict[str, Any]:
    """A skill as Codex puts it into the conversation."""
    name = folder.rsplit("/", 1)[-1]
    return said("user", f"<skill>\n<name>{name}</name>\n<path>{folder}/SKILL.md</path>\n# Do it.\n</skill>")


def codex(turn: str = "turn-1", *, thread: str = "s-1", parent: str = "", **told: str) -> dict[str, str]:
    """The headers of Codex for a request of this turn."""
    metadata = {"session_id": "s-1", "thread_id": thread, "turn_id": turn, "request_kind": "turn", **told}
    headers = {"session-id": "s-1", "thread-id": thread, "originator": "codex_exec"}
    headers["x-codex-turn-metadata"] = json.dumps(metadata)
    if parent:
        headers |= {"x-codex-parent-thread-id": parent, "x-openai-subagent": "collab_spawn"}
    return headers


def test_a_call_is_served_metered_and_paid_for(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        answer = await sdk.responses.create(**asking())
        async with sdk.responses.stream(**asking()) as stream:
            streamed = await stream.get_final_response()
        records = await at.recorded(2)

        assert answer.output_text == streamed.output_text
        for record, usage in zip(records, (answer.usage, streamed.usage), strict=True):
            assert record.usage.prompt_tokens == usage.input_tokens
            assert record.usage.output_tokens == usage.output_tokens
            assert record.cost_nanousd == nanousd(record.usage) > 0
            assert (record.platform, record.asked_model, record.served_model) == ("openai", LUNA, LUNA)
            assert (record.outcome, record.usage_estimated, record.mismatch) == ("ok", False, False)
        assert at.alarms == []

    play(tmp_path, what)


def test_what_a_cache_served_and_stored_is_not_counted_twice(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        await sdk.responses.create(**asking())
        (record,) = await at.recorded(1)

        assert (record.usage, record.upstream_id) == (COUNTED, "req_1")
        assert record.cost_nanousd == 100 * 100 + 50 * 500 + 600 * 10 + 300 * 125

    play(tmp_path, what, answering=whole(200, json.dumps(response()).encode(), **JSON, x_request_id="req_1"))


def test_body_and_answer_pass_byte_for_byte(tmp_path: Path) -> None:
    body = b'{ "input":"caf\\u00e9",\n "x":1e2, "model":"gpt-6-luna" , "stream":true}'

    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        status, headers, answer = await at.post(body, "/p/shop" + PATH)
        (record,) = await at.recorded(1)

        assert (at.provider.seen[0].body, at.provider.seen[0].target) == (body, PATH)
        assert (status, answer, headers["request-id"]) == (200, b"".join(events()), "req_7")
        assert (record.usage, record.outcome, record.project) == (COUNTED, "ok", "shop")

    play(tmp_path, what, answering=streaming(events()))


@pytest.mark.parametrize("sent", range(6))
def test_a_stream_that_is_cut_is_one_record_and_says_so(tmp_path: Path, sent: int) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        with pytest.raises(Exception, match=r"(?i)payload|closed|disconnect|transfer"):
            await at.post(asking(stream=True), PATH)
        (record,) = await at.recorded(1)
        assert (record.outcome, record.usage_estimated) == ("cut", True)
        assert record.usage.input_tokens > 0

    play(tmp_path, what, answering=streaming(events()[:sent], cut=True))


@pytest.mark.parametrize(
    ("status", "outcome", "more"),
    [
        ("incomplete", "ok", {"incomplete_details": {"reason": "max_output_tokens"}}),
        ("failed", "error", {"error": {"code": "server_error", "message": "Asleep"}}),
    ],
)
def test_every_end_is_settled_once_with_its_usage(
    tmp_path: Path, status: str, outcome: str, more: dict[str, Any]
) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        await at.post(asking(stream=True), PATH)
        (record,) = await at.recorded(1)
        assert (record.outcome, record.usage, record.usage_estimated) == (outcome, COUNTED, False)
        assert (await at.get("/tierwise/health"))[1]["calls"] == 1

    play(tmp_path, what, answering=streaming(events(status=status, **more)))


def test_a_client_that_goes_away_ends_the_call_and_is_charged_for_what_it_got(tmp_path: Path) -> None:
    pause = asyncio.Event()

    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        body = json.dumps(asking(stream=True))
        async with at.client.post(at.running.url + PATH, data=body) as answer:
            await answer.content.readuntil(b"output_text.delta")
        (record,) = await at.recorded(1)
        pause.set()
        assert (record.outcome, record.usage_estimated) == ("client_gone", True)

    play(tmp_path, what, answering=streaming(events(), pause=pause, pause_after=4))


@pytest.mark.parametrize("stream", [False, True])
def test_a_hard_budget_refuses_once_and_says_why(tmp_path: Path, stream: bool) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.RateLimitError) as raised:
            await sdk.responses.create(**asking("x" * 400_000, max_output_tokens=10_000, stream=stream))

        error = raised.value
        assert (error.status_code, error.code, error.type) == (
            429,
            "insufficient_quota",
            "insufficient_quota",
        )
        assert "the budget purse has $" in error.message
        assert "wait for the reset" in error.message
        assert "x-codex-promo-message" not in error.response.headers
        assert at.provider.seen == []

    play(tmp_path, what, budgets=HARD, answering=whole(200, b"{}", **JSON))


def test_codex_is_refused_in_the_words_that_it_shows(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        status, headers, body = await at.post(asking("x" * 400_000, stream=True), PATH, **codex())
        error = json.loads(body)["error"]

        assert (status, error["code"], error["type"]) == (429, "insufficient_quota", "usage_limit_reached")
        assert "the budget purse has $" in error["message"]
        assert headers["x-codex-promo-message"] == " ".join(error["message"].split()).rstrip(".")
        assert headers["x-should-retry"] == "false"
        assert "retry-after" not in headers  # Codex would wait for it, however long

    play(tmp_path, what, budgets=HARD, answering=whole(200, b"{}", **JSON))


def test_a_call_is_clamped_to_what_is_affordable(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        await sdk.responses.create(**asking(max_output_tokens=100_000))
        await at.recorded(1)
        assert 19_000 < at.provider.seen[0].json["max_output_tokens"] < 20_000

    play(tmp_path, what, budgets=HARD, answering=whole(200, json.dumps(response()).encode(), **JSON))


def test_requests_inside_a_skill_go_to_its_tier_and_everything_else_stays(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        begun = [said("user", "$page-component-mapper src/app.tsx"), injected(at.skill())]
        compacted = [said("user", "$page-component-mapper src/app.tsx")]
        after = [*begun, said("assistant", "Mapped."), said("user", "thanks")]
        for items, turn in ((begun, "t-1"), (compacted, "t-1"), (after, "t-2")):
            await at.post(asking(items, SOL), PATH, **codex(turn))
        records = await at.recorded(3)

        assert [seen.json["model"] for seen in at.provider.seen] == [LUNA, LUNA, SOL]
        assert [record.skill for record in records] == ["page-component-mapper"] * 2 + [None]
        assert {(record.session, record.platform, record.agent) for record in records} == {
            ("s-1", "codex", "")
        }
        assert at.alarms == []

    async def answering(seen: Any, receive: Any, send: Any) -> None:
        body = json.dumps(response(seen.json["model"])).encode()
        await whole(200, body, **JSON)(seen, receive, send)

    play(tmp_path, what, answering=answering)


def test_a_swapped_request_differs_in_the_model_alone(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        items = [said("user", "$page-component-mapper"), injected(at.skill())]
        body = json.dumps(asking(items, SOL), indent=1).encode()
        await at.post(body, PATH, **codex())
        assert at.provider.seen[0].body == body.replace(SOL.encode(), LUNA.encode(), 1)

    play(tmp_path, what, answering=whole(200, json.dumps(response()).encode(), **JSON))


@pytest.mark.parametrize(
    ("tier", "told", "shown"),
    [("haiku", LUNA, SOL), ("opus", SOL, SOL), ("opus", "gpt-6.1-sol-2026-09-29", "gpt-6.1-sol-2026-09-29")],
)
def test_a_rerouted_answer_names_the_model_that_was_asked_for(
    tmp_path: Path, tier: str, told: str, shown: str
) -> None:
    """Codex tells its user of a suspicion of crime where this header names another model."""

    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        headers = codex() | {"x-tierwise-tier": tier}
        _, answer, _ = await at.post(asking(model=SOL), PATH, **headers)
        (record,) = await at.recorded(1)
        assert answer["openai-model"] == shown
        assert record.served_model == told

    body = json.dumps(response(told)).encode()
    play(tmp_path, what, answering=whole(200, body, **JSON, openai_model=told))


def test_a_model_of_another_shape_is_served_as_asked(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        await at.post(asking(model="gpt-5.5"), PATH, **codex(), **{"x-tierwise-tier": "fable"})
        assert at.provider.seen[0].json["model"] == "gpt-5.5"
        assert any("has another shape: served as asked" in alarm for alarm in at.alarms)

    play(tmp_path, what, answering=whole(200, json.dumps(response("gpt-5.5")).encode(), **JSON))


def test_a_subagent_is_recorded_apart_and_obeys_what_was_said_of_everything(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        task = {
            "type": "agent_message",
            "content": [{"type": "input_text", "text": "Message Type: NEW_TASK"}],
        }
        await at.post(asking([said("user", "Run everything on haiku.")], SOL), PATH, **codex())
        child = codex("turn-9", thread="t-9", parent="s-1", thread_source="subagent")
        await at.post(asking([task], SOL), PATH, **child)
        main, sub = await at.recorded(2)

        assert [seen.json["model"] for seen in at.provider.seen] == [LUNA, LUNA]
        assert (main.session, main.agent, main.request_class) == ("s-1", "", "main")
        assert (sub.session, sub.agent, sub.request_class) == ("s-1", "t-9", "subagent")

    play(tmp_path, what, answering=whole(200, json.dumps(response()).encode(), **JSON))


def test_codexs_own_limits_are_heard(tmp_path: Path) -> None:
    limits = {"x_codex_primary_used_percent": "95", "x_codex_primary_window_minutes": "300"}
    budget = "plan: {limit: 100%, quota: codex-5h, window: daily}\n"

    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        _, first, _ = await at.post(asking(model=SOL), PATH, **codex())
        _, second, _ = await at.post(asking(model=SOL), PATH, **codex("turn-2"))
        assert first["x-codex-primary-used-percent"] == "95"
        assert (first["x-tierwise-zone"], second["x-tierwise-zone"]) == ("unknown", "red")

    body = json.dumps(response(SOL)).encode()
    play(tmp_path, what, budgets=budget, answering=whole(200, body, **JSON, **limits))


def test_a_providers_error_passes_and_costs_nothing(tmp_path: Path) -> None:
    error = {"message": "No such thing.", "type": "invalid_request_error", "param": "x", "code": "odd"}

    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.BadRequestError) as raised:
            await sdk.responses.create(**asking())
        (record,) = await at.recorded(1)
        assert raised.value.code == "odd"
        assert (record.outcome, record.status, record.cost_nanousd) == ("error", 400, 0)

    play(tmp_path, what, answering=whole(400, json.dumps({"error": error}).encode(), **JSON))


def test_a_compressed_body_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        status, _, body = await at.post(b"\x28\xb5\x2f\xfd", PATH, content_encoding="zstd", **codex())
        assert status == 415
        assert "enable_request_compression = false" in json.loads(body)["error"]["message"]
        assert at.provider.seen == []

    play(tmp_path, what, answering=whole(200, b"{}", **JSON))


def test_counting_tokens_passes_and_is_not_metered(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        counted = await sdk.responses.input_tokens.count(**asking())
        assert counted.input_tokens == 7
        assert (await at.get("/tierwise/health"))[1]["calls"] == 0

    answer = b'{"object":"response.input_tokens","input_tokens":7}'
    play(tmp_path, what, answering=whole(200, answer, **JSON))


@pytest.mark.parametrize(("path", "code"), [(PATH, "insufficient_quota"), ("/v1/messages", None)])
def test_opencode_is_refused_with_a_status_that_it_does_not_try_again(
    tmp_path: Path, path: str, code: str | None
) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        asked = asking("x" * 400_000) | {
            "max_tokens": 10_000,
            "messages": [{"role": "user", "content": "Hi"}],
        }
        status, _, body = await at.post(asked, path, user_agent="opencode/1.18.33 ai-sdk")
        assert (status, json.loads(body)["error"].get("code")) == (402, code)
        assert "the budget purse has $" in json.loads(body)["error"]["message"]

    play(tmp_path, what, budgets=HARD, answering=whole(200, b"{}", **JSON))


def test_a_socket_is_refused_so_that_codex_falls_back_at_once(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        headers = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13"}
        async with at.client.get(at.running.url + PATH, headers=headers) as answer:
            assert answer.status == 426
            assert "speaks HTTP" in (await answer.json())["error"]["message"]
        assert at.provider.seen == []

    play(tmp_path, what, answering=whole(200, b"{}", **JSON))
