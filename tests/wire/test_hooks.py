"""A hook's event, as it comes and as it is answered."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.wire.hooks import MAX_EVENT_BYTES, HookAnswer, read_event, typed_skill, words_of
from tierwise.wire.sse import UsageMeter, from_json

AGENT = {
    "hook_event_name": "PreToolUse",
    "session_id": "s",
    "tool_name": "Agent",
    "tool_input": {"prompt": "p", "n": 12345678901234567890, "nested": {"a": [1.0, None]}, "model": "opus"},
}


def test_an_input_is_repeated_whole_with_one_value_changed() -> None:
    event = read_event(json.dumps(AGENT).encode())
    assert event is not None
    answer = HookAnswer(input=event.input_with("model", "haiku"), message="m").as_json("PreToolUse")
    told = json.loads(msgspec.json.encode(answer))
    assert told["systemMessage"] == "m"
    assert told["hookSpecificOutput"]["updatedInput"] == AGENT["tool_input"] | {"model": "haiku"}


def test_a_denial_changes_no_input_and_nothing_is_an_empty_answer() -> None:
    denied = HookAnswer(denied="why", input={"a": msgspec.Raw(b"1")}).as_json("PreToolUse")
    special = denied["hookSpecificOutput"]
    assert (special["permissionDecision"], special["permissionDecisionReason"]) == ("deny", "why")
    assert "updatedInput" not in special
    assert HookAnswer().as_json("PreToolUse") == {}


@given(st.one_of(st.binary(max_size=200), st.dictionaries(st.text(), st.text()).map(msgspec.json.encode)))
def test_no_body_makes_reading_raise(body: bytes) -> None:
    event = read_event(body)
    assert event is None or event.session_id


def test_a_body_without_end_is_not_read() -> None:
    assert read_event(b" " * (MAX_EVENT_BYTES + 1)) is None


@pytest.mark.parametrize(
    ("prompt", "skill", "words"),
    [
        ("Map it on haiku.", "", "Map it on haiku."),
        ("/mapper src/a.tsx using opus", "mapper", "src/a.tsx using opus"),
        ("/mapper\nusing opus", "mapper", "using opus"),
        ("/mapper", "mapper", ""),
        ("/usr/bin is broken", "", "/usr/bin is broken"),
        ("/", "", "/"),
        ("", "", ""),
        ("<system-reminder>on sonnet</system-reminder>\nGo.", "", "Go."),
    ],
)
def test_what_a_person_said_in_a_prompt(prompt: str, skill: str, words: str) -> None:
    assert typed_skill(prompt)[0] == skill
    assert words_of(prompt) == words


@pytest.mark.parametrize(
    "prompt",
    [
        "<task-notification>\nuse sonnet\n</task-notification>",
        "<system-reminder>use sonnet</system-reminder>",
        "Stop hook feedback:\n[x] use sonnet",
    ],
)
def test_what_the_client_says_by_itself_is_nobodys_words(prompt: str) -> None:
    assert words_of(prompt) is None


def test_the_calls_that_start_an_agent_are_known_from_a_stream_and_from_a_whole_answer() -> None:
    blocks = [
        {"type": "tool_use", "id": f"t{n}", "name": name, "input": {}}
        for n, name in enumerate(("Agent", "Read", "Task", "Agent"))
    ]
    whole = {"type": "message", "id": "m", "model": "x", "content": blocks}
    assert from_json(json.dumps(whole).encode()).spawns == ("t0", "t2", "t3")
    meter = UsageMeter()
    for index, block in enumerate(blocks):
        event = {"type": "content_block_start", "index": index, "content_block": block}
        meter.feed(f"event: content_block_start\ndata: {json.dumps(event)}\n\n".encode())
    assert meter.answer().spawns == ("t0", "t2", "t3")
    assert meter.answer().tool_calls == 4
