"""Asking: the gateway over loopback, within `GATEWAY_WITHIN_S`; else the status that was heard last.

    $TIERWISE_HOME/gateway.json            where the running gateway listens
    $TIERWISE_HOME/statusline-last.json    {"sessions": {ID: {"at": 1795425000.1, "status": {…}}}}

A socket and five lines of HTTP: the standard library's client would cost more than all the rest.

Source: design.md, "The shape" (installer); research/clients.md section 5.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Object: TypeAlias = dict[str, Any]

GATEWAY_WITHIN_S = 0.4
MAX_ANSWER_BYTES = 256 * 1024
MAX_FILE_BYTES = 256 * 1024
MAX_SESSION_CHARACTERS = 200
KEPT_SESSIONS = 32
KEEP_EVERY_S = 30.0
"""An unchanged status is written again so often, so that its age is right."""
LAST = "statusline-last.json"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
USUAL_URL = "http://127.0.0.1:8787"


def status_of(said: Object) -> tuple[Object, str, float | None]:
    """The status of the client's session, where it is from (gateway, last, client), its age in seconds."""
    session = said.get("session_id")
    session = session[:MAX_SESSION_CHARACTERS] if isinstance(session, str) else ""
    home = home_dir()
    for url in _gateways(home):
        status = _asked(url, session, table(said, "rate_limits"))
        if status is not None:
            if status["parts"]:
                _keep(home, session, status)
            return status, "gateway", 0.0
    last = table(table(file_at(os.path.join(home, LAST)), "sessions"), session)
    status, at = table(last, "status"), number(last.get("at"))
    if status and at is not None:
        return status, "last", round(max(time.time() - at, 0.0), 1)
    return {}, "client", None


def home_dir() -> str:
    """Where tierwise keeps its state, as `tierwise.wiring.home_dir` says; its imports would cost 50 ms."""
    named = os.environ.get("TIERWISE_HOME")
    if named:
        return os.path.expanduser(named)
    if sys.platform.startswith(("linux", "freebsd")):
        data = os.environ.get("XDG_DATA_HOME", "").strip() or os.path.expanduser("~/.local/share")
        return os.path.join(data, "tierwise")
    import platformdirs

    return platformdirs.user_data_dir("tierwise")


# -- the gateway -------------------------------------------------------------------------------------------


def _gateways(home: str) -> list[str]:
    """Where a gateway may listen: where this client's calls go, and where the running one says."""
    said = (os.environ.get("ANTHROPIC_BASE_URL"), file_at(os.path.join(home, "gateway.json")).get("url"))
    return list(dict.fromkeys(filter(None, map(_place, said)))) or [_place(USUAL_URL)]


def _place(url: object) -> str:
    """`127.0.0.1:8787` of a loopback URL; "" for any other."""
    if not isinstance(url, str) or not url.startswith("http://"):
        return ""
    host, colon, port = url[7:].partition("/")[0].rpartition(":")
    fits = host in LOOPBACK and colon and port.isascii() and port.isdigit() and len(port) < 6
    return f"{host}:{port}" if fits and 0 < int(port) < 65_536 else ""


def _asked(place: str, session: str, limits: Object) -> Object | None:
    """What the gateway there says, once it has heard of the limits; None if none of ours answers in time."""
    until = time.monotonic() + GATEWAY_WITHIN_S
    if limits:
        told = json.dumps({"rate_limits": limits})
        if _exchange(place, "POST /tierwise/quotas", told, until) is None:
            return None
    quoted = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else _percent(c) for c in session)
    status = object_of(_exchange(place, f"GET /tierwise/status?session={quoted}", "", until) or b"")
    return status if isinstance(status.get("parts"), list) else None


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode(errors="replace"))


def _exchange(place: str, what: str, body: str, until: float) -> bytes | None:
    """The body of the answer, until that moment; None if nobody answers."""
    host, _, port = place.rpartition(":")
    raw = body.encode()
    request = (
        f"{what} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    ).encode() + raw
    answer = b""
    try:
        with socket.create_connection((host.strip("[]"), int(port)), left(until)) as connection:
            connection.sendall(request)
            while len(answer) < MAX_ANSWER_BYTES:
                connection.settimeout(left(until))
                part = connection.recv(65_536)
                if not part:
                    break
                answer += part
    except OSError:
        return None
    return answer.partition(b"\r\n\r\n")[2] if answer.startswith(b"HTTP/1.1 ") else None


def left(until: float) -> float:
    """The seconds until that moment, and a moment at least."""
    return max(until - time.monotonic(), 0.001)


# -- what was heard last -----------------------------------------------------------------------------------


def _keep(home: str, session: str, status: Object) -> None:
    """Remember the status of this session for when no gateway runs; a failure is of no matter."""
    path = os.path.join(home, LAST)
    sessions = {name: one for name, one in table(file_at(path), "sessions").items() if isinstance(one, dict)}
    known, now = sessions.pop(session, {}), time.time()
    kept = {key: status[key] for key in ("zone", "parts") if key in status}
    if known.get("status") == kept and 0 <= now - (number(known.get("at")) or 0.0) < KEEP_EVERY_S:
        return
    sessions[session] = {"at": round(now, 3), "status": kept}
    text = json.dumps({"sessions": dict(list(sessions.items())[-KEPT_SESSIONS:])})
    beside = f"{path}.{os.getpid()}"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        os.replace(beside, path)
    except OSError:
        return


# -- values that may be anything ---------------------------------------------------------------------------


def file_at(path: str) -> Object:
    """The JSON object in a file; an empty one if there is none."""
    try:
        with open(path, "rb") as stream:
            return object_of(stream.read(MAX_FILE_BYTES))
    except (OSError, ValueError):
        return {}


def object_of(raw: bytes) -> Object:
    """The JSON object in these bytes; an empty one if there is none."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def table(value: object, key: str) -> Object:
    """The object under this key; an empty one if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def number(value: object) -> float | None:
    """The number; None if it is none that can be shown."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e12 < value < 1e12:
        return None
    return float(value)
