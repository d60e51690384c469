"""Doctor at the gateway: whether one runs, since when, in front of what, and what it has to complain about.

Source: rules.md section 3 (modes, alarms); design.md, "The shape".
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from tierwise import wiring
from tierwise.cli.doctor_lines import Line
from tierwise.cli.moments import local_minute
from tierwise.clients.connection_records import connections
from tierwise.clients.plans import table
from tierwise.core.figures import counted
from tierwise.errors import TierwiseError
from tierwise.gateway.presence import url_of_gateway

USUAL_URL: Final = "http://127.0.0.1:8787"
ANSWERS_WITHIN_S: Final = 5.0
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
SECTION: Final = "gateway"
MODE_REMEDY: Final = "tierwise config explain mode says who set it; tierwise config set mode enforce"
NOT_READ: Final = "outside the allowed skill roots"
"""What an alarm says of a skill that the gateway may not open."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from an address: the status, 0 if nobody answers, and the JSON object in the body."""

    status: int
    json: Mapping[str, Any] = field(default_factory=dict)


NOBODY: Final = Answer(0)


def asked(
    url: str, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """What the address answers; never raises for what is said or not said there."""
    parts = urlsplit(url)
    named = {"content-type": "application/json", **(headers or {})}
    raw = b"" if body is None else json.dumps(body).encode()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ANSWERS_WITHIN_S)
    try:
        connection.request(method, path, raw, named)
        response = connection.getresponse()
        content = response.read(MAX_ANSWER_BYTES)
    except (OSError, http.client.HTTPException, ValueError):
        return NOBODY
    finally:
        connection.close()
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    return Answer(response.status, value if isinstance(value, dict) else {})


@dataclass(frozen=True, slots=True)
class Found:
    """The gateway that was looked for at `url`. `about` is what it says of itself, empty if none runs."""

    url: str
    about: Mapping[str, Any] = field(default_factory=dict)
    other_program: bool = False

    @property
    def runs(self) -> bool:
        """Whether a gateway of ours answers."""
        return bool(self.about)


def found_at(url: str | None) -> Found:
    """The gateway at `url`; None: where the running one says that it is, else where clients look for it."""
    where = url or url_of_gateway(wiring.home_dir()) or _connected() or USUAL_URL
    if urlsplit(where).scheme != "http" or not urlsplit(where).hostname:
        return Found(USUAL_URL)
    answer = asked(where, "GET", "/tierwise/status")
    about = table(answer.json, "gateway")
    return Found(where, about, other_program=bool(answer.status) and not about)


def _connected() -> str:
    """Where the first client that is connected looks for it; "" if none is."""
    try:
        return next((one.url for one in connections(wiring.home_dir())), "")
    except TierwiseError:
        return ""


def gateway_lines(found: Found, version: str) -> Iterator[Line]:
    """How the gateway is."""
    if not found.runs:
        yield _missing(found)
        return
    about = found.about
    upstream = "the simulator" if about.get("simulator") else str(about.get("upstream"))
    since = _minute(about.get("since_us"))
    text = f"{found.url} since {since}, in front of {upstream}, {_calls(about)}"
    yield Line(SECTION, "running", "ok", text, facts={"url": found.url, **about})
    yield _version(str(about.get("version")), version)
    yield _mode(str(about.get("mode")))
    yield _store(str(about.get("store")))
    alarms = [one for one in _list(about.get("alarms")) if NOT_READ not in _text(one)]
    yield _alarms(alarms)
    yield _unread([one for one in _list(about.get("alarms")) if NOT_READ in _text(one)])


def _missing(found: Found) -> Line:
    if found.other_program:
        text = f"another program answers at {found.url}"
        return Line(SECTION, "running", "fail", text, "Choose another port: tierwise serve --port 8788")
    port = urlsplit(found.url).port or 80
    start = "tierwise serve" if port == 8787 else f"tierwise serve --port {port}"
    return Line(SECTION, "running", "warn", f"none answers at {found.url}", f"Start it: {start}")


def _version(its: str, ours: str) -> Line:
    if its == ours:
        return Line(SECTION, "version", "ok", its)
    text = f"the gateway is {its}, this command is {ours}"
    return Line(SECTION, "version", "warn", text, "Start the gateway again")


def _mode(mode: str) -> Line:
    if mode == "enforce":
        return Line(SECTION, "mode", "ok", "enforce: calls go where they are decided to go")
    does = "decides and records, but changes nothing" if mode == "observe" else "decides nothing"
    return Line(SECTION, "mode", "warn", f"{mode}: it {does}", MODE_REMEDY)


def _store(store: str) -> Line:
    if store != "memory":
        return Line(SECTION, "store", "ok", store)
    text = "in memory: all records are gone when the gateway ends"
    return Line(SECTION, "store", "warn", text, "Start the gateway without --store memory")


def _alarms(alarms: list[Any]) -> Line:
    if not alarms:
        return Line(SECTION, "alarms", "ok", "none in the last day")
    newest = alarms[-1]
    when = _minute(newest.get("at_us")) if isinstance(newest, dict) else "?"
    text = f"{counted(len(alarms), 'alarm')} in the last day; the newest, at {when}: {_text(newest)}"
    remedy = "tierwise doctor --json lists all of them; tierwise audit --last 5 shows calls"
    return Line(SECTION, "alarms", "warn", text, remedy, {"alarms": alarms})


def _unread(alarms: list[Any]) -> Line:
    if not alarms:
        return Line(SECTION, "skills", "ok", "none in use lay outside the allowed roots in the last day")
    text = f"{counted(len(alarms), 'skill')} could not be read: {_text(alarms[-1])}"
    remedy = "Name the folder when you start it: tierwise serve --skill-root FOLDER"
    return Line(SECTION, "skills", "warn", text, remedy, {"alarms": alarms})


def _calls(about: Mapping[str, Any]) -> str:
    calls = about.get("calls")
    return counted(calls, "call") + " so far" if isinstance(calls, int) else "its calls unknown"


def _minute(at_us: object) -> str:
    return local_minute(at_us) if isinstance(at_us, int) and 0 <= at_us < 2**52 else "an unknown moment"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(alarm: object) -> str:
    return str(alarm.get("text")) if isinstance(alarm, dict) else str(alarm)
