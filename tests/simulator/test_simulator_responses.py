"""The Responses protocol, as the real SDK and bare HTTP see it."""

from __future__ import annotations

import openai
import pytest
from simulator_harness import KEY

MODEL = "gpt-6.1-sol"
PATH = "/v1/responses"
READ = {"type": "function", "name": "read", "parameters": {"type": "object"}, "strict": False}
PATCH = {"type": "custom", "name": "patch"}
TURN = [
    {
        "match": {"prompt": "map"},
        "turn": [
            {
                "thinking": "hm" * 8,
                "tool_calls": [
                    {"name": "read", "input": {"path": "a/b/c/page.tsx"}},
                    {"name": "patch", "input": "*** Begin Patch"},
                ],
            },
            {"text": "Mapped."},
        ],
    }
]
CODEX = {"session-id": "s-1", "thread-id": "t-1", "x-codex-turn-metadata": '{"request_kind":"turn"}', **KEY}


def asking(text: object = "hello", **fields: object) -> dict[str, object]:
    return {"model": MODEL, "input": text, **fields}


def said(role: str, *texts: str) -> dict[str, object]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text} for text in texts]}


def test_the_sdk_gets_a_response(chatgpt):
    response = chatgpt.responses.create(**asking("map the page"))
    assert (response.model, response.status) == (MODEL, "completed")
    assert "“map the page”" in response.output_text
    usage = response.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert usage.output_tokens == -(-len(response.output_text.encode()) // 4)


def test_a_stream_and_a_plain_answer_say_the_same(chatgpt):
    plain = chatgpt.responses.create(**asking())
    with chatgpt.responses.stream(**asking()) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output_text == plain.output_text
    assert final.usage == plain.usage
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == plain.output_text


def test_the_events_come_in_order_and_are_numbered(web, play):
    play([{"respond": {"thinking": "So…", "text": "Hi"}}])
    reply = web("POST", PATH, asking(stream=True, include=["reasoning.encrypted_content"]))
    assert [e["sequence_number"] for e in reply.events] == list(range(len(reply.events)))
    assert [e["type"].removeprefix("response.") for e in reply.events] == [
        *("created", "in_progress", "output_item.added"),
        *("reasoning_summary_part.added", "reasoning_summary_text.delta"),
        *("reasoning_summary_text.done", "reasoning_summary_part.done"),
        *("output_item.done", "output_item.added", "content_part.added", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert reply.body.startswith(b"event: response.created\ndata: ")
    assert b"[DONE]" not in reply.body
    final = reply.events[-1]["response"]
    assert final["output"] == [e["item"] for e in reply.events if e["type"].endswith("item.done")]
    assert all(e["response"]["usage"] is None for e in reply.events[:2])


def test_thinking_is_sealed_for_who_asks_for_that(chatgpt, play):
    play([{"respond": {"thinking": "hm" * 8, "text": "Hi"}}])
    bare = chatgpt.responses.create(**asking(), store=False)
    sealed = chatgpt.responses.create(**asking(), store=False, include=["reasoning.encrypted_content"])
    assert bare.output[0].encrypted_content is None
    assert sealed.output[0].encrypted_content.startswith(f"simulated.{MODEL}.")
    assert sealed.output[0].summary[0].text == "hm" * 8
    assert sealed.usage.output_tokens_details.reasoning_tokens == 4


def test_a_tool_loop_plays_to_its_end(chatgpt, play):
    play(TURN)
    items: list[object] = [said("user", "map it")]
    body = {"model": MODEL, "tools": [READ, PATCH], "store": False}
    with chatgpt.responses.stream(**body, input=items) as stream:
        first = stream.get_final_response()
    thought, call, custom = first.output
    assert (call.type, call.name, call.arguments) == ("function_call", "read", '{"path":"a/b/c/page.tsx"}')
    assert (custom.type, custom.name, custom.input) == ("custom_tool_call", "patch", "*** Begin Patch")
    items += [item.to_dict() for item in (thought, call, custom)]
    items[-2].pop("parsed_arguments", None)
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": "import x"})
    items.append({"type": "custom_tool_call_output", "call_id": custom.call_id, "output": "Done"})
    assert chatgpt.responses.create(**body, input=items).output_text == "Mapped."


def test_tools_in_the_conversation_are_tools(web, play):
    """As Codex sends them for the newer models: no `tools` of the request, namespaces inside an item."""
    play(TURN)
    tools = [{"type": "namespace", "name": "functions", "tools": [READ, PATCH]}]
    group = {"type": "additional_tools", "role": "developer", "tools": tools}
    bare = web("POST", PATH, asking([said("user", "map it")])).json
    assert [item["type"] for item in bare["output"]] == ["message"]
    reply = web("POST", PATH, asking([group, said("user", "map it")])).json
    assert [item["type"] for item in reply["output"]] == ["reasoning", "function_call", "custom_tool_call"]


def test_a_call_can_name_its_namespace(web, play):
    call = {"name": "spawn_agent", "namespace": "collaboration", "input": {"task_name": "look"}}
    play([{"respond": {"tool_calls": [call]}}])
    (item,) = web("POST", PATH, asking(tools=[READ])).json["output"]
    assert (item["namespace"], item["name"]) == ("collaboration", "spawn_agent")


@pytest.mark.parametrize(
    "behind",
    [
        (),
        (said("user", "<skill>\n<name>m</name>\n<path>/s/SKILL.md</path>\n# M\n</skill>"),),
        (said("developer", "<multi_agent_mode>none</multi_agent_mode>"),),
        (said("user", "<turn_aborted>by the user</turn_aborted>"),),
    ],
)
def test_what_codex_writes_in_the_users_name_is_no_prompt(web, play, behind):
    play([{"match": {"prompt": "^go on$"}, "respond": {"text": "Yes."}}])
    around = said("user", "# AGENTS.md instructions for /p", "<environment_context>x</environment_context>")
    items = [said("developer", "You are Codex"), around, said("user", "go on"), *behind]
    assert web("POST", PATH, asking(items)).json["output"][0]["content"][0]["text"] == "Yes."


def test_a_subagents_task_is_its_prompt_and_what_it_says_in_the_end_is_none(web, play):
    play(
        [
            {"match": {"agent": True, "prompt": "^Look around.$"}, "respond": {"text": "child"}},
            {"match": {"agent": False, "prompt": "^go$", "last_user": "Found"}, "respond": {"text": "root"}},
        ]
    )
    heading = {"type": "input_text", "text": "Message Type: NEW_TASK\nPayload:\n"}
    sealed = {"type": "encrypted_content", "encrypted_content": "Look around."}
    task = {"type": "agent_message", "author": "/root", "content": [heading, sealed]}
    found = {"type": "input_text", "text": "Message Type: FINAL_ANSWER\nPayload:\nFound"}
    back = {"type": "agent_message", "author": "/root/look", "content": [found]}
    parent = {"x-codex-parent-thread-id": "t-0"}
    child = web("POST", PATH, asking([task]), CODEX | parent).json
    root = web("POST", PATH, asking([said("user", "go"), back]), CODEX).json
    assert [r["output"][0]["content"][0]["text"] for r in (child, root)] == ["child", "root"]


def test_the_log_knows_session_agent_and_kind(web, sim):
    web("POST", PATH, asking(), CODEX)
    web("POST", PATH, asking(max_output_tokens=50), CODEX | {"x-codex-parent-thread-id": "t-0"})
    main, child = sim.log
    assert (main.api, main.session, main.agent, main.request_class) == ("responses", "s-1", "", "turn")
    assert (child.agent, child.max_tokens) == ("t-1", 50)


def test_an_answer_that_reaches_its_limit_is_incomplete(chatgpt):
    response = chatgpt.responses.create(**asking(), max_output_tokens=3)
    assert (response.status, response.usage.output_tokens) == ("incomplete", 3)
    assert response.incomplete_details.reason == "max_output_tokens"
    stream = chatgpt.responses.create(**asking(), max_output_tokens=3, stream=True)
    assert [event.type for event in stream][-1] == "response.incomplete"


def test_the_second_prompt_reads_whole_blocks_of_the_first(chatgpt):
    prompt = "x" * 4_800

    def cached(text: str, **fields: object) -> int:
        usage = chatgpt.responses.create(**(asking(text) | fields)).usage
        return usage.input_tokens_details.cached_tokens

    assert cached(prompt) == 0
    assert cached(prompt + "y" * 4_800) == 1_152
    assert cached(prompt, model="gpt-6-luna") == 0
    assert cached(prompt, prompt_cache_key="another") == 0
    assert cached(prompt, reasoning={"effort": "high"}) == 0


def test_ids_of_items_are_not_part_of_what_is_cached(web):
    def cached(id: str) -> int:
        item = {"id": id, **said("user", "x" * 4_800)}
        usage = web("POST", PATH, asking([item])).json["usage"]
        return usage["input_tokens_details"]["cached_tokens"]

    assert (cached("msg_1"), cached("msg_2")) == (0, 1_152)


@pytest.mark.parametrize(
    ("form", "wanted"), [("full", (False, True)), ("repeated", (True, True)), ("missing", (False, False))]
)
def test_usage_can_be_repeated_or_missing(web, play, form, wanted):
    play([{"respond": {"usage_form": form}}])
    events = web("POST", PATH, asking(stream=True)).events
    reported = [bool(e["response"].get("usage")) for e in events if "response" in e]
    assert tuple(reported[1:]) == wanted


def test_a_stream_can_fail_half_way(chatgpt, play):
    play([{"respond": {"text": "x" * 200, "sse_error": {"type": "server_error", "message": "Asleep"}}}])
    events = list(chatgpt.responses.create(**asking(), stream=True))
    assert events[-1].type == "response.failed"
    assert (events[-1].response.error.code, events[-1].response.error.message) == ("server_error", "Asleep")
    assert events[-1].response.usage is None
    with pytest.raises(openai.InternalServerError):
        chatgpt.responses.create(**asking())


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"status": 429}, 429, "rate_limit_exceeded"),
        ({"status": 429, "error": {"type": "insufficient_quota"}}, 429, "insufficient_quota"),
        ({"status": 500, "error": "broken"}, 500, None),
    ],
)
def test_scripted_errors_have_the_protocols_shape(chatgpt, play, fields, status, code):
    play([{"respond": fields}])
    with pytest.raises(openai.APIStatusError) as caught:
        chatgpt.responses.create(**asking())
    assert (caught.value.status_code, caught.value.body["code"]) == (status, code)
    assert caught.value.request_id.startswith("req_")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"input": "a"}, "model: Field required"),
        ({"model": MODEL}, "input: Field required"),
        (asking(""), "input: Field required"),
        (asking(5), "input: Input should be"),
        (asking([5]), "input.0: Input should be"),
        (asking([{"id": "x"}]), "input.0.type: Field required"),
        (asking([{"role": "tool", "content": "a"}]), "input.0.role"),
        (asking([{"role": "user", "content": [{"text": "a"}]}]), "input.0.content.0.type"),
        (asking([{"type": "function_call_output", "output": "a"}]), "input.0.call_id"),
        (asking(max_output_tokens=0), "max_output_tokens"),
        (asking(previous_response_id="resp_1"), "previous_response_id: not found"),
    ],
)
def test_a_bad_body_is_refused(web, body, message):
    reply = web("POST", PATH, body, KEY)
    assert reply.status == 400
    assert message in reply.json["error"]["message"]
    assert reply.json["error"]["type"] == "invalid_request_error"


