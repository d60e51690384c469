"""Who sends a request, what it asks for, and what is wrong with it."""

import json

import pytest
from spoken import encoded

from tierwise.errors import WireError
from tierwise.wire.anthropic import read_request, with_effort, with_max_tokens
from tierwise.wire.requests import ModelRequest, with_model

MODEL = "claude-opus-5-5"
PATH = "/v1/messages?beta=true"
HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {"format": {"type": "json_schema", "schema": {}}}
TITLE = {"format": {"type": "json_schema", "schema": {"type": "object", "properties": {"title": {}}}}}
OPENCODE = "Generate a title for this conversation:\n"
SIDE = {"x-claude-code-request-class": "auxiliary"}


def read(headers: dict[str, str] | None = None, path: str = PATH, **body: object) -> ModelRequest:
    return read_request(headers or {}, path, encoded({"model": MODEL, "messages": HELLO, **body}))


class TestBadBodies:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b"hello", "not JSON"),
            (b'{"model":"x"} trailing', "not JSON"),
            (b'{"\xff":1,"model":"x"}', "not JSON"),
            (b"[]", "no object"),
            (b"null", "no object"),
            (b"{}", "names no model"),
            (b'{"model":5}', "names no model"),
            (b'{"model":null}', "names no model"),
            (b'{"model":""}', "names no model"),
            (b'{"model":"x","messages":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
        ],
    )
    def test_a_body_that_cannot_be_used_says_why(self, body: bytes, said: str) -> None:
        with pytest.raises(WireError, match=said):
            read_request({}, PATH, body)

    def test_everything_but_the_model_may_be_missing_or_strange(self) -> None:
        strange = {"messages": 5, "stream": "yes", "max_tokens": "many", "metadata": [], "output_config": 7}
        request = read_request({}, PATH, encoded({"model": MODEL, "system": {"a": 1}, "tools": 5, **strange}))
        assert (request.model, request.stream, request.max_tokens, request.effort) == (
            MODEL,
            False,
            None,
            None,
        )
        assert (request.request_class, request.skill, request.tool_result_pending) == ("main", None, False)
        assert request.session == read_request({}, PATH, encoded({"model": MODEL})).session

    def test_half_an_emoji_does_not_make_a_body_unreadable(self) -> None:
        cut = b'{"model":"claude-opus-5-5","messages":[{"role":"user","content":"cut \\ud83d off"}]}'
        assert read_request({}, PATH, cut).user_words == "cut \N{REPLACEMENT CHARACTER} off"
        assert with_model(cut, "m") == cut.replace(b"claude-opus-5-5", b"m")

    def test_a_byte_that_is_no_text_costs_only_its_message(self) -> None:
        body = b'{"model":"m","messages":[{"role":"user","content":"\xff"},{"role":"user","content":"hi"}]}'
        assert read_request({}, PATH, body).user_words == "hi"


