"""The Messages protocol: an answer as JSON, or as the stream of events that real clients expect.

    message_start ─ (content_block_start ─ delta… ─ content_block_stop)… ─ message_delta ─ message_stop
    usage of the prompt, output 1                                          cumulative usage

Source: research/clients.md sections 2, 7 and 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tierwise.simulator.answers import Answer, broken_off, event, formed, json_answer, metered, stream_answer
from tierwise.simulator.caches import CacheUse
from tierwise.simulator.content import Block, Call, Content, Stop, deltas, sealed
from tierwise.simulator.refusals import error_event
from tierwise.simulator.request import Request
from tierwise.simulator.script import Respond
from tierwise.simulator.tokens import canonical

_STOPS: Mapping[Stop, str] = {"end": "end_turn", "tool": "tool_use", "length": "max_tokens"}
_CUMULATIVE = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


def messages_answer(request: Request, respond: Respond, content: Content, use: CacheUse) -> Answer:
    """The answer to a Messages request, streamed if it asked for that."""
    usage = _usage(respond, content, use)
    if not request.streams:
        return metered(json_answer(_message(request, respond, content, usage)), usage, use)
    events = [event(data, str(data["type"])) for data in _events(request, respond, content, usage)]
    if respond.sse_error is not None:
        events = broken_off(events, error_event(request, respond.sse_error))
    return metered(stream_answer(events), usage, use)


def _usage(respond: Respond, content: Content, use: CacheUse) -> dict[str, object]:
    """The usage at the end of the answer, in the protocol's words; what the script says is laid over it."""
    usage: dict[str, object] = {
        "input_tokens": use.fresh,
        "cache_creation_input_tokens": use.write,
        "cache_read_input_tokens": use.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": use.write_5m,
            "ephemeral_1h_input_tokens": use.write_1h,
        },
        "output_tokens": content.tokens,
        "service_tier": "standard",
    }
    return formed(usage | dict(respond.usage), respond.usage_form)


def _message(
    request: Request, respond: Respond, content: Content, usage: Mapping[str, object]
) -> dict[str, object]:
    message = _envelope(request, respond)
    message["content"] = [
        _block(block, index, request, respond) for index, block in enumerate(content.blocks)
    ]
    message["stop_reason"] = _stop_reason(respond, content)
    return message | _reported(usage)


def _envelope(request: Request, respond: Respond) -> dict[str, object]:
    return {
        "id": f"msg_{request.stem}",
        "type": "message",
        "role": "assistant",
        "model": respond.model or request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _events(
    request: Request, respond: Respond, content: Content, usage: Mapping[str, object]
) -> Iterator[dict[str, object]]:
    begun = dict(usage) | ({"output_tokens": min(1, _output(usage))} if usage else {})
    yield {"type": "message_start", "message": _envelope(request, respond) | _reported(begun)}
    yield {"type": "ping"}
    for index, block in enumerate(content.blocks):
        yield from _block_events(_block(block, index, request, respond), index)
    if respond.usage_form == "repeated":
        half = dict(usage) | {"output_tokens": -(-_output(usage) // 2)}
        yield _message_delta(None, half)
    yield _message_delta(_stop_reason(respond, content), usage)
    yield {"type": "message_stop"}


def _message_delta(stop_reason: str | None, usage: Mapping[str, object]) -> dict[str, object]:
    cumulative = {key: usage[key] for key in _CUMULATIVE if key in usage}
    delta = {"stop_reason": stop_reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": delta} | _reported(cumulative)


def _block_events(block: Mapping[str, object], index: int) -> Iterator[dict[str, object]]:
    """Start, deltas and stop of one block; the start shows the block empty."""
    hollow = {"text": "", "thinking": "", "signature": "", "input": {}}
    start = {key: hollow.get(key, value) for key, value in block.items()}
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in _block_deltas(block):
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _block_deltas(block: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": part} for part in deltas(str(block["text"])))
    elif block["type"] == "thinking":
        yield from ({"type": "thinking_delta", "thinking": part} for part in deltas(str(block["thinking"])))
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        text = canonical(block["input"]).decode()
        yield from ({"type": "input_json_delta", "partial_json": part} for part in ("", *deltas(text)))


def _block(block: Block, index: int, request: Request, respond: Respond) -> dict[str, object]:
    if isinstance(block, Call):
        call_id = block.id or f"toolu_{request.stem}{index:02d}"
        return {"type": "tool_use", "id": call_id, "name": block.name, "input": block.arguments}
    if block.hidden:
        signature = sealed(respond.model or request.model, block.text)
        return {"type": "thinking", "thinking": block.text, "signature": signature}
    return {"type": "text", "text": block.text}


def _stop_reason(respond: Respond, content: Content) -> str:
    return respond.stop_reason or _STOPS[content.stop]


def _output(usage: Mapping[str, object]) -> int:
    output = usage.get("output_tokens")
    return output if isinstance(output, int) else 0


def _reported(usage: Mapping[str, object]) -> dict[str, object]:
    return {"usage": dict(usage)} if usage else {}
