"""Refusals: errors in the shape and the words of each protocol, by status.

Source: research/clients.md section 7; rules.md section 12.
"""

from __future__ import annotations

from typing import Final

from tierwise.simulator.answers import Answer, event, json_answer
from tierwise.simulator.request import Request
from tierwise.simulator.script import Fault

_ANTHROPIC_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_OPENAI_TYPES: Final[dict[int, tuple[str, str | None]]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    405: ("invalid_request_error", "method_not_supported"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("requests", "rate_limit_exceeded"),
}
_MESSAGES: Final = {
    401: "No credential: send x-api-key or a bearer token; the simulator takes any",
    429: "Too many requests",
    529: "Overloaded",
}


def refusal(request: Request, status: int, fault: Fault) -> Answer:
    """The error answer in the caller's protocol; what the fault leaves open comes from the status."""
    return json_answer(_body(request, status, fault), status)


def error_event(request: Request, fault: Fault) -> bytes:
    """The error as an event in a stream that has begun."""
    status = status_of(fault)
    if request.shape == "openai":
        return event(_body(request, status, fault))
    return event({"type": "error", "error": _anthropic_error(status, fault)}, "error")


def response_error(fault: Fault) -> dict[str, object]:
    """The error in a response that failed."""
    return {"code": fault.type or "server_error", "message": _message(status_of(fault), fault)}


def status_of(fault: Fault) -> int:
    """The status that the fault's type belongs to; 500 for one that is not known."""
    return next((status for status, name in _ANTHROPIC_TYPES.items() if name == fault.type), 500)


def _body(request: Request, status: int, fault: Fault) -> dict[str, object]:
    if request.shape == "openai":
        kind, code = _OPENAI_TYPES.get(status, ("server_error", None))
        kind = fault.type or kind
        message = _message(status, fault)
        return {"error": {"message": message, "type": kind, "param": None, "code": _code(kind, code)}}
    error = _anthropic_error(status, fault)
    return {"type": "error", "error": error, "request_id": f"req_{request.stem}"}


def _anthropic_error(status: int, fault: Fault) -> dict[str, object]:
    kind = fault.type or _ANTHROPIC_TYPES.get(status, "api_error")
    return {"type": kind, "message": _message(status, fault)}


def _message(status: int, fault: Fault) -> str:
    return fault.message or _MESSAGES.get(status, f"Simulated error {status}")


def _code(kind: str, code: str | None) -> str | None:
    """Quota is the one type that is its own code."""
    return kind if kind == "insufficient_quota" else code
