"""Control: what a person may ask of a running gateway, on loopback and from no web page.

    GET  /tierwise/offers                every offer that is kept, newest first
    POST /tierwise/offers/ID             {"answer": accept|hold|pause, "scope": call|session, "session": …}
    POST /tierwise/sessions/ID/export    writes the session's conversation to a file, and says where
    GET  /tierwise/budgets               every budget as it stands, as `budget show --json`; ?session=ID
    GET  /tierwise/status                how the gateway and a session stand; ?session=ID (`gateway.status`)
    POST /tierwise/quotas                a status line's JSON: its `rate_limits` feed percent budgets

The server listens on loopback only. A page in a browser can still send requests there, so a request whose
`Host` is no loopback name, or whose `Origin` is another page's, is refused, and a POST must be of JSON, which
no page may send elsewhere unasked. Errors are JSON: `{"type": "error", "error": {"type", "message"}}`.

Source: rules.md section 4, "Consent"; research/platform.md section F2.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from tierwise.core.offers import KeptOffer
from tierwise.core.quotas import QuotaReading
from tierwise.errors import StoreError
from tierwise.gateway.contexts import Contexts
from tierwise.gateway.forecasts import Forecasts
from tierwise.gateway.headers import Raw, by_name
from tierwise.gateway.replies import Reply, error_reply, json_reply
from tierwise.gateway.status import Status
from tierwise.router.offers import AnswerError, Offers
from tierwise.wire.quotas import readings_in_status

PREFIX: Final = "/tierwise/"
_OFFERS: Final = "/tierwise/offers"
_QUOTAS: Final = "/tierwise/quotas"
_BUDGETS: Final = "/tierwise/budgets"
_STATUS: Final = "/tierwise/status"
_EXPORT: Final = re.compile(r"/tierwise/sessions/(?P<session>.+)/export")
_ANSWER: Final = re.compile(r"/tierwise/offers/(?P<id>[\w-]{1,64})")
_UNSAFE_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]+")
MAX_SESSION_CHARACTERS: Final = 200
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class _AnswerIn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an answer."""

    answer: str
    scope: Literal["call", "session"] = "call"
    session: str | None = None


_answer: Final = msgspec.json.Decoder(_AnswerIn)


@dataclass(frozen=True, slots=True)
class Control:
    """The control API. `exports` is the folder that conversations are written to; None: they cannot be.

    `hear` takes what a status line says of the platform's quotas; `forecasts` tell how budgets stand,
    `status` how the gateway and each session do.
    """

    offers: Offers
    contexts: Contexts
    exports: Path | None
    now_us: Callable[[], int]
    hear: Callable[[tuple[QuotaReading, ...]], None]
    forecasts: Forecasts
    status: Status

    async def reply_to(
        self, method: str, path: str, headers: list[Raw], body: bytes, query: bytes = b""
    ) -> Reply:
        """The answer to one request; never raises for what stands in it."""
        refused = not_from_here(method, headers)
        if refused is not None:
            return refused
        try:
            return await self._reply_to(method, path, body, query)
        except AnswerError as error:
            return error_reply(404 if error.reason == "unknown" else 400, f"tierwise: {error}")
        except msgspec.MsgspecError as error:
            return error_reply(400, f"tierwise: the body is no answer: {error}")
        except (StoreError, OSError) as error:
            return error_reply(500, f"tierwise: {error}")

    async def _reply_to(self, method: str, path: str, body: bytes, query: bytes) -> Reply:
        if path == _OFFERS:
            listed = [as_json(offer) for offer in reversed(self.offers.all())]
            return json_reply(200, {"offers": listed}) if method == "GET" else _only("GET")
        if answered := _ANSWER.fullmatch(path):
            return self._answered(answered["id"], body) if method == "POST" else _only("POST")
        if exported := _EXPORT.fullmatch(path):
            return await self._exported(exported["session"]) if method == "POST" else _only("POST")
        if path == _QUOTAS:
            return self._heard(body) if method == "POST" else _only("POST")
        if path == _BUDGETS:
            return await self._budgets(query) if method == "GET" else _only("GET")
        if path == _STATUS:
            return await self._stands(query) if method == "GET" else _only("GET")
        return error_reply(404, f"tierwise: there is no {path[:200]}")

    async def _budgets(self, query: bytes) -> Reply:
        session = _session_in(query)
        if isinstance(session, Reply):
            return session
        return json_reply(200, await self.forecasts.document(session))

    async def _stands(self, query: bytes) -> Reply:
        session = _session_in(query)
        if isinstance(session, Reply):
            return session
        return json_reply(200, await self.status.document((session or "")[:MAX_SESSION_CHARACTERS]))

    def _heard(self, body: bytes) -> Reply:
        readings = readings_in_status(msgspec.json.decode(body), self.now_us())
        self.hear(readings)
        return json_reply(200, {"quotas": {reading.name: reading.used for reading in readings}})

    def _answered(self, id: str, body: bytes) -> Reply:
        said = _answer.decode(body)
        return json_reply(200, as_json(self.offers.answer(id, said.answer, said.scope, said.session)))

    async def _exported(self, session: str) -> Reply:
        content = self.contexts.export(session)
        if content is None:
            why = (
                "has made no request since the gateway began, or too many others have since"
                if self.contexts.keeps
                else "is not kept: the gateway runs with --no-keep-context"
            )
            return error_reply(404, f"tierwise: the conversation of the session {session[:200]} {why}")
        if self.exports is None:
            return error_reply(409, "tierwise: this gateway has no home folder to write to")
        name = _UNSAFE_IN_NAMES.sub("-", session)[:80].strip("-") or "session"
        path = self.exports / f"{name}-{self.now_us()}.json"
        await asyncio.to_thread(_write, path, content)
        return json_reply(200, {"session": session, "path": str(path), "bytes": len(content)})


def as_json(offer: KeptOffer) -> dict[str, Any]:
    """The offer as JSON values; `at` is in seconds since the epoch."""
    told = asdict(offer)
    del told["used_in"], told["heard"], told["at_us"]
    return {**told, "at": offer.at_us / 1_000_000}


def _write(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read, in a folder that only its owner may enter."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)


def _session_in(query: bytes) -> str | Reply | None:
    """The session that is asked for, None without one; the refusal of anything else that is asked."""
    asked = parse_qs(query.decode("latin-1"))
    if unknown := sorted(asked.keys() - {"session"}):
        return error_reply(400, f"tierwise: `{unknown[0][:60]}` is not understood here, only `session`")
    return asked.get("session", [None])[-1]


def _only(method: str) -> Reply:
    return error_reply(405, f"tierwise: only {method} is understood here", {"allow": method})


def not_from_here(method: str, headers: list[Raw]) -> Reply | None:
    """Why the request is not listened to; None if it comes from this machine and from no foreign page."""
    named: Mapping[str, str] = by_name(headers)
    hosts = [value.decode("latin-1") for name, value in headers if name.lower() == b"host"]
    if len(hosts) != 1 or not _is_loopback(f"//{hosts[0]}"):
        return error_reply(403, "tierwise: the Host is no loopback name")
    origin = named.get("origin")
    if origin is not None and not _is_loopback(origin):
        return error_reply(403, "tierwise: requests of other pages are not listened to")
    if named.get("sec-fetch-site", "none") == "cross-site":
        return error_reply(403, "tierwise: requests of other pages are not listened to")
    kind = named.get("content-type", "").partition(";")[0].strip().lower()
    if method == "POST" and kind != "application/json":
        return error_reply(415, "tierwise: send JSON, with `content-type: application/json`")
    return None


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:
        return False
