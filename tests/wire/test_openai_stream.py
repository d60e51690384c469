"""The meter and the sieve on a Chat Completions stream: the same however it was cut."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.usage import Usage
from tierwise.wire.answers import Answer, AnswerError
from tierwise.wire.lines import LINE_BYTES_MAX
from tierwise.wire.openai_stream import ChatMeter, UsageSieve, from_json

USAGE = {
    "prompt_tokens": 1_000,
    "completion_tokens": 55,
    "total_tokens": 1_055,
    "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 300},
    "completion_tokens_details": {"reasoning_tokens": 40},
}
COUNTED = Usage(100, 55, 600, 300)


def data(value: Any, end: str = "\n") -> bytes:
    return f"data: {value if isinstance(value, str) else json.dumps(value)}{end}{end}".encode()


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "model": "gpt-6-luna", "choices": [choice], "usage": None, **more}


def tool(index: int, **function: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": function}]}


SAID = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hi data: [DONE] "}),
    chunk(tool(0, name="read", arguments="")),
    chunk(tool(0, arguments='{"usage":{}}')),
    chunk(tool(1, name="read", arguments="{}")),
    chunk({}, "tool_calls"),
]
REPORT = {"id": "chatcmpl-1", "model": "gpt-6-luna", "choices": [], "usage": USAGE}
DONE = data("[DONE]")


def stream(end: str = "\n", *, report: bool = True) -> bytes:
    events = [*SAID, REPORT] if report else SAID
    return b"".join(data(event, end) for event in events) + data("[DONE]", end)


def metered(*chunks: bytes) -> Answer:
    meter = ChatMeter()
    for part in chunks:
        meter.feed(part)
    return meter.answer()


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(whole) + 1) for place in places} | {0, len(whole)})
    return [whole[low:high] for low, high in pairwise(at)]


ends = st.sampled_from(["\n", "\r\n", "\r"])
places = st.lists(st.integers(0, 5_000), max_size=30)


class TestMeter:
    def test_a_whole_stream_says_everything(self) -> None:
        assert metered(stream()) == Answer(
            model="gpt-6-luna",
            message_id="chatcmpl-1",
            usage=COUNTED,
            usage_estimated=False,
            prompt_reported=True,
            stop_reason="tool_calls",
            tool_calls=2,
            complete=True,
        )

    @given(ends, places)
    def test_it_is_the_same_however_it_is_cut(self, end: str, at: list[int]) -> None:
        assert metered(*cut(stream(end), at)) == metered(stream())

    def test_usage_that_is_repeated_is_not_added_up(self) -> None:
        smaller = {**USAGE, "prompt_tokens_details": None, "completion_tokens": 3}
        events = [chunk({"content": "Hi"}, usage=smaller), REPORT, REPORT]
        assert metered(*map(data, events), DONE).usage == COUNTED

    @pytest.mark.parametrize("cached", [5_000, -1, True, "600", None, 10**40])
    def test_the_classes_are_the_prompt_whatever_the_details_claim(self, cached: Any) -> None:
        details = {"cached_tokens": cached, "cache_write_tokens": 900}
        usage = metered(data({**REPORT, "usage": {**USAGE, "prompt_tokens_details": details}})).usage
        assert usage.prompt_tokens == 1_000
        assert min(usage.input_tokens, usage.cache_read_tokens, usage.cache_write_5m_tokens) >= 0

    def test_what_is_not_reported_is_estimated_by_what_was_seen(self) -> None:
        answer = metered(stream(report=False))
        text = len('Hi data: [DONE] {"usage":{}}{}')
        assert (answer.usage, answer.usage_estimated) == (Usage(output_tokens=-(-text // 4)), True)
        assert answer.complete

    def test_a_stream_that_breaks_off_is_not_complete(self) -> None:
        assert not metered(stream().removesuffix(DONE)).complete

    def test_an_error_in_the_stream_is_told(self) -> None:
        error = {"error": {"type": "server_error", "message": "Broken " * 200, "code": None}}
        answer = metered(data(SAID[1]), data(error), DONE)
        assert answer.error == AnswerError("server_error", ("Broken " * 200)[:500])
        assert not answer.complete

    @given(st.lists(st.binary(max_size=200), max_size=10))
    def test_garbage_breaks_nothing(self, chunks: list[bytes]) -> None:
        assert metered(*chunks, b"\n\n", stream()).usage == COUNTED

    @given(st.binary(max_size=200))
    def test_no_whole_answer_breaks_anything(self, body: bytes) -> None:
        assert from_json(body) == from_json(b'["usage"]') == Answer()


class TestWhole:
    def test_says_everything(self) -> None:
        message = {"content": "Hi", "tool_calls": [{"id": "c", "function": {"arguments": "{}"}}] * 2}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        answer = from_json(json.dumps({**REPORT, "choices": choices}).encode())
        assert (answer.usage, answer.usage_estimated, answer.complete) == (COUNTED, False, True)
        assert (answer.tool_calls, answer.stop_reason, answer.model) == (2, "stop", "gpt-6-luna")

    def test_an_error_used_nothing(self) -> None:
        answer = from_json(b'{"error":{"message":"No.","type":"invalid_request_error","param":null}}')
        assert answer.error == AnswerError("invalid_request_error", "No.")
        assert (answer.usage, answer.usage_estimated, answer.complete) == (Usage(), False, False)

    def test_what_is_not_reported_is_estimated(self) -> None:
        answer = from_json(b'{"choices":[{"message":{"content":"12345"}}]}')
        assert (answer.usage, answer.usage_estimated) == (Usage(output_tokens=2), True)


def sieved(*chunks: bytes) -> bytes:
    sieve = UsageSieve()
    return b"".join([*map(sieve.feed, chunks), sieve.rest()])


class TestSieve:
    @given(ends, places)
    def test_only_the_chunk_of_usage_is_missing(self, end: str, at: list[int]) -> None:
        assert sieved(*cut(stream(end), at)) == stream(end, report=False)

    @given(st.lists(st.binary(max_size=40), max_size=12))
    def test_all_other_bytes_pass(self, chunks: list[bytes]) -> None:
        assert sieved(*chunks) == b"".join(chunks)

    @pytest.mark.parametrize(
        "other",
        [
            chunk({"content": "Hi"}, usage=USAGE),
            {"choices": [], "prompt_filter_results": [{"usage": None}], "usage": None},
            {"choices": [], "usage": USAGE, "error": {"message": "Broken."}},
        ],
    )
    def test_a_chunk_that_says_more_passes(self, other: dict[str, Any]) -> None:
        assert sieved(data(other)) == data(other)

    def test_whole_lines_pass_at_once(self) -> None:
        sieve = UsageSieve()
        first = data(SAID[1])
        assert sieve.feed(first + b"data: {") == first

    def test_a_line_that_grows_too_long_is_not_held(self) -> None:
        sieve = UsageSieve()
        part = b"x" * (LINE_BYTES_MAX // 2)
        assert [len(sieve.feed(part)) for _ in range(4)] == [0, 0, 3 * len(part), len(part)]
        assert sieve.feed(b"\n" + data(REPORT) + DONE) == b"\n" + DONE
