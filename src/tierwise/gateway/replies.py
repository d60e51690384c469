"""Replies: the answers that the gateway gives itself, in the provider's own shape.

    {"type": "error", "error": {"type": …, "message": what, where, and how to mend it}}

A refusal is 429 with `x-should-retry: false`: a client shows the message once and neither retries nor hangs.
Never 400 for a budget: clients take that for a request that they could mend.

Source: rules.md section 12; research/clients.md section 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tierwise.core.questions import Refusal

ERROR_TYPES: Final = {
    400: "invalid_request_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "billing_error",
    502: "api_error",
    504: "timeout_error",
}
OPTIONS: Final = {
    "accept": "accept the lower tier",
    "hold": "hold the tier",
    "wait": "wait for the reset",
    "switch": "switch to a cheaper tier",
    "export": "export the context and go on elsewhere",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: status, JSON body, and headers beside the content type."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Reply:  # noqa: ANN401
    """A reply with this value as its body."""
    return Reply(status, msgspec.json.encode(value), headers or {})


def error_reply(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error in Anthropic's shape."""
    error = {"type": ERROR_TYPES[status], "message": message}
    return json_reply(status, {"type": "error", "error": error}, headers)


def refusal_reply(refusal: Refusal, headers: Mapping[str, str]) -> Reply:
    """A call that must not be made: why, until when, and what can be done."""
    resets = f" It resets {refusal.resets}." if refusal.resets else ""
    options = ", ".join(OPTIONS[option] for option in refusal.options if option in OPTIONS)
    message = f"tierwise: {refusal.text}.{resets} You can: {options}."
    return error_reply(429, message, {**headers, "x-should-retry": "false"})
