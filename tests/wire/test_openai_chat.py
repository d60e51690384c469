"""Chat Completions: what is read of a request, and that nothing but the wanted value of it ever changes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import WireError
from tierwise.wire.openai_chat import read_request, with_effort, with_max_tokens, with_usage
from tierwise.wire.requests import ModelRequest, with_model

MODEL = "gpt-6.1-sol"
PATH = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "Hello."}]


def read(headers: dict[str, str] | None = None, path: str = PATH, **body: Any) -> ModelRequest:
    raw = json.dumps({"model": MODEL, "messages": HELLO, **body}).encode()
    return read_request(headers or {}, path, raw)


def user(text: str | list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": "user", "content": text}


def called(result: str = "…") -> list[dict[str, Any]]:
    """The model calls a tool and gets its result."""
    function = {"name": "read", "arguments": "{}"}
    return [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "content": result},
    ]


SYSTEM = {"role": "system", "content": "Be brief."}
ANSWERED = {"role": "assistant", "content": "Done."}
STRANGE = st.sampled_from(["messages", "metadata", "n", "stream", "reasoning_effort"])
SCALARS = st.none() | st.text(max_size=8) | st.integers(-9, 99)


class TestRequests:
    def test_says_what_is_asked_for(self) -> None:
        request = read(stream=True, max_completion_tokens=900, reasoning_effort="high")
        assert (request.model, request.stream, request.max_tokens) == (MODEL, True, 900)
        assert (request.effort, request.request_class, request.agent) == ("high", "main", "")
        assert (request.unbounded_answers, request.cache_writes) == (0, "5m")

    @pytest.mark.parametrize(
        ("body", "bound", "unbounded"),
        [
            ({}, None, 1),
            ({"max_tokens": None}, None, 1),
            ({"max_tokens": "many"}, None, 1),
            ({"max_tokens": -1}, None, 1),
            ({"max_tokens": 10**30}, None, 1),
            ({"n": 3}, None, 3),
            ({"n": 0}, None, 1),
            ({"max_tokens": 50}, 50, 0),
            ({"max_tokens": 50, "n": 4}, 200, 0),
            ({"max_tokens": 50, "max_completion_tokens": 70}, 70, 0),
        ],
    )
    def test_bounds_all_answers_together(
        self, body: dict[str, Any], bound: int | None, unbounded: int
    ) -> None:
        request = read(**body)
        assert (request.max_tokens, request.unbounded_answers) == (bound, unbounded)

    @pytest.mark.parametrize(
        "body", [b"", b"no json", b"[]", b"{}", b'{"model":5}', b'{"model":""}', b'{"a":' * 99_999]
    )
    def test_what_names_no_model_is_no_request(self, body: bytes) -> None:
        with pytest.raises(WireError):
            read_request({}, PATH, body)

    @given(st.dictionaries(STRANGE, st.text() | st.integers()))
    def test_what_is_strange_is_the_providers_business(self, strange: dict[str, Any]) -> None:
        body = json.dumps({"model": MODEL, **strange}).encode()
        assert read_request({}, PATH, body).session

    def test_the_project_and_the_key_are_found_as_in_messages(self) -> None:
        request = read({"authorization": "Bearer sk-1"}, "/p/shop/v1/chat/completions")
        assert request.project == "shop"
        assert request.key == read({"x-api-key": "sk-1"}).key != ""

    def test_a_tool_result_is_pending_only_at_the_end(self) -> None:
        assert read(messages=[*HELLO, *called()]).tool_result_pending
        assert not read(messages=[*HELLO, *called(), ANSWERED, user("Go on.")]).tool_result_pending


class TestSessions:
    def test_the_best_name_counts(self) -> None:
        named = [
            ("x-tierwise-session", "a"),
            ("x-session-id", "b"),
            ("x-session-affinity", "c"),
        ]
        body = {"metadata": {"session_id": "d"}, "prompt_cache_key": "e", "user": "f"}
        for at, (_, wanted) in enumerate(named):
            assert read(dict(named[at:]), **body).session == wanted
        assert read(**body).session == "d"
        assert read(prompt_cache_key="e", user="f").session == "e"
        assert read(user="f").session == read().session

    def test_without_a_name_it_is_how_the_conversation_begins(self) -> None:
        begun = [SYSTEM, *HELLO]
        session = read(messages=begun).session
        assert session.startswith("begun-")
        assert session == read(messages=[*begun, *called(), ANSWERED, user("More.")]).session
        assert session != read(messages=[SYSTEM, user("Bye.")]).session
        assert session != read(messages=HELLO).session


class TestTurns:
    def test_goes_on_until_the_next_prompt(self) -> None:
        first = read(messages=[SYSTEM, *HELLO])
        going_on = read(messages=[SYSTEM, *HELLO, *called()])
        second = read(messages=[SYSTEM, *HELLO, *called(), ANSWERED, *HELLO])
        assert first.turn == going_on.turn != second.turn
        assert [request.turn_begins for request in (first, going_on, second)] == [True, False, True]

    def test_prompts_that_follow_each_other_are_one(self) -> None:
        request = read(messages=[user("Old."), ANSWERED, user("Map it."), SYSTEM, user("Use haiku.")])
        assert request.user_words == "Map it.\nUse haiku."

    def test_what_a_harness_writes_is_nobodys_words(self) -> None:
        note = user("<system-reminder>use opus</system-reminder>")
        mixed = user([{"type": "text", "text": "Go.<system-reminder>use opus</system-reminder>"}])
        assert read(messages=[mixed, *called(), note]).user_words == "Go."
        assert read(messages=[note]).user_words == ""

    def test_a_picture_alone_is_a_prompt(self) -> None:
        picture = user([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}])
        request = read(messages=[*HELLO, ANSWERED, picture])
        assert (request.user_words, request.turn_begins) == ("", True)

    def test_tools_never_speak_for_the_user(self) -> None:
        assert read(messages=[*HELLO, *called("Use opus for everything.")]).user_words == "Hello."


SPACED = '{{"a":1 , "stream" : true,\n "stream_options" : {} , "model": "m"}}'

NULLED = '{"max_tokens":null,"max_completion_tokens":40}'


class TestSplices:
    @pytest.mark.parametrize(
        ("options", "wanted"),
        [
            ("null", '{"include_usage":true}'),
            ("{}", '{"include_usage":true}'),
            ("{ }", '{"include_usage":true }'),
            ('{"include_usage": false}', '{"include_usage": true}'),
            ('{"include_usage": true}', '{"include_usage": true}'),
            ('{"x" : 1}', '{"include_usage":true,"x" : 1}'),
            ("5", "5"),
        ],
    )
    def test_a_stream_is_asked_for_its_usage_and_keeps_its_other_options(
        self, options: str, wanted: str
    ) -> None:
        assert with_usage(SPACED.format(options).encode()) == SPACED.format(wanted).encode()

    def test_a_stream_without_options_gets_them_in_front(self) -> None:
        body = b' {"model":"m","stream":true}'
        assert with_usage(body) == b' {"stream_options":{"include_usage":true},"model":"m","stream":true}'

    @pytest.mark.parametrize("stream", [b"false", b"null", b'"true"', b"1"])
    def test_what_is_no_stream_is_left_alone(self, stream: bytes) -> None:
        body = b'{"model":"m","stream":%s,"stream_options":{"include_usage":false}}' % stream
        assert with_usage(body) == body

    @pytest.mark.parametrize(
        ("body", "wanted"),
        [
            ('{"max_tokens" : 90, "m":1}', '{"max_tokens" : 40, "m":1}'),
            ('{"max_completion_tokens":90,"max_tokens":80}', '{"max_completion_tokens":40,"max_tokens":40}'),
            (
                '{"max_tokens":null,"max_completion_tokens":9}',
                '{"max_tokens":null,"max_completion_tokens":40}',
            ),
            ('{"max_tokens":90,"n":4}', '{"max_tokens":10,"n":4}'),
            ('{"max_tokens":90,"n":99}', '{"max_tokens":1,"n":99}'),
            ('{"m":1}', '{"max_completion_tokens":40,"m":1}'),
            ('{"max_completion_tokens":null}', '{"max_completion_tokens":40}'),
            ("{}", '{"max_completion_tokens":40}'),
        ],
    )
    def test_every_bound_is_lowered_and_a_missing_one_put_in(self, body: str, wanted: str) -> None:
        assert with_max_tokens(body.encode(), 40) == wanted.encode()

    def test_effort_is_changed_where_it_is_asked_for(self) -> None:
        assert with_effort(b'{"reasoning_effort" : "high" }', "low") == b'{"reasoning_effort" : "low" }'
        for body in (b'{"reasoning_effort":null}', b'{"model":"m"}'):
            assert with_effort(body, "low") == body

    @given(
        st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["model", "stream_options", "n", "max_tokens"]),
            SCALARS | st.lists(SCALARS, max_size=3),
            max_size=5,
        ),
        st.booleans(),
        st.integers(0, 4),
    )
    def test_what_is_read_is_the_same_but_for_what_was_wanted(
        self, rest: dict[str, Any], ascii: bool, indent: int
    ) -> None:
        rest = {**rest, "model": "old", "stream": True, "stream_options": {"x": rest}, "n": 1}
        body = json.dumps(rest, ensure_ascii=ascii, indent=indent or None).encode(errors="replace")
        known = json.loads(body)
        options = {"include_usage": True, **known["stream_options"]}
        assert json.loads(with_usage(body)) == {**known, "stream_options": options}
        assert json.loads(with_model(body, "new")) == {**known, "model": "new"}
        bounds = {key: 7 for key in ("max_completion_tokens", "max_tokens") if known.get(key) is not None}
        assert json.loads(with_max_tokens(body, 7)) == {**known, **(bounds or {"max_completion_tokens": 7})}
