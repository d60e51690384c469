"""Checks: what a provider refuses before it answers, in the words of its own protocol.

Only what the protocol requires is checked. Fields that are not known pass, as do mid-conversation system
messages and settings on messages: clients run ahead of any list.

Source: research/clients.md sections 2, 11 and 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tierwise.simulator.content import seal_of
from tierwise.simulator.prompts import breakpoint_problem, messages_pieces
from tierwise.simulator.request import Api, Request

_REQUIRED: Final[dict[Api, tuple[tuple[str, type, str], ...]]] = {
    "messages": (
        ("model", str, "a valid string"),
        ("messages", list, "a valid list"),
        ("max_tokens", int, "a valid integer"),
    ),
    "count_tokens": (("model", str, "a valid string"), ("messages", list, "a valid list")),
    "chat": (("model", str, "a valid string"), ("messages", list, "a valid list")),
    "responses": (("model", str, "a valid string"),),
}
_ROLES: Final[dict[Api, frozenset[str]]] = {
    "messages": frozenset({"user", "assistant", "system"}),
    "count_tokens": frozenset({"user", "assistant", "system"}),
    "chat": frozenset({"user", "assistant", "system", "developer", "tool", "function"}),
    "responses": frozenset({"user", "assistant", "system", "developer"}),
}
_FORGOTTEN: Final = ("previous_response_id", "conversation")


def problem_of(request: Request) -> str:
    """What is wrong with the body of a request for an answer or a count; "" if nothing."""
    if request.body_problem:
        return request.body_problem
    if request.api == "responses":
        return _field_problem(request) or _input_problem(request)
    problem = _field_problem(request) or _message_problem(request)
    if problem or request.api == "chat":
        return problem
    return breakpoint_problem(messages_pieces(request))


def thinking_problem(request: Request) -> str:
    """What is wrong with the thinking of an earlier answer, for a model that takes only its own; "" if
    nothing. Expects a body without a problem."""
    if request.api != "messages":
        return ""
    messages = request.body["messages"]
    assert isinstance(messages, list)
    for at, message in enumerate(messages):
        content = message.get("content")
        for index, block in enumerate(content if isinstance(content, list) else ()):
            signed = block["type"] == "thinking"
            if signed and not str(block.get("signature", "")).startswith(seal_of(request.model)):
                return f"messages.{at}.content.{index}: Invalid `signature` in `thinking` block"
    return ""


def _field_problem(request: Request) -> str:
    for name, kind, wanted in _REQUIRED[request.api]:
        value = request.body.get(name)
        if value is None or value == "":
            return f"{name}: Field required"
        if not isinstance(value, kind) or isinstance(value, bool):
            return f"{name}: Input should be {wanted}"
    if request.max_tokens is not None and request.max_tokens < 1:
        return f"{_limit_name(request)}: Input should be greater than or equal to 1"
    return ""


def _limit_name(request: Request) -> str:
    return "max_output_tokens" if request.api == "responses" else "max_tokens"


def _input_problem(request: Request) -> str:
    """What is wrong with the input of a Responses request; items of kinds that are not known pass."""
    for name in _FORGOTTEN:
        if request.body.get(name) is not None:
            return f"{name}: not found. Nothing is stored here: send the whole conversation as `input`"
    items = request.body.get("input")
    if items is None or items in ("", []):
        return "input: Field required"
    if not isinstance(items, str | list):
        return "input: Input should be a valid string or list"
    for at, item in enumerate(items if isinstance(items, list) else ()):
        if not isinstance(item, Mapping):
            return f"input.{at}: Input should be a valid object"
        problem = _item_problem(item)
        if problem:
            return f"input.{at}.{problem}"
    return ""


def _item_problem(item: Mapping[str, object]) -> str:
    kind = item.get("type", "message" if "role" in item else None)
    if not isinstance(kind, str):
        return "type: Field required"
    if kind == "message":
        return _role_problem(item, _ROLES["responses"]) or _content_problem(item)
    if kind in ("function_call_output", "custom_tool_call_output") and not item.get("call_id"):
        return "call_id: Field required"
    return ""


def _message_problem(request: Request) -> str:
    messages = request.body["messages"]
    assert isinstance(messages, list)
    if not messages:
        return "messages: at least one message is required"
    for at, message in enumerate(messages):
        if not isinstance(message, Mapping):
            return f"messages.{at}: Input should be a valid object"
        problem = _role_problem(message, _ROLES[request.api]) or _content_problem(message)
        if problem:
            return f"messages.{at}.{problem}"
    return ""


def _role_problem(message: Mapping[str, object], roles: frozenset[str]) -> str:
    if message.get("role") in roles:
        return ""
    return f"role: Input should be one of {', '.join(sorted(roles))}"


def _content_problem(message: Mapping[str, object]) -> str:
    """Content is text or typed blocks; it may be absent where something else carries the message."""
    content = message.get("content")
    if content is None:
        return "content: Field required" if set(message) <= {"role", "content"} else ""
    if isinstance(content, str):
        return ""
    if not isinstance(content, list):
        return "content: Input should be a valid string or list"
    for at, block in enumerate(content):
        if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
            return f"content.{at}.type: Field required"
    return ""
