"""What passes through the gateway, byte by byte, and how every kind of end is settled."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from gateway_harness import (
    HAIKU,
    OPUS,
    Answering,
    Door,
    Seen,
    conversation,
    door,
    events,
    message,
    request,
    user,
    whole,
)
from test_gateway_routing import play

from tierwise.serving import Receive, Send

JSON = {"content_type": "application/json"}


def streaming(
    parts: list[bytes], *, cut: bool = False, pause: asyncio.Event | None = None, pause_after: int = 1
) -> Answering:
    """Streams the parts; waits for `pause` after so many; drops the connection at the end if `cut`."""

    async def answer(_: Seen, __: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"request-id", b"req_7")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for at, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if at + 1 == pause_after and pause is not None:
                await pause.wait()
        if cut:
            raise ConnectionAbortedError("the test cuts here")
        await send({"type": "http.response.body", "body": b""})

    return answer


def test_an_unchanged_request_goes_out_byte_for_byte(tmp_path: Path) -> None:
    said = b'{ "messages" : [{"role":"user","content":"caf\\u00e9 \xc3\xa9"}],'
    body = said + b'\n "x":1e2, "model":"claude-opus-5-5" }'

    async def what(at: Door) -> None:
        await at.post(body, "/v1/messages?beta=true", anthropic_beta="a-1,b-2", x_tierwise_tier="", x_own="1")
        (seen,) = at.provider.seen

        assert seen.body == body
        assert seen.target == "/v1/messages?beta=true"
        assert seen.by_name["anthropic-beta"] == "a-1,b-2"
        assert seen.by_name["x-api-key"] == "sk-test"
        assert seen.by_name["x-own"] == "1"
        assert not any(name.startswith("x-tierwise") for name in seen.by_name)

    play(tmp_path, what, answering=whole(200, message(), **JSON))


def test_a_swapped_request_differs_in_the_model_alone(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        body = json.dumps(request(conversation(at.skill())), indent=1).encode()
        await at.post(body)
        (seen,) = at.provider.seen

        assert seen.body == body.replace(OPUS.encode(), HAIKU.encode(), 1)

    play(tmp_path, what, answering=whole(200, message(HAIKU), **JSON))


def test_the_answer_passes_with_its_headers_and_ours(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        status, headers, body = await at.post(request([user("Hello.")]))

        assert (status, body) == (200, message())
        assert headers["request-id"] == "req_1"
        assert headers["anthropic-ratelimit-unified-5h-utilization"] == "0.4"
        assert headers["x-tierwise-tier"] == "opus"
        (record,) = await at.recorded(1)
        assert record.upstream_id == "req_1"
        assert record.usage.input_tokens == 100

    limits = {"anthropic_ratelimit_unified_5h_utilization": "0.4"}
    play(tmp_path, what, answering=whole(200, message(), request_id="req_1", **JSON, **limits))


def test_a_stream_is_not_held_back(tmp_path: Path) -> None:
    pause = asyncio.Event()

    async def what(at: Door) -> None:
        body = json.dumps(request([user("Hello.")], stream=True))
        async with at.client.post(f"{at.running.url}/v1/messages", data=body) as response:
            first = await asyncio.wait_for(response.content.readany(), 5)
            pause.set()
            rest = await response.read()

        assert first + rest == b"".join(events())
        assert first == events()[0]
        (record,) = await at.recorded(1)
        assert (record.outcome, record.usage.output_tokens, record.usage_estimated) == ("ok", 20, False)

    play(tmp_path, what, answering=streaming(events(), pause=pause))


@pytest.mark.parametrize("sent", range(6))
def test_a_stream_that_is_cut_is_one_record_and_says_so(tmp_path: Path, sent: int) -> None:
    asked = json.dumps(request([user("Hello.")], stream=True)).encode()

    async def what(at: Door) -> None:
        with pytest.raises(Exception, match=r"(?i)payload|closed|disconnect|transfer"):
            await at.post(asked)
        (record,) = await at.recorded(1)

        assert record.outcome == "cut"
        assert record.usage.input_tokens == (100 if sent else -(-len(asked) // 4))
        assert record.usage_estimated is (sent < 5)
        assert record.usage.output_tokens >= (sent > 0)

    play(tmp_path, what, answering=streaming(events(text="word " * 40)[:sent], cut=True))


@pytest.mark.parametrize("got", range(1, 6))
def test_a_client_that_goes_away_ends_the_call_and_is_charged_for_what_it_got(
    tmp_path: Path, got: int
) -> None:
    never = asyncio.Event()

    async def what(at: Door) -> None:
        body = json.dumps(request([user("Hello.")], stream=True))
        async with at.client.post(f"{at.running.url}/v1/messages", data=body) as response:
            await response.content.readany()
            response.close()
        (record,) = await at.recorded(1)

        assert (record.outcome, record.usage.input_tokens, record.usage_estimated) == (
            "client_gone",
            100,
            True,
        )
        assert record.cost_nanousd

    play(tmp_path, what, answering=streaming(events(), pause=never))


def test_a_client_that_goes_away_before_the_answer_is_charged_by_its_prompt(tmp_path: Path) -> None:
    never = asyncio.Event()

    async def silent(_: Seen, __: Receive, ___: Send) -> None:
        await never.wait()

    async def what(at: Door) -> None:
        body = json.dumps(request([user("Hello. " * 1_000)]))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await at.client.post(f"{at.running.url}/v1/messages", data=body)
        (record,) = await at.recorded(1)

        assert (record.outcome, record.usage_estimated) == ("client_gone", True)
        assert record.usage.input_tokens >= len(body) // 4

    play(tmp_path, what, answering=silent)


def test_a_provider_that_hangs_up_may_have_charged_the_prompt(tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}]}]}")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        async with server, door(tmp_path, upstream=f"http://{host}:{port}") as at:
            status, _, answer = await at.post(request([user("Hello.")]))
            (record,) = await at.recorded(1)

        assert status == 502
        assert "did not answer" in json.loads(answer)["error"]["message"]
        assert (record.outcome, record.usage_estimated) == ("cut", True)
        assert record.cost_nanousd

    asyncio.run(run())


def test_an_error_of_the_provider_passes_as_it_is_and_costs_nothing(tmp_path: Path) -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'

    async def what(at: Door) -> None:
        status, headers, answer = await at.post(request([user("Hello.")]))

        assert (status, answer) == (529, body)
        assert headers["x-should-retry"] == "true"
        (record,) = await at.recorded(1)
        assert (record.outcome, record.status, record.cost_nanousd) == ("error", 529, 0)

    play(tmp_path, what, answering=whole(529, body, x_should_retry="true", **JSON))


def test_a_provider_that_is_down_is_said_clearly_and_recorded(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        status, _, answer = await at.post(request([user("Hello.")]))

        assert status == 502
        error = json.loads(answer)["error"]
        assert error["type"] == "api_error"
        assert "127.0.0.1:9" in error["message"]
        (record,) = await at.recorded(1)
        assert (record.outcome, record.cost_nanousd) == ("unreachable", 0)

    play(tmp_path, what, upstream="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"hello", "JSON"), (b"[1]", "object"), (b'{"messages": []}', "model"), (b"", "JSON")],
    ids=["not JSON", "no object", "no model", "empty"],
)
def test_a_body_that_is_no_request_is_answered_clearly(tmp_path: Path, body: bytes, said: str) -> None:
    async def what(at: Door) -> None:
        status, _, answer = await at.post(body)

        assert status == 400
        error = json.loads(answer)["error"]
        assert error["type"] == "invalid_request_error"
        assert said in error["message"]
        assert at.provider.seen == []

    play(tmp_path, what, answering=whole(200, message(), **JSON))


def test_counting_tokens_and_listing_models_pass_and_are_not_metered(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        status, _, counted = await at.post(request([user("Hello.")]), "/v1/messages/count_tokens?beta=true")
        listed_status, listed = await at.get("/v1/models?limit=1000")
        await at.post(request([user("Hello.")]))

        assert (status, listed_status) == (200, 200)
        assert json.loads(counted)["input_tokens"] > 0
        assert any(model["id"] == OPUS for model in listed["data"])
        assert len(await at.recorded(1)) == 1

    play(tmp_path, what)


def test_a_call_that_cannot_be_metered_is_not_made(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        status, _, answer = await at.post(b"{}", "/v1/messages/batches")

        assert status == 404
        assert "/v1/messages/batches" in json.loads(answer)["error"]["message"]
        assert at.provider.seen == []

    play(tmp_path, what, answering=whole(200, message(), **JSON))


def test_a_projects_tag_in_the_base_url_is_taken_off_and_recorded(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request([user("Hello.")]), "/p/shop/v1/messages?beta=true")
        (record,) = await at.recorded(1)

        assert at.provider.seen[0].target == "/v1/messages?beta=true"
        assert record.project == "shop"

    play(tmp_path, what, answering=whole(200, message(), **JSON))


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/p/shop/v1/models?limit=2", "/v1/models?limit=2"),
        ("/p/shop/api/hello", "/api/hello"),
        ("/p/shop/", "/"),
        ("/p/shop", "/"),
        ("/p/shop/else", "/p/shop/else"),
    ],
)
def test_a_clients_own_probes_lose_the_tag_too(tmp_path: Path, path: str, target: str) -> None:
    async def what(at: Door) -> None:
        await at.get(path)
        assert at.provider.seen[0].target == target

    play(tmp_path, what, answering=whole(200, b"{}", **JSON))


@pytest.mark.parametrize(
    ("usage", "expected", "estimated"),
    [
        ({"output_tokens": 0}, 0, False),
        ({}, 1, True),
        ({"output_tokens": -5}, 1, True),
        ({"output_tokens": "many"}, 1, True),
        ({"output_tokens": 10**30}, 1, True),
    ],
    ids=["zero", "missing", "negative", "no number", "absurd"],
)
def test_usage_that_is_zero_missing_or_garbage_is_one_record_and_says_so(
    tmp_path: Path, usage: dict[str, object], expected: int, estimated: bool
) -> None:
    parts = events(text="")
    parts[4] = (
        b"event: message_delta\ndata: "
        + json.dumps({"type": "message_delta", "delta": {}, "usage": usage}).encode()
        + b"\n\n"
    )

    async def what(at: Door) -> None:
        await at.post(request([user("Hello.")], stream=True))
        (record,) = await at.recorded(1)

        assert (record.outcome, record.usage_estimated) == ("ok", estimated)
        assert record.usage.output_tokens == max(expected, 1)

    play(tmp_path, what, answering=streaming(parts))


def test_usage_that_is_told_twice_counts_once(tmp_path: Path) -> None:
    parts = events()

    async def what(at: Door) -> None:
        await at.post(request([user("Hello.")], stream=True))
        (record,) = await at.recorded(1)

        assert (record.usage.input_tokens, record.usage.output_tokens) == (100, 20)

    play(tmp_path, what, answering=streaming([*parts[:5], parts[4], parts[5]]))


def test_garbage_in_a_stream_passes_and_is_charged_by_the_prompt(tmp_path: Path) -> None:
    garbage = [b"data: {]\n\n", b"\x00\xff\n\n", b"event: nonsense\ndata: 1\n\n"]

    async def what(at: Door) -> None:
        _, _, answer = await at.post(request([user("Hello.")], stream=True))
        (record,) = await at.recorded(1)

        assert answer == b"".join(garbage)
        assert (record.outcome, record.usage_estimated) == ("cut", True)
        assert record.usage.input_tokens > 0

    play(tmp_path, what, answering=streaming(garbage))
