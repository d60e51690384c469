"""The Responses protocol: an answer as JSON, or as the stream of events that real clients expect.

    response.created ─ response.in_progress ─ (output_item.added ─ … deltas ─ output_item.done)… ─ its end
                                                                                            │
    response.completed, or response.incomplete where a limit cut it, or response.failed ◄───┘  with the usage

There is no `[DONE]`. Thinking is an item of its own, sealed for the client to send back; a call of a
function carries JSON, one of a custom tool plain text. Nothing is stored: who refers to what was said before
must send it.

Source: research/clients.md section 11; the event types of `openai` 3.54.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from tierwise.simulator.answers import Answer, event, formed, json_answer, metered, stream_answer
from tierwise.simulator.caches import CacheUse
from tierwise.simulator.content import Block, Call, Content, deltas, sealed
from tierwise.simulator.refusals import response_error
from tierwise.simulator.request import Request
from tierwise.simulator.script import Respond
from tierwise.simulator.tokens import canonical

MODEL_HEADER: Final = "openai-model"
"""Says which model answers; Codex compares it with the one that it asked for."""

_SEALED: Final = "reasoning.encrypted_content"
_Fields = dict[str, object]


def responses_answer(request: Request, respond: Respond, content: Content, use: CacheUse) -> Answer:
    """The answer to a Responses request, streamed if it asked for that."""
    usage = _usage(respond, content, use)
    items = [_item(block, index, request, respond) for index, block in enumerate(content.blocks)]
    done = _ended(request, respond, content) | {"output": items, "usage": usage or None}
    if request.streams:
        events = list(_events(request, respond, items, done))
        answer = stream_answer(
            event({**data, "sequence_number": number}, str(data["type"]))
            for number, data in enumerate(events)
        )
    else:
        answer = json_answer(done)
    named = ((MODEL_HEADER, respond.model or request.model),)
    return metered(replace(answer, headers=named), usage, use)


def _usage(respond: Respond, content: Content, use: CacheUse) -> _Fields:
    """The usage of the answer, in the protocol's words; what the script says is laid over it."""
    usage: _Fields = {
        "input_tokens": use.prompt,
        "input_tokens_details": {"cached_tokens": use.read, "cache_write_tokens": use.write},
        "output_tokens": content.tokens,
        "output_tokens_details": {"reasoning_tokens": content.thinking_tokens},
        "total_tokens": use.prompt + content.tokens,
    }
    return formed(usage | dict(respond.usage), respond.usage_form)


def _events(
    request: Request, respond: Respond, items: list[_Fields], done: _Fields
) -> Iterator[Mapping[str, object]]:
    begun = _envelope(request, respond)
    yield {"type": "response.created", "response": begun}
    early = done["usage"] if respond.usage_form == "repeated" else None
    yield {"type": "response.in_progress", "response": begun | {"usage": early}}
    if respond.sse_error is not None:
        items = items[: len(items) // 2]
        failed = {"status": "failed", "error": response_error(respond.sse_error), "output": items}
        done = begun | failed
    for index, item in enumerate(items):
        yield from _item_events(item, index)
    yield {"type": f"response.{done['status']}", "response": done}


def _item_events(item: _Fields, index: int) -> Iterator[_Fields]:
    at: _Fields = {"item_id": item["id"], "output_index": index}
    hollow = {"content": [], "summary": [], "arguments": "", "input": ""}
    begun = {key: hollow.get(key, value) for key, value in item.items()}
    if "status" in item:
        begun["status"] = "in_progress"
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    kind = item["type"]
    if kind == "message":
        yield from _text_events(item, at)
    elif kind == "reasoning":
        yield from _summary_events(item, at)
    elif kind == "function_call":
        yield from _call_events("response.function_call_arguments", "arguments", item, at)
    else:
        yield from _call_events("response.custom_tool_call_input", "input", item, at)
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _text_events(item: _Fields, at: _Fields) -> Iterator[_Fields]:
    content = item["content"]
    assert isinstance(content, list)
    (part,) = content
    at = at | {"content_index": 0}
    text = str(part["text"])
    yield {"type": "response.content_part.added", **at, "part": part | {"text": ""}}
    for delta in deltas(text):
        yield {"type": "response.output_text.delta", **at, "delta": delta, "logprobs": []}
    yield {"type": "response.output_text.done", **at, "text": text, "logprobs": []}
    yield {"type": "response.content_part.done", **at, "part": part}


def _summary_events(item: _Fields, at: _Fields) -> Iterator[_Fields]:
    summary = item["summary"]
    assert isinstance(summary, list)
    (part,) = summary
    at = at | {"summary_index": 0}
    text = str(part["text"])
    yield {"type": "response.reasoning_summary_part.added", **at, "part": part | {"text": ""}}
    for delta in deltas(text):
        yield {"type": "response.reasoning_summary_text.delta", **at, "delta": delta}
    yield {"type": "response.reasoning_summary_text.done", **at, "text": text}
    yield {"type": "response.reasoning_summary_part.done", **at, "part": part}


def _call_events(kind: str, key: str, item: _Fields, at: _Fields) -> Iterator[_Fields]:
    text = str(item[key])
    for delta in deltas(text):
        yield {"type": f"{kind}.delta", **at, "delta": delta}
    yield {"type": f"{kind}.done", **at, key: text}


def _item(block: Block, index: int, request: Request, respond: Respond) -> _Fields:
    if isinstance(block, Call):
        return _call(block, index, request)
    if block.hidden:
        summary = [{"type": "summary_text", "text": block.text}]
        thought: _Fields = {"id": f"rs_{request.stem}{index:02d}", "type": "reasoning", "summary": summary}
        wanted = request.body.get("include")
        seal = sealed(respond.model or request.model, block.text)
        sealing = isinstance(wanted, list) and _SEALED in wanted
        return thought | ({"encrypted_content": seal} if sealing else {})
    part = {"type": "output_text", "text": block.text, "annotations": [], "logprobs": []}
    return {
        "id": f"msg_{request.stem}{index:02d}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }


def _call(block: Call, index: int, request: Request) -> _Fields:
    place = {"namespace": block.namespace} if block.namespace else {}
    call_id = block.id or f"call_{request.stem}{index:02d}"
    named: _Fields = {"call_id": call_id, "name": block.name, **place}
    if isinstance(block.input, str):
        return {
            "id": f"ctc_{request.stem}{index:02d}",
            "type": "custom_tool_call",
            **named,
            "input": block.input,
        }
    arguments = canonical(block.input).decode()
    called = {"id": f"fc_{request.stem}{index:02d}", "type": "function_call", "status": "completed"}
    return {**called, **named, "arguments": arguments}


def _ended(request: Request, respond: Respond, content: Content) -> _Fields:
    """The response at its end: cut short by a limit, or for the reason that the script gives, or complete."""
    reason = respond.stop_reason or ("max_output_tokens" if content.stop == "length" else "")
    if not reason:
        return _envelope(request, respond) | {"status": "completed"}
    details = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    return _envelope(request, respond) | details


def _envelope(request: Request, respond: Respond) -> _Fields:
    """The response before anything was said; what the request set is told again."""
    body = request.body
    return {
        "id": f"resp_{request.stem}",
        "object": "response",
        "created_at": 0,
        "status": "in_progress",
        "model": respond.model or request.model,
        "output": [],
        "usage": None,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": request.max_tokens,
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "prompt_cache_key": request.cache_key or None,
        "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
        "store": False,
        "temperature": 1.0,
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
    }