class TestSession:
    USER_ID = json.dumps({"device_id": "d", "account_uuid": "", "session_id": "from-metadata"})

    def test_the_strongest_name_wins(self) -> None:
        own, client = {"x-tierwise-session": "own"}, {"x-claude-code-session-id": "client"}
        metadata = {"user_id": self.USER_ID}
        assert read(own | client, metadata=metadata).session == "own"
        assert read(client, metadata=metadata).session == "client"
        assert read(metadata=metadata).session == "from-metadata"
        assert read(metadata={"session_id": "plain"}).session == "plain"
        assert read(metadata={"user_id": "user_0f_account__session_ab-12"}).session == "ab-12"

    def test_a_session_without_a_name_is_known_by_how_it_begins(self) -> None:
        said = [*HELLO, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Bye"}]
        marked = [{"role": "user", "content": [{"type": "text", "text": "Hello", "cache_control": {}}]}]
        assert read().session == read(messages=said).session == read(messages=marked).session != ""
        assert read().session != read(system="Be brief.").session
        assert read().session != read(messages=[{"role": "user", "content": "Hello!"}]).session
        assert read(metadata={"user_id": "somebody"}).session == read().session

    def test_a_name_is_bounded(self) -> None:
        assert len(read({"x-tierwise-session": "x" * 9_999}).session) == 200


class TestClass:
    def test_the_clients_word_counts(self) -> None:
        for word in (
            "main",
            "subagent",
            "workflow",
            "compaction",
            "auxiliary",
            "side_reply",
            "something_new",
        ):
            assert read({"x-claude-code-request-class": word}).request_class == word

    def test_without_it_the_body_tells(self) -> None:
        marked = [{"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cc_is_subagent=true;"}]
        assert read().request_class == "main"
        assert read(system=marked).request_class == "subagent"
        assert read({"x-claude-code-agent-id": "a1"}).request_class == "subagent"
        assert read(output_config=SCHEMA).request_class == "auxiliary"
        assert read(output_config=SCHEMA, tools=[]).request_class == "auxiliary"
        assert read(output_config=SCHEMA, tools=[{"name": "Bash"}]).request_class == "main"
        assert read(path="/v1/messages/count_tokens?beta=true").request_class == "auxiliary"

    def test_a_prompt_that_mentions_the_marks_is_no_subagent(self) -> None:
        quoted = "cc_is_subagent=true; an agent for Claude Code, Anthropic's official CLI"
        assert read(system=quoted).request_class == "main"
        assert read(messages=[{"role": "user", "content": quoted}]).request_class == "main"

    def test_an_agent_that_compacts_is_still_an_agent(self) -> None:
        request = read({"x-claude-code-request-class": "compaction", "x-claude-code-agent-id": "a1"})
        assert (request.request_class, request.subagent, request.agent) == ("compaction", True, "a1")

    @pytest.mark.parametrize(
        ("headers", "body", "expected"),
        [
            (SIDE | {"x-claude-1p-request-class": "summary-extraction"}, {}, True),
            (
                SIDE | {"x-claude-1p-request-class": "summary-extraction"},
                {"tools": [{"name": "Bash"}]},
                False,
            ),
            (SIDE | {"x-claude-1p-request-class": "main"}, {"output_config": TITLE}, False),
            (SIDE | {"x-claude-1p-request-class": "followup-generation"}, {}, False),
            (SIDE, {}, False),
            (SIDE, {"output_config": TITLE}, True),
            ({}, {"output_config": TITLE}, True),
            ({}, {"output_config": TITLE, "tools": [{"name": "Bash"}]}, False),
            ({}, {"output_config": SCHEMA}, False),
            ({}, {"output_config": {"format": {"type": "json_schema", "schema": ["title"]}}}, False),
            ({"x-claude-1p-request-class": "summary-extraction"}, {}, False),
            ({"user-agent": "opencode/1.18.33"}, {"messages": [{"role": "user", "content": OPENCODE}]}, True),
        ],
    )
    def test_only_titles_and_summaries_with_a_prompt_of_their_own_may_leave_the_main_model(
        self, headers: dict[str, str], body: dict[str, object], expected: bool
    ) -> None:
        """Others of the class warm the main model's cache, read from it, search, or judge what is safe."""
        assert read(headers, **body).summarises == expected

    def test_an_auxiliary_request_holds_no_words_of_the_user(self) -> None:
        title = [{"role": "user", "content": "<session>\nMap it using opus\n</session>\n\nWrite the title"}]
        assert read(messages=title, output_config=SCHEMA).user_words == ""


class TestCaller:
    def test_a_key_is_known_by_its_fingerprint_and_never_kept(self) -> None:
        secret = "sk-ant-something-secret"
        request = read({"x-api-key": secret})
        assert request.key == read({"authorization": f"Bearer {secret}"}).key
        assert request.key not in ("", read({"x-api-key": "another"}).key)
        assert len(request.key) == 12
        assert secret not in repr(request)
        assert read().key == ""
        assert read({"authorization": "Basic abc"}).key == ""

    @pytest.mark.parametrize(
        ("path", "project"),
        [
            ("/v1/messages", ""),
            ("/p/shop/v1/messages?beta=true", "shop"),
            ("/p/my%20shop/v1/messages", "my shop"),
            ("/p//v1/messages", ""),
            ("/p/a/b/v1/messages", ""),
            ("/q/shop/v1/messages", ""),
        ],
    )
    def test_a_project_is_the_tag_of_the_base_url(self, path: str, project: str) -> None:
        assert read(path=path).project == project


class TestSwaps:
    def test_a_body_without_a_model_has_none_to_change(self) -> None:
        with pytest.raises(WireError, match="names no model"):
            with_model(b'{"nested":{"model":"x"}}', "y")

    def test_an_effort_is_never_sent_to_a_model_that_was_sent_none(self) -> None:
        for body in (b'{"model":"m"}', b'{"output_config":{}}', b'{"output_config":5}'):
            assert with_effort(body, "low") == body

    def test_only_the_effort_in_force_is_changed(self) -> None:
        def said(effort: str, last: str) -> bytes:
            first = {"role": "system", "content": "", "output_config": {"effort": "medium"}}
            then = {"role": "system", "content": [], "output_config": {"effort": last}}
            return encoded({"output_config": {"effort": effort}, "messages": [first, *HELLO, then, *HELLO]})

        assert with_effort(said("high", "high"), "low") == said("low", "low")


def test_an_image_counts_as_what_it_weighs_and_not_as_its_letters() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 400_000}}
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": [image]}]}).encode()

    assert 8_000 < read_request({}, "/v1/messages", body).text_bytes < 10_000
    plain = body.replace(b"base64", b"plain")
    assert read_request({}, "/v1/messages", plain).text_bytes == len(plain)


@pytest.mark.parametrize(
    ("mark", "writes"),
    [({}, "none"), ({"type": "ephemeral"}, "5m"), ({"type": "ephemeral", "ttl": "1h"}, "1h")],
)
def test_the_longest_life_that_is_asked_of_the_cache_is_seen(mark: dict[str, str], writes: str) -> None:
    block = {"type": "text", "text": "x", **({"cache_control": mark} if mark else {})}
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": [block]}]}).encode()

    assert read_request({}, "/v1/messages", body).cache_writes == writes


def test_only_max_tokens_is_changed_and_thinking_by_a_budget_is_seen() -> None:
    thinking = b'"thinking":{"type":"enabled","budget_tokens":31999}'
    body = b'{"model":"m", "max_tokens" : 64000,' + thinking + b',"a":{"max_tokens":1}}'

    assert with_max_tokens(body, 5) == body.replace(b"64000", b"5")
    assert read_request({}, "/v1/messages", body).thinking_tokens == 31_999
    with pytest.raises(WireError, match="max_tokens"):
        with_max_tokens(b'{"model":"m"}', 5)
