"""Notices: what a person should hear about once, sent to wherever they want to hear it.

    a zone is entered, an offer is made  ──►  log line · webhook · desktop      (beside the response header)

A notice holds names, figures and the offer; never a word of a prompt. Nobody waits for it: it goes into a
queue of `MAX_WAITING`, and one task sends from it, each within `SEND_WITHIN_S`. What cannot be sent is an
alarm, not an error: the call that it is about goes on.

Source: rules.md section 4, "Entering yellow and red is notified once"; seed A§2.3.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import aiohttp

from tierwise.files.notify_block import NotifySpec

MAX_WAITING: Final = 100
SEND_WITHIN_S: Final = 2.0
LEAVE_WITHIN_S: Final = 3.0
"""How long what still waits may take when the gateway ends."""
TITLE: Final = "tierwise"
_APPLESCRIPT: Final = (
    "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: `kind` is zone or offer, `text` one sentence; names are None where there are none.

    `offer` is the id that an answer names, `options` the answers. `at` is in seconds since the epoch.
    """

    kind: str
    text: str
    zone: str
    budget: str | None
    skill: str | None
    session: str
    at: float
    offer: str | None = None
    options: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The notice as one line for a log or a desktop."""
        answer = f" {how_to_answer(self.offer, self.options)}" if self.offer else ""
        return "".join(c if c.isprintable() else " " for c in self.text + answer)

    def as_json(self) -> dict[str, Any]:
        """The notice as a webhook gets it."""
        return asdict(self)


def how_to_answer(id: str, options: tuple[str, ...]) -> str:
    """How the user answers the offer, in one sentence."""
    answers = "|".join(option for option in options if option != "wait")
    return f"Answer with `tierwise answer {id} {answers}`."


Alarm = Callable[[str], None]
"""Takes one line about what went wrong."""


class Notices:
    """Sends notices for as long as its block lasts; `log` gets each as a line."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._waiting: asyncio.Queue[tuple[Notice, NotifySpec, Alarm]] = asyncio.Queue(MAX_WAITING)
        self._sender: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._sender = asyncio.create_task(self._send_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._sender is not None, "left before it was entered"
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await self._waiting.join()
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    def tell(self, notice: Notice, to: NotifySpec, alarm: Alarm) -> None:
        """Log the notice and hand it on; never waits, never raises. `alarm` is told if it cannot be sent."""
        self._log(notice.line)
        if to.webhook is None and not to.desktop:
            return
        try:
            self._waiting.put_nowait((notice, to, alarm))
        except asyncio.QueueFull:
            alarm(f"more than {MAX_WAITING} notices wait to be sent: one was dropped")

    async def _send_all(self) -> None:
        """Send what waits, one after the other."""
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=SEND_WITHIN_S), cookie_jar=aiohttp.DummyCookieJar()
        ) as client:
            while True:
                notice, to, alarm = await self._waiting.get()
                try:
                    if to.webhook is not None:
                        await _post(client, to.webhook, notice, alarm)
                    if to.desktop:
                        await _show(notice, alarm)
                finally:
                    self._waiting.task_done()


async def _post(client: aiohttp.ClientSession, url: str, notice: Notice, alarm: Alarm) -> None:
    """POST the notice; the alarm names the host only, for the rest of such a URL is a secret."""
    host = urlsplit(url).hostname or "?"
    try:
        async with client.post(url, json=notice.as_json(), allow_redirects=False) as response:
            if not 200 <= response.status < 300:
                alarm(f"the webhook at {host} answered {response.status} to a notice")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        alarm(f"a notice did not reach the webhook at {host}: {type(error).__name__}")


async def _show(notice: Notice, alarm: Alarm) -> None:
    """Show the notice on the desktop, by the program that the system has for it."""
    command = desktop_command(notice.line, sys.platform)
    if command is None:
        alarm("notices cannot be shown: neither notify-send nor osascript is installed")
        return
    try:
        await _run(command)
    except (OSError, TimeoutError, RuntimeError) as error:
        alarm(f"a notice could not be shown: {command[0]}: {str(error) or type(error).__name__}")


def desktop_command(text: str, platform: str) -> list[str] | None:
    """The command that shows the text; None if the system has none. The text is an argument, never code."""
    if platform == "darwin":
        program = shutil.which("osascript")
        return [program, "-e", _APPLESCRIPT, TITLE, text] if program else None
    program = shutil.which("notify-send")
    return [program, "--app-name", TITLE, "--", TITLE, text] if program else None


async def _run(command: list[str]) -> None:
    """Run the command within its time. Raises RuntimeError if it fails, TimeoutError if it hangs."""
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    try:
        async with asyncio.timeout(SEND_WITHIN_S):
            code = await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if code != 0:
        raise RuntimeError(f"exit code {code}")
