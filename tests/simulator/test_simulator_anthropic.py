"""The Messages protocol, as the real SDK and bare HTTP see it."""

from __future__ import annotations

import anthropic
import pytest
from simulator_harness import HAIKU, KEY, OPUS, Web, asking

from tierwise.simulator.models import MODELS

TOOLS = [{"name": "Read", "description": "Reads", "input_schema": {"type": "object"}}]
TOOL_TURN = [
    {
        "match": {"prompt": "map"},
        "turn": [
            {
                "thinking": "First the page, then its parts.",
                "text": "Reading.",
                "tool_calls": [{"name": "Read", "input": {"path": "app/page.tsx", "äöü": [1, {"a": None}]}}],
            },
            {"text": "Mapped by {model}."},
        ],
    }
]


def _events(web: Web, **fields: object) -> list[str]:
    return [event["type"] for event in web.ask(stream=True, **fields).events]


def test_the_sdk_gets_a_message(claude):
    message = claude.messages.create(**asking("map the page"))
    assert message.model == HAIKU
    assert message.stop_reason == "end_turn"
    assert message.content[0].text.startswith(f"Simulated answer of {HAIKU} to “map the page”")
    assert message.usage.output_tokens == -(-len(message.content[0].text.encode()) // 4)
    assert message.usage.service_tier == "standard"


def test_a_stream_and_a_plain_answer_say_the_same(claude, play):
    play(TOOL_TURN)
    plain = claude.messages.create(**asking("map it", tools=TOOLS))
    with claude.messages.stream(**asking("map it", tools=TOOLS)) as stream:
        streamed = stream.get_final_message()
    assert [block.type for block in streamed.content] == ["thinking", "text", "tool_use"]
    assert streamed.content[0] == plain.content[0]
    assert streamed.content[1].text == plain.content[1].text == "Reading."
    assert (
        streamed.content[2].input
        == plain.content[2].input
        == TOOL_TURN[0]["turn"][0]["tool_calls"][0]["input"]
    )
    assert streamed.stop_reason == plain.stop_reason == "tool_use"
    assert streamed.usage.to_dict() == plain.usage.to_dict()


def test_a_tool_loop_plays_to_its_end(claude, play):
    play(TOOL_TURN)
    messages = [{"role": "user", "content": "map the page"}]
    first = claude.messages.create(model=OPUS, max_tokens=500, messages=messages, tools=TOOLS)
    call = first.content[-1]
    messages += [
        {"role": "assistant", "content": first.content},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "import x from './x'"}],
        },
    ]
    last = claude.messages.create(model=OPUS, max_tokens=500, messages=messages, tools=TOOLS)
    assert last.content[0].text == f"Mapped by {OPUS}."
    assert last.stop_reason == "end_turn"


def test_the_events_come_in_the_protocols_order(web, play):
    play([{"respond": {"thinking": "hm", "text": "0123456789abcdef-", "tool_calls": []}}])
    assert _events(web) == [
        "message_start",
        "ping",
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        "message_delta",
        "message_stop",
    ]


def test_usage_starts_with_the_prompt_and_ends_cumulative(web):
    events = web.ask("x" * 400, stream=True).events
    start, end = events[0]["message"]["usage"], events[-2]["usage"]
    assert start["output_tokens"] == 1
    assert end["output_tokens"] > 1
    assert start["input_tokens"] == end["input_tokens"] > 100
    assert start["cache_creation"] == {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}


def test_a_thinking_block_is_signed_by_the_model_that_answers(claude, play):
    play([{"respond": {"thinking": "hm", "model": OPUS}}])
    first, second = (claude.messages.create(**asking("a")) for _ in range(2))
    assert first.model == OPUS
    assert OPUS in first.content[0].signature
    assert first.content[0].signature == second.content[0].signature


@pytest.mark.parametrize("limit", [1, 2, 5, 7, 12, 100])
def test_an_answer_never_exceeds_max_tokens(claude, play, limit):
    call = {"name": "Read", "input": {"path": "p" * 60}}
    play([{"respond": {"thinking": "t" * 16, "text": "ä" * 16, "tool_calls": [call]}}])
    message = claude.messages.create(**(asking("a", tools=TOOLS) | {"max_tokens": limit}))
    assert message.usage.output_tokens <= limit
    assert (message.stop_reason == "max_tokens") == (limit < 100)
    assert all(block.type != "tool_use" for block in message.content) == (limit < 100)


def test_what_real_clients_send_beyond_the_protocol_passes(web, sim):
    body = asking("hi", metadata={"user_id": '{"session_id":"s-1"}'}, context_management={"edits": []})
    body["messages"] += [
        {"role": "system", "content": [{"type": "text", "text": "Environment"}]},
        {"role": "system", "content": [], "output_config": {"effort": "low"}},
        {"role": "system", "output_config": {"effort": "low"}},
    ]
    body |= {"output_config": {"effort": "medium"}, "thinking": {"type": "adaptive"}, "brand_new": 1}
    reply = web("POST", "/proj/abc/v1/messages?beta=true", body, KEY | {"anthropic-beta": "a,b"})
    assert reply.status == 200
    assert sim.log[0].path == "/proj/abc/v1/messages?beta=true"
    assert sim.log[0].session == "s-1"


def test_counting_says_what_the_prompt_will_be(claude, play):
    body = asking("count me " * 40, system="You count.", tools=TOOLS)
    usage = claude.messages.create(**body).usage
    del body["max_tokens"]
    assert claude.messages.count_tokens(**body).input_tokens == usage.input_tokens
    play([{"match": {"api": "count_tokens"}, "respond": {"input_tokens": 7}}])
    assert claude.messages.count_tokens(**body).input_tokens == 7


