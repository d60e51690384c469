"""Serving: ready when entered, gone when left, the same bytes for the same requests, and a log of it all."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import signal
import socket
import threading
from dataclasses import replace

import aiohttp
import anthropic
import msgspec
import pytest
from simulator_harness import HAIKU, KEY, OPUS, Web, asking

from tierwise.errors import StoreError, UpstreamError
from tierwise.simulator.log import MAX_ENTRIES, LogEntry, RequestLog
from tierwise.simulator.script_reading import script_of
from tierwise.simulator.server import RunningSimulator, Simulator

SLOW = script_of([{"respond": {"text": "x" * 200, "event_delay_ms": 60_000}}])
LATE = script_of([{"respond": {"delay_ms": 60_000}}])


def test_the_async_simulator_serves_the_async_sdk(tmp_path):
    async def session() -> list[LogEntry]:
        async with Simulator(log_path=tmp_path / "log.jsonl") as sim:
            assert sim.port > 0
            async with anthropic.AsyncAnthropic(api_key="k", base_url=sim.url, max_retries=0) as client:
                async with client.messages.stream(**asking("map")) as stream:
                    message = await stream.get_final_message()
                await client.messages.create(**asking("again"))
            assert message.stop_reason == "end_turn"
            return sim.log

    entries = asyncio.run(session())
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines == [msgspec.to_builtins(entry) for entry in entries]
    assert [line["stream"] for line in lines] == [True, False]


def test_the_first_event_arrives_before_the_second_is_sent_and_leaving_waits_for_nothing():
    async def session() -> bytes:
        async with aiohttp.ClientSession() as client, Simulator(script=SLOW) as sim:
            request = client.post(f"{sim.url}/v1/messages", json=asking(stream=True), headers=KEY)
            async with request as answer:
                return await answer.content.readuntil(b"\n\n")

    assert asyncio.run(asyncio.wait_for(session(), 10)).startswith(b"event: message_start")


@pytest.mark.parametrize("script", [SLOW, LATE])
def test_leaving_drops_requests_that_are_still_being_answered(script):
    arrived = threading.Event()
    before = set(threading.enumerate())
    with RunningSimulator(script=script, log=lambda _: arrived.set()) as sim:
        connection = socket.create_connection(("127.0.0.1", sim.port), timeout=10)
        body = json.dumps(asking(stream=True)).encode()
        head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\ncontent-length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        assert arrived.wait(10)
    while connection.recv(65_536):
        pass
    connection.close()
    assert set(threading.enumerate()) == before


def test_a_client_that_leaves_before_its_body_is_complete_is_no_request():
    with RunningSimulator() as sim:
        connection = socket.create_connection(("127.0.0.1", sim.port), timeout=10)
        connection.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        connection.close()
        assert Web(sim.port)("GET", "/health").status == 200
        assert [entry.path for entry in sim.log] == ["/health"]


def test_nothing_is_logged_and_signals_stay_as_they_are(caplog, capfd):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    levels = [logging.getLogger(name).level for name in ("uvicorn", "uvicorn.error", "uvicorn.access")]
    caplog.set_level(logging.DEBUG, "uvicorn.error")
    with RunningSimulator(script=script_of([{"respond": {"cut_after": 1}}])) as sim:
        connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=10)
        connection.request("POST", "/v1/messages", json.dumps(asking(stream=True)), KEY)
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
        connection.close()
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []
    assert capfd.readouterr() == ("", "")
    caplog.set_level(levels[1], "uvicorn.error")
    assert levels == [
        logging.getLogger(name).level for name in ("uvicorn", "uvicorn.error", "uvicorn.access")
    ]


def test_a_port_in_use_is_an_error_that_says_so():
    with RunningSimulator() as first, pytest.raises(UpstreamError, match=f":{first.port}: the port cannot"):
        RunningSimulator(first.port).__enter__()


def test_a_log_that_cannot_be_opened_is_an_error_that_says_so(tmp_path):
    with pytest.raises(StoreError, match="the log cannot be opened"):
        RunningSimulator(log_path=tmp_path / "none" / "log.jsonl").__enter__()


SESSION = [
    ("POST", "/v1/messages", asking("one")),
    ("POST", "/v1/messages?beta=true", asking("two", stream=True)),
    ("POST", "/v1/messages", asking("map", tools=[{"name": "Read", "input_schema": {}}], stream=True)),
    ("POST", "/v1/messages", {"model": "m"}),
    ("POST", "/v1/chat/completions", {"model": "g", "messages": [{"role": "user", "content": "a"}]}),
    ("POST", "/v1/messages/count_tokens", asking("count")),
    ("GET", "/v1/models", None),
    ("GET", "/nowhere", None),
]
SCRIPT = script_of(
    [{"match": {"prompt": "map"}, "turn": [{"thinking": "hm", "tool_calls": [{"name": "Read"}]}, {}]}]
)


def _session(web: Web) -> list[tuple[int, list[tuple[str, str]], bytes]]:
    replies = [web(method, path, body) for method, path, body in SESSION]
    return [(reply.status, sorted(reply.headers.items()), reply.body) for reply in replies]


def test_the_same_requests_get_the_same_bytes_in_every_simulator_and_after_a_reset():
    with RunningSimulator(script=SCRIPT) as one, RunningSimulator(script=SCRIPT) as two:
        first, second = _session(Web(one.port)), _session(Web(two.port))
        one.reset()
        assert first == second == _session(Web(one.port))


def test_no_id_is_given_twice(web):
    replies = [web.ask("the same") for _ in range(5)]
    assert len({reply.json["id"] for reply in replies}) == 5
    assert len({reply.headers["request-id"] for reply in replies}) == 5


def test_an_entry_says_who_asked_what_and_got_what(web, sim):
    headers = KEY | {
        "x-claude-code-session-id": "s-1",
        "x-claude-code-agent-id": "a-1",
        "x-claude-code-request-class": "subagent",
    }
    reply = web("POST", "/proj/x/v1/messages?beta=true", asking("map", model=OPUS, stream=True), headers)
    entry = sim.log[0]
    assert (entry.n, entry.method, entry.path) == (1, "POST", "/proj/x/v1/messages?beta=true")
    assert (entry.api, entry.model, entry.stream, entry.max_tokens) == ("messages", OPUS, True, 1_000)
    assert (entry.session, entry.agent, entry.request_class) == ("s-1", "a-1", "subagent")
    assert (entry.rule, entry.status, entry.cache) == (None, 200, {"read": 0, "write": 0})
    assert entry.usage["output_tokens"] == reply.events[-2]["usage"]["output_tokens"]
    assert entry.body["messages"] == [{"role": "user", "content": "map"}]


@pytest.mark.parametrize(
    "headers", [{"x-api-key": "sk-secret"}, {"authorization": "Bearer sk-secret", "cookie": "sk-secret"}]
)
def test_a_credential_is_logged_as_its_fingerprint_only(web, sim, headers):
    web.ask(headers=headers)
    logged = web("GET", "/__log")
    assert b"sk-secret" not in logged.body
    marks = {value for name, value in sim.log[0].headers.items() if name in headers}
    assert marks == {"fingerprint:746b4ad1ca91"}


def test_bodies_are_kept_only_on_demand():
    with RunningSimulator() as sim:
        Web(sim.port).ask("secret plans")
        assert sim.log[0].body is None
        assert b"secret plans" not in Web(sim.port)("GET", "/__log").body


def test_the_log_keeps_the_newest_entries(web, sim):
    web.ask()
    log = RequestLog(capacity=3)
    for number in range(5):
        log.append(replace(sim.log[0], n=number))
    assert [entry.n for entry in log.entries()] == [2, 3, 4]
    assert MAX_ENTRIES == 2_000


def test_control_over_http_reads_and_resets(web, sim):
    web.ask(model=HAIKU)
    assert [entry["model"] for entry in web("GET", "/__log").json] == [HAIKU]
    assert web("POST", "/__reset").json == {"ok": True}
    assert sim.log == []
    assert web.ask().headers["request-id"].startswith("req_000001")


@pytest.mark.parametrize(("method", "path"), [("POST", "/__log"), ("GET", "/__reset"), ("GET", "/__script")])
def test_control_paths_take_one_method_only(web, method, path):
    assert web(method, path).status == 405
