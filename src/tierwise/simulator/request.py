"""Requests: what a client asked, read once from method, target, headers and bytes.

Any path prefix may stand before `/v1`: clients use it as a tag of the project. Two protocols share
`/v1/models`; who sends `anthropic-version` gets the answers of that one.

Source: research/clients.md sections 2, 11 and 12.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

import msgspec

Api = Literal["messages", "count_tokens", "chat", "responses", "models", "other"]
Shape = Literal["anthropic", "openai"]

_ROUTE: Final = re.compile(
    r"^.*/v1/(messages/count_tokens|messages|chat/completions|responses|models)(?:/(.+))?$"
)
_APIS: Final[dict[str, Api]] = {
    "messages": "messages",
    "messages/count_tokens": "count_tokens",
    "chat/completions": "chat",
    "responses": "responses",
    "models": "models",
}
_OPENAI: Final[frozenset[Api]] = frozenset({"chat", "responses"})
_BODIES: Final[frozenset[Api]] = frozenset({"messages", "count_tokens", "chat", "responses"})
_LIMITS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_SECRETS: Final = frozenset({"x-api-key", "authorization", "proxy-authorization", "cookie"})
_BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Request:
    """One request, the `n`-th since the start. Header names are lower case.

    `body` is empty unless it is a JSON object; `body_problem` then says why, and is "" otherwise.
    `model_id` is what stands behind `/v1/models/`.
    """

    n: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw: bytes
    api: Api
    body: Mapping[str, object]
    body_problem: str = ""
    model_id: str = ""

    @property
    def target(self) -> str:
        """Path and query as they were sent."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def shape(self) -> Shape:
        """The protocol that the caller speaks."""
        if self.api in _OPENAI or (self.api == "models" and "anthropic-version" not in self.headers):
            return "openai"
        return "openai" if self.api == "other" and "/v1/responses" in self.path else "anthropic"

    @property
    def model(self) -> str:
        """The model asked for; "" if none is named."""
        return _text(self.body.get("model"))

    @property
    def streams(self) -> bool:
        """Whether the answer is to come as events."""
        return self.body.get("stream") is True

    @property
    def max_tokens(self) -> int | None:
        """The most tokens that the answer may have; None without a bound."""
        for key in _LIMITS:
            value = self.body.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        return None

    @property
    def effort(self) -> str:
        """The effort asked for the whole request; "" if the request is silent."""
        for holder in (self.body.get("output_config"), self.body.get("reasoning")):
            if isinstance(holder, Mapping):
                return _text(holder.get("effort"))
        return _text(self.body.get("reasoning_effort"))

    @property
    def cache_key(self) -> str:
        """What the client keeps its prompt cache under, where the protocol has such a key; "" without one."""
        return _text(self.body.get("prompt_cache_key")) if self.api in _OPENAI else ""

    @property
    def credential(self) -> str:
        """A fingerprint of the API key or token; "" if there is none."""
        secret = self.headers.get("x-api-key", "").strip() or _bearer(self.headers.get("authorization", ""))
        return fingerprint(secret) if secret else ""

    @property
    def agent(self) -> str:
        """The subagent that asks; "" for the main loop."""
        if "x-codex-parent-thread-id" in self.headers:
            return self.headers.get("thread-id", "")
        return self.headers.get("x-claude-code-agent-id", "")

    @property
    def request_class(self) -> str:
        """What the client says the request is for (main, subagent, auxiliary, …); "" if it does not say.

        Codex has its own words: `turn`, `compaction`.
        """
        named = self.headers.get("x-claude-code-request-class", "")
        return named or _member(self.headers.get("x-codex-turn-metadata", ""), "request_kind")

    @property
    def session(self) -> str:
        """The client's session, from its header or its metadata; "" if unknown."""
        for name in ("x-claude-code-session-id", "x-session-id", "session-id"):
            if self.headers.get(name):
                return self.headers[name]
        return _session_in(self.body.get("metadata"))

    @property
    def stem(self) -> str:
        """What every id in the answer ends with: the number and the content of the request, nothing else."""
        return f"{self.n:06d}{hashlib.sha256(self.raw).hexdigest()[:16]}"


def read_request(
    n: int, method: str, path: str, query: str, headers: Iterable[tuple[bytes, bytes]], raw: bytes
) -> Request:
    """The request that these bytes make; never fails, a body that is no JSON object is named as a problem."""
    route = _ROUTE.match(path)
    word, rest = (route[1], route[2] or "") if route else ("", "")
    api = _APIS.get(word, "other") if word == "models" or not rest else "other"
    body, problem = _body_of(raw) if api in _BODIES else ({}, "")
    return Request(n, method, path, query, _headers_of(headers), raw, api, body, problem, rest)


def fingerprint(secret: str) -> str:
    """Twelve hex digits that stand for a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with every credential replaced by its fingerprint."""
    return {
        name: f"fingerprint:{fingerprint(_bearer(value) or value)}" if name in _SECRETS else value
        for name, value in headers.items()
    }


def _headers_of(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _body_of(raw: bytes) -> tuple[Mapping[str, object], str]:
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return {}, f"The request body is not valid JSON: {error}"
    if not isinstance(body, dict):
        return {}, "The request body must be a JSON object"
    return cast("dict[str, object]", body), ""


def _session_in(metadata: object) -> str:
    """`metadata.user_id` is a JSON object in a string, at least from the client that matters here."""
    user = metadata.get("user_id") if isinstance(metadata, Mapping) else None
    return _member(user, "session_id") if isinstance(user, str) else ""


def _member(text: str, key: str) -> str:
    """A text in the JSON object that stands in a text; "" if there is none."""
    try:
        parts = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return _text(parts.get(key)) if isinstance(parts, dict) else ""


def _bearer(authorization: str) -> str:
    return authorization[len(_BEARER) :].strip() if authorization[: len(_BEARER)].lower() == _BEARER else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
