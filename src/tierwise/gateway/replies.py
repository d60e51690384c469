"""Replies: the answers that the gateway gives itself, in the provider's own shape.

    Messages                      {"type": "error", "error": {"type": …, "message": what, how to mend it}}
    Chat Completions, Responses   {"error": {"type": …, "code": …, "message": …, "param": null}}

A refusal is 429 with `x-should-retry: false`: a client shows the message once and neither retries nor hangs.
Never 400 for a budget: clients take that for a request that they could mend. Codex says "Quota exceeded" for
a quota, whatever the message; it shows ours for a limit of usage that was reached, if a header repeats it.
opencode tries a 429 six times in over a minute, whatever the headers say, but a 402 once.

Source: rules.md section 12; research/clients.md sections 7 and 11; tried with Codex 0.169.0 and opencode
1.18.33.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tierwise.core.questions import Refusal
from tierwise.wire.clients import Client

ERROR_TYPES: Final = {
    400: "invalid_request_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "billing_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
OPENAI_TYPES: Final = {429: "insufficient_quota", 500: "server_error"}
REFUSED: Final[dict[Client, int]] = {"opencode": 402}
"""The status of a refusal, for clients that would try again at a 429."""
CODEX_LIMIT: Final = "usage_limit_reached"
CODEX_WORDS: Final = "x-codex-promo-message"
"""What Codex shows its user of a limit that was reached; it goes on with ", or try again later."."""
ErrorShape = Callable[[int, str], dict[str, Any]]
"""An error's body in a protocol, from status and message."""

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


def anthropic_error(status: int, message: str) -> dict[str, Any]:
    """An error as Messages has it."""
    return {"type": "error", "error": {"type": ERROR_TYPES[status], "message": message}}


def openai_error(status: int, message: str) -> dict[str, Any]:
    """An error as OpenAI's routes have it; a quota is its own code."""
    kind = OPENAI_TYPES.get(status, OPENAI_TYPES[500] if status >= 500 else "invalid_request_error")
    code = kind if status == 429 else None
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def error_reply(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    shape: ErrorShape = anthropic_error,
) -> Reply:
    """An error in the protocol's shape."""
    return json_reply(status, shape(status, message), headers)


def refusal_reply(
    refusal: Refusal,
    headers: Mapping[str, str],
    how_to_answer: str = "",
    shape: ErrorShape = anthropic_error,
    *,
    client: Client = "",
) -> Reply:
    """A call that must not be made: why, until when, what can be done, and how to say so."""
    message = refusal_message(refusal, how_to_answer)
    headers = {**headers, "x-should-retry": "false"}
    body = shape(429, message)
    if client == "codex":
        body["error"]["type"] = CODEX_LIMIT
        headers[CODEX_WORDS] = message.rstrip(".")
    return json_reply(REFUSED.get(client, 429), body, headers)


def refusal_message(refusal: Refusal, how_to_answer: str = "") -> str:
    """Why a call must not be made, as a person reads it."""
    resets = f" It resets {refusal.resets}." if refusal.resets else ""
    options = ", ".join(OPTIONS[option] for option in refusal.options if option in OPTIONS)
    return f"tierwise: {refusal.text}.{resets} You can: {options}. {how_to_answer}".rstrip()
