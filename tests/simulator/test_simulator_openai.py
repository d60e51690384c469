"""The Chat Completions protocol, as the real SDK and bare HTTP see it."""

from __future__ import annotations

import openai
import pytest
from simulator_harness import KEY

MODEL = "gpt-6-luna"
TOOLS = [{"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}]
TURN = [
    {
        "match": {"prompt": "map"},
        "turn": [
            {"thinking": "hm" * 8, "tool_calls": [{"name": "read", "input": {"path": "a/b/c/page.tsx"}}]},
            {"text": "Mapped."},
        ],
    }
]


def chatting(text: str = "hello", **fields: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **fields}


def test_the_sdk_gets_a_completion(chatgpt):
    completion = chatgpt.chat.completions.create(**chatting("map the page"))
    choice, usage = completion.choices[0], completion.usage
    assert completion.model == MODEL
    assert choice.finish_reason == "stop"
    assert "“map the page”" in choice.message.content
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.completion_tokens == -(-len(choice.message.content.encode()) // 4)


def test_a_stream_and_a_plain_answer_say_the_same(chatgpt):
    plain = chatgpt.chat.completions.create(**chatting())
    chunks = list(
        chatgpt.chat.completions.create(**chatting(), stream=True, stream_options={"include_usage": True})
    )
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == plain.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage == plain.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_usage_is_only_streamed_when_asked_for(web):
    reply = web("POST", "/v1/chat/completions", chatting(stream=True))
    assert reply.events[-1] == "[DONE]"
    assert all("usage" not in event for event in reply.events[:-1])


def test_a_tool_loop_plays_to_its_end(chatgpt, play):
    play(TURN)
    body = chatting("map it", tools=TOOLS)
    with chatgpt.chat.completions.stream(**body) as stream:
        first = stream.get_final_completion().choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.content is None or first.message.content == ""
    call = first.message.tool_calls[0]
    assert call.function.arguments == '{"path":"a/b/c/page.tsx"}'
    body["messages"] += [
        {"role": "assistant", "tool_calls": [call.to_dict(exclude_unset=True)]},
        {"role": "tool", "tool_call_id": call.id, "content": "import x"},
    ]
    for message in body["messages"][1]["tool_calls"]:
        message["function"].pop("parsed_arguments", None)
    last = chatgpt.chat.completions.create(**body).choices[0]
    assert last.message.content == "Mapped."
    assert last.finish_reason == "stop"


def test_thinking_is_counted_and_not_shown(chatgpt, play):
    play(TURN)
    completion = chatgpt.chat.completions.create(**chatting("map it", tools=TOOLS))
    assert completion.usage.completion_tokens_details.reasoning_tokens == 4
    assert completion.usage.completion_tokens > 4
    assert completion.choices[0].message.content is None


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_never_exceeds_its_limit(chatgpt, name):
    completion = chatgpt.chat.completions.create(**chatting(), **{name: 3})
    assert completion.usage.completion_tokens == 3
    assert completion.choices[0].finish_reason == "length"


def test_the_second_prompt_reads_whole_blocks_of_the_first(chatgpt):
    prompt = "x" * 4_800
    first = chatgpt.chat.completions.create(**chatting(prompt)).usage
    longer = chatgpt.chat.completions.create(**chatting(prompt + "y" * 4_800)).usage
    other = chatgpt.chat.completions.create(**chatting(prompt, model="gpt-6.1-sol")).usage
    assert first.prompt_tokens_details.cached_tokens == 0
    assert longer.prompt_tokens_details.cached_tokens == 1_152
    assert other.prompt_tokens_details.cached_tokens == 0


def test_a_short_prompt_is_not_cached(chatgpt):
    for _ in range(2):
        usage = chatgpt.chat.completions.create(**chatting("x" * 4_000)).usage
        assert usage.prompt_tokens_details.cached_tokens == 0


def test_models_come_in_the_callers_shape(chatgpt, claude, web):
    assert [m.id for m in chatgpt.models.list()] == [m.id for m in claude.models.list()]
    assert chatgpt.models.retrieve("claude-haiku-5-5").object == "model"
    with pytest.raises(openai.NotFoundError):
        chatgpt.models.retrieve("gpt-of-tomorrow")


@pytest.mark.parametrize(
    ("fields", "status", "kind", "code"),
    [
        ({"status": 429}, 429, "requests", "rate_limit_exceeded"),
        (
            {"status": 429, "error": {"type": "insufficient_quota", "message": "spent"}},
            429,
            "insufficient_quota",
            "insufficient_quota",
        ),
        ({"status": 500, "error": "broken"}, 500, "server_error", None),
        ({"status": 404}, 404, "invalid_request_error", "model_not_found"),
    ],
)
def test_scripted_errors_have_the_protocols_shape(chatgpt, play, fields, status, kind, code):
    play([{"respond": fields}])
    with pytest.raises(openai.APIStatusError) as caught:
        chatgpt.chat.completions.create(**chatting())
    assert caught.value.status_code == status
    assert caught.value.body["type"] == kind
    assert caught.value.body["code"] == code
    assert caught.value.request_id.startswith("req_")


def test_a_missing_key_is_refused_in_the_protocols_shape(web):
    reply = web("POST", "/v1/chat/completions", chatting(), headers={})
    assert reply.status == 401
    assert reply.json["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": [{"role": "user", "content": "a"}]}, "model: Field required"),
        ({"model": MODEL, "messages": []}, "messages: at least one"),
        (chatting() | {"max_tokens": 0}, "max_tokens"),
        (chatting() | {"messages": [{"role": "tool_result", "content": "a"}]}, "messages.0.role"),
        (chatting() | {"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
    ],
)
def test_a_bad_body_is_refused(web, body, message):
    reply = web("POST", "/v1/chat/completions", body, KEY)
    assert reply.status == 400
    assert message in reply.json["error"]["message"]


def test_an_error_in_mid_stream_reaches_the_sdk(chatgpt, play):
    play([{"respond": {"text": "x" * 200, "sse_error": "The model fell asleep"}}])
    stream = chatgpt.chat.completions.create(**chatting(), stream=True)
    said: list[str] = []
    with pytest.raises(openai.APIError, match="fell asleep"):
        said.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert 0 < len("".join(said)) < 200
