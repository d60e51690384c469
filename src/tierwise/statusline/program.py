"""The status line: one line under the client's prompt, from the gateway, or from what was known last.

    stdin (the client's JSON) ──► GET /tierwise/status?session=… ──► page-mapper · opus→haiku, preferred · …
                             ├──► POST /tierwise/quotas (its `rate_limits`)
                             └──► the user's own status line, which is shown first

It runs every few hundred milliseconds, so it is a program of its own: it imports nothing else of tierwise
and little of the standard library, and waits for nobody for long. Without a gateway it shows the last line
that it had of this session, with its age, else what the client itself says. Whatever it is given, it ends
with exit code 0 and a line: an error here would be seen where people work.

Source: design.md, "The shape" (installer); research/clients.md section 5.
"""

from __future__ import annotations

import json
import os
import sys
import time

from tierwise.statusline.asking import left, object_of, status_of
from tierwise.statusline.line import COLOURS, WIDEST, fitted, parts_of
from tierwise.statusline.previous import Previous

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tierwise.statusline.asking import Object

STDIN_WITHIN_S = 1.0
MAX_STDIN_BYTES = 1024 * 1024


def run(*, as_json: bool) -> None:
    """Print the status line, or what it was made from."""
    raw = _stdin()
    said = object_of(raw)
    previous = Previous(said, raw)
    status, source, age_s = status_of(said)
    line = fitted(parts_of(status, source, age_s, said), _width(), _colour(status, as_json))
    shown = previous.output()
    if as_json:
        told = {"line": line, "source": source, "age_s": age_s, "status": status, "previous": shown}
        text = json.dumps(told, indent=2)
    else:
        text = f"{shown.rstrip()}\n{line}" if shown.strip() else line
    sys.stdout.buffer.write(f"{text}\n".encode(errors="replace"))
    sys.stdout.flush()


def _width() -> int:
    asked = os.environ.get("COLUMNS", "")
    return int(asked) or WIDEST if asked.isascii() and asked.isdigit() and len(asked) < 6 else WIDEST


def _colour(status: Object, as_json: bool) -> str:
    plain = as_json or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return "" if plain else COLOURS.get(str(status.get("zone")), "")


def _stdin() -> bytes:
    """What the client says; what there is of it after `STDIN_WITHIN_S`, nothing from a terminal."""
    try:
        descriptor = sys.stdin.fileno()
        if os.isatty(descriptor):
            return b""
    except (OSError, ValueError, AttributeError):
        return b""
    raw, until = b"", time.monotonic() + STDIN_WITHIN_S
    while len(raw) < MAX_STDIN_BYTES and _readable(descriptor, until):
        try:
            part = os.read(descriptor, 65_536)
        except OSError:
            break
        if not part:
            break
        raw += part
    return raw


def _readable(descriptor: int, until: float) -> bool:
    if os.name != "posix":
        return True
    import select

    return bool(select.select([descriptor], [], [], left(until))[0])