def test_models_are_listed_page_by_page(claude):
    first = claude.models.list(limit=3)
    assert [model.id for model in first.data] == ["claude-fable-5-2", OPUS, "claude-sonnet-5-5"]
    assert first.has_more
    assert [model.id for model in first] == list(MODELS)
    assert claude.models.retrieve(OPUS).display_name == "Claude Opus 5.5"
    assert [m.id for m in claude.models.list(before_id="claude-sonnet-5-5", limit=1).data] == [OPUS]


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1"])
def test_a_page_size_out_of_bounds_is_refused(web, limit):
    reply = web("GET", f"/v1/models?limit={limit}", headers=KEY | {"anthropic-version": "2023-06-01"})
    assert reply.status == 400
    assert "limit" in reply.json["error"]["message"]


def test_only_a_strict_list_refuses_a_model(claude, play):
    claude.messages.create(**asking("a", model="claude-of-tomorrow"))
    play({"models": [HAIKU], "strict_models": True})
    with pytest.raises(anthropic.NotFoundError) as caught:
        claude.messages.create(**asking("a", model=OPUS))
    assert caught.value.body["error"] == {"type": "not_found_error", "message": f"model: {OPUS}"}
    claude.messages.create(**asking("a", model=f"{HAIKU}-20261001"))
    assert [model.id for model in claude.models.list()] == [HAIKU]


def test_only_a_strict_provider_refuses_the_thinking_of_another_model(claude, play):
    play({"default": {"thinking": "Hm.", "text": "Done."}})
    made = claude.messages.create(**asking("a", model=HAIKU)).content
    later = [{"role": "user", "content": "a"}, {"role": "assistant", "content": made}]
    later.append({"role": "user", "content": "b"})
    claude.messages.create(**asking("a", model=OPUS) | {"messages": later})
    play({"strict_thinking": True})
    claude.messages.create(**asking("a", model=HAIKU) | {"messages": later})
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.create(**asking("a", model=OPUS) | {"messages": later})
    said = caught.value.body["error"]["message"]
    assert said == "messages.1.content.0: Invalid `signature` in `thinking` block"


def test_a_key_in_either_header_is_enough_and_none_is_refused(web):
    assert web.ask(headers={"authorization": "Bearer anything"}).status == 200
    assert web.ask(headers={"x-api-key": "anything"}).status == 200
    for headers in ({}, {"authorization": "Bearer "}, {"authorization": "Basic abc"}, {"x-api-key": " "}):
        reply = web.ask(headers=headers)
        assert reply.status == 401
        assert reply.json["error"]["type"] == "authentication_error"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{nope", "not valid JSON"),
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"[" * 100_000, "not valid JSON"),
        ({"messages": [], "max_tokens": 1}, "model: Field required"),
        ({"model": "m", "max_tokens": 1}, "messages: Field required"),
        ({"model": "m", "messages": [{"role": "user", "content": "a"}]}, "max_tokens: Field required"),
        (asking() | {"max_tokens": 0}, "max_tokens: Input should be greater"),
        (asking() | {"max_tokens": True}, "max_tokens: Input should be a valid integer"),
        (asking() | {"model": 5}, "model: Input should be a valid string"),
        (asking() | {"messages": []}, "messages: at least one message"),
        (asking() | {"messages": ["a"]}, "messages.0: Input should be a valid object"),
        (asking() | {"messages": [{"role": "x", "content": "a"}]}, "messages.0.role: "),
        (asking() | {"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        (asking() | {"messages": [{"role": "user", "content": 5}]}, "messages.0.content: Input should be"),
        (asking() | {"messages": [{"role": "user", "content": [{}]}]}, "messages.0.content.0.type"),
    ],
)
def test_a_bad_body_is_refused_in_the_protocols_words(web, sim, body, message):
    reply = web("POST", "/v1/messages", body)
    assert reply.status == 400
    assert reply.json["type"] == "error"
    assert reply.json["error"]["type"] == "invalid_request_error"
    assert message in reply.json["error"]["message"]
    assert reply.json["request_id"] == reply.headers["request-id"]
    assert sim.log[0].status == 400


def test_a_body_nested_too_deeply_is_answered(web):
    """Reading, walking and writing it run out of stack at depths that lie close together."""
    head = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","x":'
    bodies = [head + b"[" * depth + b"]" * depth + b"}]}]}" for depth in range(950, 1_000)]
    assert {web("POST", "/v1/messages", body).status for body in bodies} == {200, 400}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/", 200),
        ("HEAD", "/api/hello", 200),
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("GET", "/v1/messages", 405),
        ("POST", "/v1/models", 405),
        ("GET", "/nothing", 404),
        ("POST", "/v1/messages/batches", 404),
        ("GET", "/v1/models/claude-of-tomorrow", 404),
        ("DELETE", "/", 404),
    ],
)
def test_every_path_is_answered_with_a_request_id(web, method, path, status):
    reply = web(method, path)
    assert reply.status == status
    assert reply.headers["request-id"].startswith("req_")


def test_a_body_beyond_the_bound_is_refused(web):
    reply = web("POST", "/v1/messages", b" " * (32 * 1024 * 1024 + 1))
    assert reply.status == 413
    assert reply.json["error"]["type"] == "request_too_large"
