"""The meter: the same answer however the stream was cut, and nothing that can break it."""

import json
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.usage import Usage
from tierwise.wire.answers import Answer, AnswerError
from tierwise.wire.lines import LINE_BYTES_MAX
from tierwise.wire.sse import UsageMeter, from_json

START = {
    "id": "msg_1",
    "model": "claude-haiku-5-5",
    "usage": {
        "input_tokens": 12,
        "cache_creation_input_tokens": 300,
        "cache_read_input_tokens": 4000,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "output_tokens": 1,
    },
}


def event(name: str, end: str = "\n", **members: object) -> bytes:
    return f"event: {name}{end}data: {json.dumps({'type': name, **members})}{end}{end}".encode()


def block(kind: str) -> dict[str, object]:
    return {"index": 0, "content_block": {"type": kind, "text": ""}}


def delta(kind: str, **said: str) -> dict[str, object]:
    return {"index": 0, "delta": {"type": kind, **said}}


HEAD = event("message_start", message=START) + event("ping")
TEXT = event("content_block_start", **block("text")) + event(
    "content_block_delta", **delta("text_delta", text="Hi")
)
TOOL = event("content_block_start", **block("tool_use")) + event(
    "content_block_delta", **delta("input_json_delta", partial_json='{"type":"message_stop","usage":{}}')
)
CLOSE = event("content_block_stop", index=0)
DELTA = event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 55})
STOP = event("message_stop")
WHOLE = HEAD + TEXT + CLOSE + TOOL + CLOSE + TOOL + CLOSE + DELTA + STOP


def metered(*chunks: bytes) -> Answer:
    meter = UsageMeter()
    for chunk in chunks:
        meter.feed(chunk)
    return meter.answer()


def test_a_whole_stream_says_everything() -> None:
    assert metered(WHOLE) == Answer(
        model="claude-haiku-5-5",
        message_id="msg_1",
        usage=Usage(12, 55, 4000, 100, 200),
        usage_estimated=False,
        prompt_reported=True,
        stop_reason="tool_use",
        tool_calls=2,
        complete=True,
    )


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=20), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_it_does_not_matter_where_a_stream_is_cut(cuts: list[int], end: str) -> None:
    stream = WHOLE.replace(b"\n", end.encode())
    places = [0, *sorted(cuts), len(stream)]
    assert metered(*(stream[a:b] for a, b in pairwise(places))) == metered(WHOLE)


def test_a_stream_may_come_byte_by_byte() -> None:
    crlf = WHOLE.replace(b"\n", b"\r\n")
    assert metered(*(crlf[i : i + 1] for i in range(len(crlf)))) == metered(WHOLE)


@given(st.lists(st.binary(max_size=40) | st.sampled_from([HEAD, TEXT, DELTA, b"data:", b"event: error\n"])))
def test_garbage_never_raises_and_never_counts_below_nothing(chunks: list[bytes]) -> None:
    assert metered(*chunks).usage.total_tokens >= 0
    assert from_json(b"".join(chunks)).usage.total_tokens >= 0


@given(st.lists(st.sampled_from([HEAD, TEXT, TOOL, CLOSE, DELTA, STOP]), max_size=12))
def test_any_order_of_events_is_the_same_in_one_chunk_or_many(events: list[bytes]) -> None:
    assert metered(*events) == metered(b"".join(events))


