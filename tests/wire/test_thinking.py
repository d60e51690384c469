"""Thinking blocks: their marks, and bodies without those of others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.wire.sse import UsageMeter, from_json
from tierwise.wire.thinking import mark_of, marks_in, refuses_thinking, without_thinking

BLOCKS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, st.text(max_size=8)),
    st.builds(
        lambda sign: {"type": "thinking", "thinking": 'a "[{', "signature": sign}, st.sampled_from("abc")
    ),
    st.builds(lambda sign: {"type": "redacted_thinking", "data": sign}, st.sampled_from("abc")),
)
MESSAGES = st.lists(
    st.one_of(
        st.builds(
            lambda blocks: {"role": "assistant", "content": blocks}, st.lists(BLOCKS, min_size=1, max_size=5)
        ),
        st.just({"role": "user", "content": "Go on."}),
        st.just({"role": "user", "content": [{"type": "text", "text": "And?"}]}),
    ),
    max_size=8,
)


def bare(message: dict[str, Any], foreign: set[str]) -> dict[str, Any]:
    content = message["content"]
    kept = [b for b in content if isinstance(b, str) or b.get("signature", b.get("data")) not in foreign]
    return message if isinstance(content, str) or not kept else {**message, "content": kept}


@given(messages=MESSAGES, foreign=st.sets(st.sampled_from("abc")), indent=st.sampled_from([None, 1]))
def test_only_foreign_thinking_of_turns_that_are_over_goes(
    messages: list[dict[str, Any]], foreign: set[str], indent: int | None
) -> None:
    messages = [*messages, {"role": "user", "content": "Now."}]
    body = json.dumps({"model": "m", "messages": messages}, indent=indent).encode()
    marks = {mark_of(sign) for sign in foreign}
    cut = without_thinking(body, marks.__contains__, subagent=False)

    begins = next((at for at, m in reversed([*enumerate(messages)]) if m["role"] == "assistant"), -1) + 1
    over, now = messages[:begins], messages[begins:]
    assert json.loads(cut)["messages"] == [*(bare(message, foreign) for message in over), *now]
    assert foreign or cut == body
    assert without_thinking(body, marks.__contains__, subagent=True) == body


@pytest.mark.parametrize("body", [b"{}", b'{"messages": 3}', b'{"messages": [3, null, {"content": [3]}]}'])
def test_a_strange_body_is_left_alone(body: bytes) -> None:
    assert without_thinking(body, lambda _: True, subagent=False) == body


def test_marks_are_read_from_streams_and_from_whole_answers() -> None:
    meter = UsageMeter()
    for event in (
        {"type": "content_block_start", "content_block": {"type": "redacted_thinking", "data": "a"}},
        {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "b"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": '"signature_delta"'}},
    ):
        meter.feed(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    assert meter.answer().thoughts == (mark_of("a"), mark_of("b"))
    content = [{"type": "thinking", "signature": "b"}, {"type": "text", "signature": "c"}]
    assert from_json(json.dumps({"type": "message", "content": content}).encode()).thoughts == (mark_of("b"),)
    assert marks_in(b"nonsense") == ()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("messages.1.content.0: Invalid `signature` in `thinking` block", True),
        ("`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified", True),
        ("Expected `thinking` or `redacted_thinking`, but found `text`. … start with a thinking block", True),
        ("max_tokens must be greater than thinking.budget_tokens", False),
        ("adaptive thinking is not supported on this model", False),
        ("", False),
    ],
)
def test_a_refusal_of_thinking_is_told_from_others(message: str, expected: bool) -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    assert refuses_thinking(json.dumps(error).encode()) == expected
    assert not refuses_thinking(b"<html>signature</html>")
