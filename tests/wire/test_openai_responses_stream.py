"""The meter on a Responses stream: the same however it was cut, and right wherever it breaks off."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.usage import Usage
from tierwise.wire.answers import Answer, AnswerError
from tierwise.wire.openai_responses_stream import ResponsesMeter, from_json

USAGE = {
    "input_tokens": 1_000,
    "input_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 300},
    "output_tokens": 55,
    "output_tokens_details": {"reasoning_tokens": 40},
    "total_tokens": 1_055,
}
COUNTED = Usage(100, 55, 600, 300)
BEGUN = {"id": "resp_1", "object": "response", "model": "gpt-6-luna", "status": "in_progress", "usage": None}
DELTAS = ["Hi “you” data: ", '"usage":{}', '{"cmd":"ls"}', "*** Begin"]
"""What is said, as it stands in the deltas."""


def event(kind: str, **rest: Any) -> dict[str, Any]:
    return {"type": kind, **rest}


def ended(status: str = "completed", **rest: Any) -> dict[str, Any]:
    return event(f"response.{status}", response={**BEGUN, "status": status, "usage": USAGE, **rest})


SAID = [
    event("response.created", response=BEGUN),
    event("response.in_progress", response=BEGUN),
    event("response.output_item.added", item={"type": "reasoning", "summary": []}),
    event("response.reasoning_summary_text.delta", delta=DELTAS[0], item_id="rs_1"),
    event("response.output_text.delta", item_id="msg_1", delta=DELTAS[1], logprobs=[]),
    event("response.output_text.done", text="not counted twice"),
    event("response.function_call_arguments.delta", delta=DELTAS[2]),
    event("response.output_item.done", item={"type": "function_call", "arguments": DELTAS[2]}),
    event("response.custom_tool_call_input.delta", delta=DELTAS[3]),
    event("response.output_item.done", item={"type": "custom_tool_call", "input": DELTAS[3]}),
    event("response.output_item.done", item={"type": "message", "content": []}),
]
TEXT_BYTES = sum(len(json.dumps(delta)) - 2 for delta in DELTAS)


def sent(value: dict[str, Any], end: str = "\n", *, named: bool = True) -> bytes:
    head = f"event: {value['type']}{end}" if named else ""
    return f"{head}data: {json.dumps(value)}{end}{end}".encode()


def stream(*events: dict[str, Any], end: str = "\n", named: bool = True) -> bytes:
    return b"".join(sent(each, end, named=named) for each in events)


WHOLE = (*SAID, ended())


def metered(*chunks: bytes) -> Answer:
    meter = ResponsesMeter()
    for part in chunks:
        meter.feed(part)
    return meter.answer()


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(whole) + 1) for place in places} | {0, len(whole)})
    return [whole[low:high] for low, high in pairwise(at)]


ends = st.sampled_from(["\n", "\r\n", "\r"])


class TestMeter:
    def test_a_whole_stream_says_everything(self) -> None:
        assert metered(stream(*WHOLE)) == Answer(
            model="gpt-6-luna",
            message_id="resp_1",
            usage=COUNTED,
            usage_estimated=False,
            prompt_reported=True,
            stop_reason="completed",
            tool_calls=2,
            complete=True,
        )

    def test_it_is_the_same_cut_at_every_byte(self) -> None:
        whole = stream(*WHOLE)
        wanted = metered(whole)
        for place in range(len(whole)):
            assert metered(whole[:place], whole[place:]) == wanted

    @given(ends, st.booleans(), st.lists(st.integers(0, 5_000), max_size=30))
    def test_it_is_the_same_however_it_is_cut_and_spelt(self, end: str, named: bool, at: list[int]) -> None:
        assert metered(*cut(stream(*WHOLE, end=end, named=named), at)) == metered(stream(*WHOLE))

    def test_a_stream_that_breaks_off_anywhere_is_estimated_by_what_was_seen(self) -> None:
        before = 0
        for place in range(len(WHOLE)):
            answer = metered(stream(*WHOLE[:place]))
            assert (answer.complete, answer.usage_estimated, answer.prompt_reported) == (False, True, False)
            assert answer.usage.output_tokens >= before
            before = answer.usage.output_tokens
        assert before == -(-TEXT_BYTES // 4)

    def test_an_answer_that_a_limit_cut_is_complete(self) -> None:
        answer = metered(
            stream(*SAID, ended("incomplete", incomplete_details={"reason": "max_output_tokens"}))
        )
        assert (answer.complete, answer.stop_reason, answer.usage) == (True, "max_output_tokens", COUNTED)

    def test_an_answer_that_failed_is_not_and_keeps_what_it_used(self) -> None:
        error = {"code": "server_error", "message": "Broken " * 200}
        answer = metered(stream(*SAID, ended("failed", error=error)))
        assert (answer.complete, answer.usage, answer.usage_estimated) == (False, COUNTED, False)
        assert answer.error == AnswerError("server_error", ("Broken " * 200)[:500])

    def test_a_failure_without_usage_is_estimated_if_something_was_said(self) -> None:
        failed = ended("failed", error={"code": "server_error", "message": "No"}, usage=None)
        assert metered(stream(*SAID, failed)).usage_estimated
        assert not metered(stream(SAID[0], failed)).usage_estimated
        assert metered(stream(SAID[0], failed)).usage == Usage()

    def test_an_error_of_its_own_is_told(self) -> None:
        answer = metered(stream(SAID[0], event("error", code="rate_limit_exceeded", message="Slow down.")))
        assert answer.error == AnswerError("rate_limit_exceeded", "Slow down.")
        assert not answer.complete

    def test_usage_that_is_repeated_is_not_added_up(self) -> None:
        smaller = {"input_tokens": 900, "output_tokens": 3}
        early = event("response.in_progress", response={**BEGUN, "usage": smaller})
        assert metered(stream(early, *WHOLE, ended())).usage == COUNTED

    @pytest.mark.parametrize("cached", [5_000, -1, True, "600", None, 10**40])
    def test_the_classes_are_the_prompt_whatever_the_details_claim(self, cached: Any) -> None:
        details = {"cached_tokens": cached, "cache_write_tokens": 900}
        usage = metered(stream(ended(usage={**USAGE, "input_tokens_details": details}))).usage
        assert usage.prompt_tokens == 1_000
        assert min(usage.input_tokens, usage.cache_read_tokens, usage.cache_write_5m_tokens) >= 0

    def test_an_end_of_many_megabytes_is_read(self) -> None:
        image = {"type": "image_generation_call", "result": "A" * (8 << 20)}
        assert metered(stream(ended(output=[image]))).usage == COUNTED

    @given(st.lists(st.binary(max_size=200), max_size=10))
    def test_garbage_breaks_nothing(self, chunks: list[bytes]) -> None:
        assert metered(*chunks, b"\n\n", stream(*WHOLE)).usage == COUNTED

    @given(st.binary(max_size=200))
    def test_no_whole_answer_breaks_anything(self, body: bytes) -> None:
        assert from_json(body) == from_json(b'["usage"]') == Answer()


class TestWhole:
    def test_says_everything(self) -> None:
        output = [{"type": "reasoning"}, {"type": "function_call"}, {"type": "custom_tool_call"}]
        answer = from_json(
            json.dumps({**BEGUN, "status": "completed", "usage": USAGE, "output": output}).encode()
        )
        assert (answer.usage, answer.usage_estimated, answer.complete) == (COUNTED, False, True)
        assert (answer.tool_calls, answer.stop_reason, answer.model) == (2, "completed", "gpt-6-luna")

    def test_an_error_used_nothing(self) -> None:
        answer = from_json(
            b'{"error":{"message":"No.","type":"invalid_request_error","param":null,"code":null}}'
        )
        assert answer.error == AnswerError("invalid_request_error", "No.")
        assert (answer.usage, answer.usage_estimated, answer.complete) == (Usage(), False, False)

    def test_what_is_not_reported_is_estimated(self) -> None:
        output = [{"type": "message", "content": [{"type": "output_text", "text": "12345"}]}]
        answer = from_json(json.dumps({**BEGUN, "status": "completed", "output": output}).encode())
        assert answer.usage_estimated
        assert answer.usage.output_tokens >= 2
