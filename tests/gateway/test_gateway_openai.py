"""Chat Completions at the gateway's door, as the real `openai` SDK speaks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from gateway_harness import Answering, Door, Seen, door, whole

from tierwise.core.ledger import Execution
from tierwise.core.usage import Usage
from tierwise.serving import Receive, Send

LUNA = "gpt-6-luna"
LUNA_RATES = {"input": 100, "output": 500, "read": 10, "write": 125}
"""Nano-dollars a token."""
PATH = "/v1/chat/completions"
JSON = {"content_type": "application/json"}
HARD = "purse: {limit: 0.01usd, window: session, hard: true}\n"
Play = Callable[[Door, openai.AsyncOpenAI], Awaitable[None]]


def play(tmp_path: Path, what: Play, *, budgets: str = "", retries: int = 2, **how: Any) -> None:
    """Open the door of a gateway with these budgets, and let an SDK in."""
    (tmp_path / "budgets.yaml").write_text(budgets)

    async def run() -> None:
        async with door(tmp_path, budgets=tmp_path / "budgets.yaml", **how) as opened:
            url = f"{opened.running.url}/v1"
            sdk = openai.AsyncOpenAI(base_url=url, api_key="sk-test", max_retries=retries)
            async with sdk:
                await what(opened, sdk)

    asyncio.run(run())


def chatting(text: str = "Hello.", **more: Any) -> dict[str, Any]:
    return {"model": LUNA, "messages": [{"role": "user", "content": text}], **more}


def completion(model: str = LUNA, **counts: Any) -> bytes:
    """A whole answer of Chat Completions."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "done"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30, **counts}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model}
    return json.dumps({**head, "choices": [choice], "usage": usage}).encode()


def answering_in_full() -> Answering:
    """A provider that writes as many tokens as it is allowed to, in every answer that is asked for."""

    async def answer(seen: Seen, receive: Receive, send: Send) -> None:
        body = seen.json
        allowed = body.get("max_completion_tokens") or body.get("max_tokens") or 128_000
        written = allowed * body.get("n", 1)
        await whole(200, completion(body["model"], completion_tokens=written), **JSON)(seen, receive, send)

    return answer


def nanousd(usage: Usage) -> int:
    """What the usage costs on the small model, by its list price."""
    rates = LUNA_RATES
    fresh = usage.input_tokens * rates["input"] + usage.cache_write_5m_tokens * rates["write"]
    return fresh + usage.cache_read_tokens * rates["read"] + usage.output_tokens * rates["output"]


def told(usage: Any) -> tuple[int, int]:
    return usage.prompt_tokens, usage.completion_tokens


def metered(record: Execution) -> tuple[int, int]:
    assert not record.usage_estimated
    return record.usage.prompt_tokens, record.usage.output_tokens


