"""The Chat Completions protocol: an answer as JSON, or as chunks up to `[DONE]`.

Usage comes in a chunk of its own, and only if the request asks with `stream_options.include_usage`.

Source: research/clients.md section 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tierwise.simulator.answers import Answer, broken_off, event, formed, json_answer, metered, stream_answer
from tierwise.simulator.caches import CacheUse
from tierwise.simulator.content import Call, Content, Stop, Text, deltas
from tierwise.simulator.refusals import error_event
from tierwise.simulator.request import Request
from tierwise.simulator.script import Respond
from tierwise.simulator.tokens import canonical

_STOPS: Mapping[Stop, str] = {"end": "stop", "tool": "tool_calls", "length": "length"}
_DONE = "[DONE]"


def chat_answer(request: Request, respond: Respond, content: Content, use: CacheUse) -> Answer:
    """The answer to a Chat Completions request, streamed if it asked for that."""
    usage = _usage(respond, content, use)
    if not request.streams:
        return metered(json_answer(_completion(request, respond, content, usage)), usage, use)
    events = [*map(event, _chunks(request, respond, content, usage)), event(_DONE)]
    if respond.sse_error is not None:
        events = broken_off(events, error_event(request, respond.sse_error))
    return metered(stream_answer(events), usage, use)


def _usage(respond: Respond, content: Content, use: CacheUse) -> dict[str, object]:
    """The usage of the answer, in the protocol's words; what the script says is laid over it."""
    usage: dict[str, object] = {
        "prompt_tokens": use.prompt,
        "completion_tokens": content.tokens,
        "total_tokens": use.prompt + content.tokens,
        "prompt_tokens_details": {"cached_tokens": use.read},
        "completion_tokens_details": {"reasoning_tokens": content.thinking_tokens},
    }
    return formed(usage | dict(respond.usage), respond.usage_form)


def _completion(
    request: Request, respond: Respond, content: Content, usage: Mapping[str, object]
) -> dict[str, object]:
    calls = _calls(request, content)
    message: dict[str, object] = {"role": "assistant", "content": _text(content), "refusal": None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(respond, content)}
    completion = _envelope(request, respond, "chat.completion") | {"choices": [choice]}
    return completion | ({"usage": dict(usage)} if usage else {})


def _chunks(
    request: Request, respond: Respond, content: Content, usage: Mapping[str, object]
) -> Iterator[dict[str, object]]:
    envelope = _envelope(request, respond, "chat.completion.chunk")
    wanted = _wants_usage(request) and bool(usage)
    on_each = {"usage": dict(usage) if respond.usage_form == "repeated" else None} if wanted else {}
    for delta in _deltas(request, content):
        yield envelope | {"choices": [_choice(delta, None)]} | on_each
    yield envelope | {"choices": [_choice({}, _finish(respond, content))]} | on_each
    if wanted:
        yield envelope | {"choices": [], "usage": dict(usage)}


def _deltas(request: Request, content: Content) -> Iterator[Mapping[str, object]]:
    yield {"role": "assistant", "content": "", "refusal": None}
    yield from ({"content": part} for part in deltas(_text(content) or ""))
    for index, call in enumerate(_calls(request, content)):
        function = call["function"]
        assert isinstance(function, Mapping)
        opening = call | {"index": index, "function": {"name": function["name"], "arguments": ""}}
        yield {"tool_calls": [opening]}
        for part in deltas(str(function["arguments"])):
            yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}


def _envelope(request: Request, respond: Respond, kind: str) -> dict[str, object]:
    model = respond.model or request.model
    return {
        "id": f"chatcmpl-{request.stem}",
        "object": kind,
        "created": 0,
        "model": model,
        "system_fingerprint": None,
    }


def _choice(delta: Mapping[str, object], finish: str | None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _calls(request: Request, content: Content) -> list[dict[str, object]]:
    return [
        {
            "id": block.id or f"call_{request.stem}{index:02d}",
            "type": "function",
            "function": {"name": block.name, "arguments": canonical(block.arguments).decode()},
        }
        for index, block in enumerate(content.blocks)
        if isinstance(block, Call)
    ]


def _text(content: Content) -> str | None:
    """What the user reads; None if there is nothing. Thinking is counted, never shown."""
    said = [block.text for block in content.blocks if isinstance(block, Text) and not block.hidden]
    return "".join(said) if said else None


def _finish(respond: Respond, content: Content) -> str:
    return respond.stop_reason or _STOPS[content.stop]


def _wants_usage(request: Request) -> bool:
    options = request.body.get("stream_options")
    return isinstance(options, Mapping) and options.get("include_usage") is True
