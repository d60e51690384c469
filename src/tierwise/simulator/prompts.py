"""Prompts: a request as the ordered pieces that a prompt cache sees.

    tools → system → messages, block by block; a string is one text block
    tools → instructions → input, item by item, without the ids that clients and providers give them

A mark (`cache_control`) says where to cache and is not part of what is cached, so that a client may move it.
The protocol's own limits on marks are checked here, where the marks are read.

Source: research/clients.md sections 2 and 11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tierwise.simulator.caches import TTL_1H_S, TTL_5M_S, Piece
from tierwise.simulator.request import Request
from tierwise.simulator.tokens import canonical

MAX_BREAKPOINTS: Final = 4
_MARK: Final = "cache_control"
_NAMES: Final = frozenset({"id", "status"})
_TTLS: Final = {"5m": TTL_5M_S, "1h": TTL_1H_S}


def messages_pieces(request: Request) -> list[Piece]:
    """The pieces of a Messages request with their breakpoints, in the order of the cache."""
    pieces = list(_anthropic_pieces(request.body))
    ttl_s = _ttl_of(request.body.get(_MARK))
    if ttl_s is not None and pieces:
        pieces[-1] = Piece(pieces[-1].content, ttl_s)
    return pieces


def chat_pieces(request: Request) -> list[Piece]:
    """The pieces of a Chat Completions request; its cache takes no breakpoints."""
    parts = [*_items(request.body.get("tools")), *_items(request.body.get("messages"))]
    return [Piece(canonical(part)) for part in parts]


def responses_pieces(request: Request) -> list[Piece]:
    """The pieces of a Responses request; its cache takes no breakpoints."""
    body = request.body
    parts = [*_items(body.get("tools")), *_items(body.get("instructions")), *_items(body.get("input"))]
    return [Piece(canonical(_without_names(part))) for part in parts]


def cache_seed(request: Request) -> bytes:
    """What keeps prompt caches apart: protocol, model, effort and credential; a key, where there is one."""
    apart: list[object] = [request.api, request.model, request.effort, request.credential, request.cache_key]
    if request.api == "responses":
        apart.append(request.body.get("text"))
    return canonical(apart)


def breakpoint_problem(pieces: Sequence[Piece]) -> str:
    """What the protocol forbids about these breakpoints; "" if nothing."""
    ttls = [piece.ttl_s for piece in pieces if piece.ttl_s is not None]
    if len(ttls) > MAX_BREAKPOINTS:
        return f"A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided. Found {len(ttls)}."
    if ttls != sorted(ttls, reverse=True):
        return "A cache_control block with ttl='1h' must not come after one with ttl='5m'."
    return ""


def _anthropic_pieces(body: Mapping[str, object]) -> Iterator[Piece]:
    for tool in _items(body.get("tools")):
        yield _piece("tool", tool)
    for block in _items(body.get("system")):
        yield _piece("system", block)
    for message in _items(body.get("messages")):
        if isinstance(message, Mapping):
            yield from _message_pieces(message)


def _message_pieces(message: Mapping[str, object]) -> Iterator[Piece]:
    """The blocks of a message; settings that stand on the message itself are a piece of their own."""
    role = str(message.get("role"))
    for block in _items(message.get("content")):
        yield _piece(role, block)
    settings = {key: value for key, value in message.items() if key not in ("role", "content", _MARK)}
    if settings:
        yield _piece(role, settings)


def _piece(role: str, block: object) -> Piece:
    if isinstance(block, str):
        block = {"type": "text", "text": block}
    if not isinstance(block, Mapping):
        return Piece(canonical([role, block]))
    bare = _without_mark(block)
    inner = block.get("content")
    if isinstance(inner, list):
        bare["content"] = [_without_mark(item) if isinstance(item, Mapping) else item for item in inner]
    return Piece(canonical([role, bare]), _ttl_in(block))


def _without_names(item: object) -> object:
    """An item without what no model is shown."""
    if not isinstance(item, Mapping):
        return item
    return {key: value for key, value in item.items() if key not in _NAMES}


def _without_mark(block: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in block.items() if key != _MARK}


def _ttl_in(block: Mapping[str, object]) -> int | None:
    """The lifetime marked on the block, or on one of the blocks that a tool result holds."""
    holders = [block, *(item for item in _items(block.get("content")) if isinstance(item, Mapping))]
    return next((ttl for holder in holders if (ttl := _ttl_of(holder.get(_MARK))) is not None), None)


def _ttl_of(mark: object) -> int | None:
    """The lifetime that a mark asks for, in seconds; None without a mark."""
    if not isinstance(mark, Mapping):
        return None
    return _TTLS.get(str(mark.get("ttl", "5m")), TTL_5M_S)


def _items(value: object) -> list[object]:
    """The blocks in a list; a string counts as one, nothing as none."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) and value else []