def test_a_call_is_served_metered_and_paid_for(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        answer = await sdk.chat.completions.create(**chatting())
        (record,) = await at.recorded(1)

        assert metered(record) == told(answer.usage)
        assert record.cost_nanousd == nanousd(record.usage) > 0
        assert (record.platform, record.asked_model, record.served_model) == ("openai", LUNA, LUNA)
        assert (record.outcome, record.status, record.mismatch) == ("ok", 200, False)
        assert at.alarms == []

    play(tmp_path, what)


def test_what_a_cache_served_and_stored_is_not_counted_twice(tmp_path: Path) -> None:
    details = {"cached_tokens": 600, "cache_write_tokens": 300}
    answer = completion(prompt_tokens=1_000, completion_tokens=50, prompt_tokens_details=details)

    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        await sdk.chat.completions.create(**chatting())
        (record,) = await at.recorded(1)

        assert record.usage == Usage(100, 50, 600, 300)
        assert record.upstream_id == "req_1"
        assert record.cost_nanousd == 100 * 100 + 50 * 500 + 600 * 10 + 300 * 125

    play(tmp_path, what, answering=whole(200, answer, **JSON, x_request_id="req_1"))


def test_a_stream_is_metered_although_its_client_did_not_ask_for_usage(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        plain = await sdk.chat.completions.create(**chatting())
        stream = await sdk.chat.completions.create(**chatting(), stream=True)
        said = [chunk.choices[0].delta.content or "" async for chunk in stream]
        records = await at.recorded(2)

        assert "".join(said) == plain.choices[0].message.content
        assert [metered(record)[0] for record in records] == [plain.usage.prompt_tokens] * 2
        assert metered(records[1])[1] == plain.usage.completion_tokens
        assert records[1].cost_nanousd == nanousd(records[1].usage)

    play(tmp_path, what)


def test_a_client_that_asks_for_usage_gets_it(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        asked = {"include_usage": True}
        stream = await sdk.chat.completions.create(**chatting(), stream=True, stream_options=asked)
        chunks = [chunk async for chunk in stream]
        (record,) = await at.recorded(1)

        assert chunks[-1].choices == []
        assert metered(record) == told(chunks[-1].usage)

    play(tmp_path, what)


def test_a_stream_of_stated_length_may_become_shorter(tmp_path: Path) -> None:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": LUNA}
    said = {**head, "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    report = {**head, "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 20}}
    shown, hidden = (f"data: {json.dumps(event)}\n\n".encode() for event in (said, report))
    done = b"data: [DONE]\n\n"
    stream = {"content_type": "text/event-stream", "content_length": str(len(shown + hidden + done))}

    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        status, _, body = await at.post(chatting(stream=True), PATH)
        (record,) = await at.recorded(1)

        assert (status, body) == (200, shown + done)
        assert record.usage == Usage(10, 20)

    play(tmp_path, what, answering=whole(200, shown + hidden + done, **stream))


def test_a_body_goes_out_as_it_came_but_for_the_question_for_usage(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        plain = json.dumps(chatting(), indent=1).encode()
        streamed = b'{"stream": true, ' + plain[1:]
        await at.post(plain, PATH)
        await at.post(streamed, "/p/shop" + PATH, authorization="Bearer sk-1")
        asked = b'{"stream_options":{"include_usage":true},' + streamed[1:]

        assert [seen.body for seen in at.provider.seen] == [plain, asked]
        assert [seen.target for seen in at.provider.seen] == [PATH, PATH]
        assert [record.project for record in await at.recorded(2)] == ["", "shop"]

    play(tmp_path, what, answering=whole(200, completion(), **JSON))


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("stream", [False, True])
def test_a_hard_budget_refuses_once_and_says_why(tmp_path: Path, retries: int, stream: bool) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        await sdk.chat.completions.create(**chatting(max_completion_tokens=19_000))
        with pytest.raises(openai.RateLimitError) as raised:
            await sdk.chat.completions.create(**chatting(max_completion_tokens=10_000, stream=stream))

        error = raised.value
        assert error.status_code == 429
        assert error.code == error.type == "insufficient_quota"
        assert error.param is None
        assert "the budget purse has $" in error.message
        assert "wait for the reset" in error.message
        assert error.response.headers["x-should-retry"] == "false"
        assert (await at.get("/tierwise/health"))[1]["calls"] == 2
        assert len(at.provider.seen) == 1
        _, refused = await at.recorded(2)
        assert (refused.outcome, refused.cost_nanousd) == ("refused", 0)

    play(tmp_path, what, budgets=HARD, retries=retries, answering=answering_in_full())


@pytest.mark.parametrize("bound", ["max_completion_tokens", "max_tokens"])
@pytest.mark.parametrize("answers", [1, 3])
def test_a_call_is_clamped_to_what_is_affordable(tmp_path: Path, bound: str, answers: int) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        await sdk.chat.completions.create(**chatting(**{bound: 100_000}, n=answers))
        (seen,) = at.provider.seen
        (record,) = await at.recorded(1)

        assert 19_000 < seen.json[bound] * answers < 20_000  # a cent buys 20,000 tokens of the small model
        assert set(seen.json) == {"model", "messages", "n", bound}
        assert 0.009e9 < record.cost_nanousd <= 0.01e9

    play(tmp_path, what, budgets=HARD, answering=answering_in_full())


def test_an_answer_without_a_bound_gets_one_under_a_hard_budget(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        await sdk.chat.completions.create(**chatting())
        (record,) = await at.recorded(1)

        assert 19_000 < at.provider.seen[0].json["max_completion_tokens"] < 20_000
        assert record.cost_nanousd <= 0.01e9

    play(tmp_path, what, budgets=HARD, answering=answering_in_full())


def test_a_model_without_a_price_is_refused_under_a_hard_dollar_budget(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.RateLimitError, match=r"prices\.yaml"):
            await sdk.chat.completions.create(**chatting(model="my-own-model"))
        assert at.provider.seen == []

    play(tmp_path, what, budgets=HARD, answering=answering_in_full())


def test_a_model_without_a_price_is_served_without_a_budget_and_told_of(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        answer = await sdk.chat.completions.create(**chatting(model="my-own-model"))
        (record,) = await at.recorded(1)

        assert answer.model == "my-own-model"
        assert (record.cost_nanousd, metered(record)) == (None, told(answer.usage))
        assert any("no price is known for my-own-model" in alarm for alarm in at.alarms)

    play(tmp_path, what, answering=answering_in_full())


def test_a_pinned_tier_swaps_the_model_inside_its_family(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        headers = {"x-tierwise-tier": "haiku"}
        answer = await sdk.chat.completions.create(**chatting(model="gpt-6.1-terra"), extra_headers=headers)
        (record,) = await at.recorded(1)

        assert answer.model == at.provider.seen[0].json["model"] == LUNA
        assert record.asked_model == "gpt-6.1-terra"
        assert record.decided_model == record.served_model == LUNA

    play(tmp_path, what, answering=answering_in_full())


def test_a_providers_error_passes_and_costs_nothing(tmp_path: Path) -> None:
    error = {"message": "No such thing.", "type": "invalid_request_error", "param": "x", "code": "odd"}

    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.BadRequestError) as raised:
            await sdk.chat.completions.create(**chatting())
        (record,) = await at.recorded(1)

        assert (raised.value.code, raised.value.param) == ("odd", "x")
        assert (record.outcome, record.status, record.cost_nanousd) == ("error", 400, 0)

    play(tmp_path, what, answering=whole(400, json.dumps({"error": error}).encode(), **JSON))


def test_an_error_in_a_stream_is_raised_by_the_sdk_and_recorded(tmp_path: Path) -> None:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": LUNA}
    chunk = {**head, "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}
    error = {"error": {"message": "Broken.", "type": "server_error", "param": None, "code": None}}
    events = "".join(f"data: {json.dumps(event)}\n\n" for event in (chunk, error)).encode()

    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        stream = await sdk.chat.completions.create(**chatting(), stream=True)
        with pytest.raises(openai.APIError, match=r"Broken\."):
            _ = [chunk async for chunk in stream]
        (record,) = await at.recorded(1)

        assert (record.outcome, record.usage_estimated) == ("error", True)
        assert record.usage.output_tokens == 1

    play(tmp_path, what, answering=whole(200, events, content_type="text/event-stream"))


def test_a_body_that_is_no_request_is_refused_in_openais_words(tmp_path: Path) -> None:
    async def what(at: Door, _: openai.AsyncOpenAI) -> None:
        status, _, body = await at.post(b'{"messages": []}', PATH)
        error = json.loads(body)["error"]

        assert status == 400
        assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, None)
        assert "names no model" in error["message"]

    play(tmp_path, what, answering=answering_in_full())


def test_a_provider_that_cannot_be_reached_is_told_in_openais_words(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.InternalServerError, match="cannot be reached") as raised:
            await sdk.chat.completions.create(**chatting())
        assert (raised.value.status_code, raised.value.type) == (502, "server_error")

    play(tmp_path, what, retries=0, upstream="http://127.0.0.1:9")


def test_a_session_budget_is_each_sessions_own(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        asked = chatting(max_completion_tokens=19_000)
        await sdk.chat.completions.create(**asked, prompt_cache_key="mine")
        await sdk.chat.completions.create(**asked, prompt_cache_key="yours")
        with pytest.raises(openai.RateLimitError):
            await sdk.chat.completions.create(**asked, prompt_cache_key="mine")

        assert [record.session for record in await at.recorded(3)] == ["mine", "yours", "mine"]

    play(tmp_path, what, budgets=HARD, answering=answering_in_full())


def test_routes_that_cannot_be_metered_are_not_served(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match=r"It serves .*/v1/chat/completions"):
            await sdk.embeddings.create(model=LUNA, input="Hello.")
        assert at.provider.seen == []

    play(tmp_path, what, answering=answering_in_full())


def test_parallel_calls_never_spend_more_than_the_limit_and_can_spend_it(tmp_path: Path) -> None:
    async def what(at: Door, sdk: openai.AsyncOpenAI) -> None:
        asked = chatting(max_completion_tokens=40_000)
        calls = [sdk.chat.completions.create(**asked) for _ in range(40)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, openai.RateLimitError)]
        spent = sum(record.cost_nanousd for record in await at.recorded(40))

        assert 0.97 * 0.5e9 <= spent <= 0.5e9
        assert len(at.provider.seen) == 40 - len(refused) < 40

    play(tmp_path, what, budgets=HARD.replace("0.01usd", "0.5usd"), answering=answering_in_full())