class TestUsage:
    def test_usage_is_cumulative_so_the_largest_of_each_field_counts(self) -> None:
        more = {"input_tokens": 12, "output_tokens": 30, "cache_read_input_tokens": 4000}
        twice = event("message_delta", delta={}, usage=more) + DELTA
        assert metered(HEAD + twice + STOP).usage == Usage(12, 55, 4000, 100, 200)

    def test_without_a_split_what_was_written_was_written_for_5_minutes(self) -> None:
        usage = {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 300}
        assert from_json(json.dumps({"type": "message", "usage": usage}).encode()).usage == Usage(
            1, 1, 0, 300, 0
        )

    def test_a_split_that_comes_later_is_not_counted_twice(self) -> None:
        usage = {"input_tokens": 1, "cache_creation_input_tokens": 300}
        split = {**usage, "output_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 300}}
        stream = event("message_start", message={"usage": usage}) + event("message_delta", usage=split)
        assert metered(stream).usage == Usage(1, 5, 0, 0, 300)

    @pytest.mark.parametrize("count", [-5, 1.5, "12", None, True, 10**13, [], 10**400])
    def test_what_is_no_count_is_not_believed(self, count: object) -> None:
        stream = event("message_start", message={"model": "m", "usage": {"input_tokens": count}})
        answer = metered(stream + STOP)
        assert answer.usage == Usage()
        assert not answer.prompt_reported
        assert answer.usage_estimated


class TestBrokenOff:
    def test_an_answer_that_breaks_off_is_estimated_from_its_text(self) -> None:
        said = event("content_block_delta", **delta("text_delta", text="x" * 4000))
        thought = event("content_block_delta", **delta("thinking_delta", thinking="y" * 400))
        sealed = event("content_block_delta", **delta("signature_delta", signature="z" * 400))
        answer = metered(HEAD + said + thought + sealed)
        assert answer.usage.output_tokens == 1100
        assert answer.usage.input_tokens == 12
        assert (answer.usage_estimated, answer.prompt_reported, answer.complete) == (True, True, False)

    def test_a_stream_that_ends_behind_its_usage_needs_no_estimate(self) -> None:
        answer = metered(HEAD + TEXT + DELTA)
        assert (answer.usage_estimated, answer.complete, answer.usage.output_tokens) == (False, False, 55)

    def test_usage_that_is_reported_is_not_estimated_over(self) -> None:
        said = event("content_block_delta", **delta("text_delta", text="x" * 4000))
        assert metered(HEAD + said + DELTA).usage.output_tokens == 55

    def test_events_without_names_are_understood_by_their_type(self) -> None:
        bare = b"".join(line + b"\n" for line in WHOLE.split(b"\n") if not line.startswith(b"event:"))
        assert metered(bare) == metered(WHOLE)

    def test_an_error_in_the_stream_is_told(self) -> None:
        error = {"type": "overloaded_error", "message": "Overloaded " + "x" * 900}
        answer = metered(HEAD + TEXT + event("error", error=error))
        assert answer.error == AnswerError("overloaded_error", error["message"][:500])
        assert (answer.usage_estimated, answer.complete) == (True, False)

    def test_an_error_before_anything_was_served_cost_nothing(self) -> None:
        answer = metered(event("error", error={"type": "overloaded_error", "message": "Overloaded"}))
        assert (answer.usage, answer.usage_estimated) == (Usage(), False)


class TestLimits:
    def test_a_line_that_is_too_long_is_passed_over_wherever_it_is_cut(self) -> None:
        long = event("message_delta", usage={"output_tokens": 9_999}, pad="x" * LINE_BYTES_MAX)
        fits = b": " + b"x" * (LINE_BYTES_MAX - 2) + b"\n"
        stream = HEAD + long + TEXT + fits + DELTA + STOP
        for size in (len(stream), 65_536, 999_983):
            assert metered(*(stream[i : i + size] for i in range(0, len(stream), size))) == metered(
                HEAD + TEXT + DELTA + STOP
            )

    def test_the_end_of_a_line_that_is_too_long_is_not_taken_for_a_line(self) -> None:
        meter = UsageMeter()
        meter.feed(HEAD + b"data: " + b"x" * LINE_BYTES_MAX)
        meter.feed(b'data: {"type":"message_stop"}\n\n')
        assert not meter.complete
        meter.feed(STOP)
        assert meter.complete

    def test_of_an_endless_line_nothing_is_kept(self) -> None:
        meter, chunk = UsageMeter(), b"x" * (LINE_BYTES_MAX // 4)
        tracemalloc.start()
        try:
            for _ in range(200):
                meter.feed(chunk)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 3 * LINE_BYTES_MAX
        meter.feed(b"\n" + WHOLE)
        assert meter.answer() == metered(WHOLE)


BODY = {
    "type": "message",
    **START,
    "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "x" * 400}, {"type": "tool_use", "id": "t", "input": {"a": 1}}],
}


class TestWholeAnswers:
    def test_an_answer_in_one_piece_says_the_same(self) -> None:
        answer = from_json(json.dumps(BODY).encode())
        assert (answer.model, answer.message_id) == ("claude-haiku-5-5", "msg_1")
        assert answer.usage == Usage(12, 1, 4000, 100, 200)
        assert (answer.tool_calls, answer.stop_reason, answer.complete) == (1, "end_turn", True)
        assert not answer.usage_estimated

    def test_without_usage_it_is_estimated_from_its_text(self) -> None:
        answer = from_json(json.dumps({**BODY, "usage": None}).encode())
        assert answer.usage.output_tokens >= 100
        assert (answer.usage_estimated, answer.prompt_reported) == (True, False)

    def test_a_refusal_is_told_and_cost_nothing(self) -> None:
        refused = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}}
        answer = from_json(json.dumps(refused).encode())
        assert answer.error == AnswerError("rate_limit_error", "Slow down")
        assert (answer.usage, answer.usage_estimated, answer.complete) == (Usage(), False, False)

    def test_what_is_no_answer_says_nothing(self) -> None:
        for body in (b"", b"<html>502</html>", b"[]", b'"x"', b"{}"):
            assert from_json(body) == Answer()