def test_items_of_kinds_that_are_not_known_pass(web):
    items = [said("user", "go"), {"type": "of_tomorrow", "x": [1]}, {"type": "item_reference", "id": "a"}]
    assert web("POST", PATH, asking(items)).status == 200


def test_nothing_is_stored(chatgpt):
    response = chatgpt.responses.create(**asking(), store=True)
    assert response.store is False
    with pytest.raises(openai.NotFoundError):
        chatgpt.responses.retrieve(response.id)


def test_the_answer_says_which_model_gave_it(web, play):
    assert web("POST", PATH, asking()).headers["openai-model"] == MODEL
    play([{"respond": {"model": "gpt-6-luna"}}])
    assert web("POST", PATH, asking()).headers["openai-model"] == "gpt-6-luna"
    play([{"respond": {"headers": {"openai-model": "x"}}}])
    assert web("POST", PATH, asking()).headers["openai-model"] == "x"


def test_a_text_as_input_is_an_object_in_other_protocols(web, chatgpt, claude, play):
    play([{"respond": {"tool_calls": [{"name": "patch", "input": "***", "namespace": "n"}]}}])
    tool = {"name": "patch", "input_schema": {"type": "object"}}
    message = web.ask(tools=[tool]).json
    assert message["content"][0]["input"] == {"input": "***"}
    function = {"type": "function", "function": {"name": "patch"}}
    body = {"model": MODEL, "messages": [{"role": "user", "content": "a"}], "tools": [function]}
    completion = web("POST", "/v1/chat/completions", body).json
    assert completion["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == '{"input":"***"}'
