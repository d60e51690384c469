"""Servers: the application on a loopback port, in the running event loop or in a thread of its own.

    async with Simulator() as simulator: ...       with RunningSimulator() as simulator: ...

Ready when the block is entered, gone when it is left: open connections are dropped, nothing is waited for.

Source: research/perf.md; design.md, "Parts chosen".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Final, Self

from tierwise.errors import TierwiseError, UpstreamError
from tierwise.serving import LoopbackServer
from tierwise.simulator.app import SimulatorApp, create_app
from tierwise.simulator.caches import standing_still
from tierwise.simulator.log import LogEntry, LogFile
from tierwise.simulator.script import DEFAULT, Script

STOP_WITHIN_S: Final = 5.0


class Simulator:
    """The provider on a loopback port, for as long as its block lasts.

    Port 0 takes a free one. `log_path` names a file that entries are appended to as JSON lines, `log` is
    called with each entry; `now_s` is the clock of the prompt caches, in seconds (the default stands
    still); `keep_bodies` keeps request bodies in the log. Entering raises UpstreamError if the port is
    taken and StoreError if the file cannot be written.
    """

    def __init__(
        self,
        port: int = 0,
        script: Script = DEFAULT,
        log_path: Path | None = None,
        *,
        log: Callable[[LogEntry], None] | None = None,
        now_s: Callable[[], float] = standing_still,
        keep_bodies: bool = False,
    ) -> None:
        self._log_path = log_path
        self._log = log
        self._file: LogFile | None = None
        self._app: SimulatorApp = create_app(script, log=self._noted, now_s=now_s, keep_bodies=keep_bodies)
        self._server = LoopbackServer(self._app, port)

    @property
    def url(self) -> str:
        """Where clients find it, without a trailing slash."""
        return self._server.url

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def log(self) -> list[LogEntry]:
        """What was asked and answered so far, oldest first."""
        return self._app.log.entries()

    def play(self, script: Script) -> None:
        """Go on with another script; log, numbers and caches stay."""
        self._app.play(script)

    def reset(self) -> None:
        """Be as at the start, with the script that plays now."""
        self._app.reset()

    async def __aenter__(self) -> Self:
        self._file = LogFile(self._log_path) if self._log_path else None
        try:
            await self._server.__aenter__()
        except UpstreamError:
            self._close_file()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.__aexit__(kind, error, trace)
        self._close_file()

    def _noted(self, entry: LogEntry) -> None:
        if self._file is not None:
            self._file.append(entry)
        if self._log is not None:
            self._log(entry)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()


class RunningSimulator:
    """A Simulator in a thread, for code without an event loop; its arguments and errors are the same."""

    def __init__(
        self,
        port: int = 0,
        script: Script = DEFAULT,
        log_path: Path | None = None,
        *,
        log: Callable[[LogEntry], None] | None = None,
        now_s: Callable[[], float] = standing_still,
        keep_bodies: bool = False,
    ) -> None:
        self._simulator = Simulator(port, script, log_path, log=log, now_s=now_s, keep_bodies=keep_bodies)
        self._ready: Future[asyncio.AbstractEventLoop] = Future()
        self._stop = asyncio.Event()
        self._thread = Thread(target=self._run, name="tierwise-simulator", daemon=True)

    @property
    def url(self) -> str:
        """Where clients find it, without a trailing slash."""
        return self._simulator.url

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._simulator.port

    @property
    def log(self) -> list[LogEntry]:
        """What was asked and answered so far, oldest first."""
        return self._simulator.log

    def play(self, script: Script) -> None:
        """Go on with another script; log, numbers and caches stay."""
        self._in_loop(lambda: self._simulator.play(script))

    def reset(self) -> None:
        """Be as at the start, with the script that plays now."""
        self._in_loop(self._simulator.reset)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ready.result().call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_WITHIN_S)
        assert not self._thread.is_alive(), "the simulator did not stop"

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            if not self._ready.done():
                self._ready.set_exception(UpstreamError(f"{self.url}: the simulator did not start"))

    async def _serve(self) -> None:
        try:
            await self._simulator.__aenter__()
        except TierwiseError as error:
            self._ready.set_exception(error)
            return
        self._ready.set_result(asyncio.get_running_loop())
        await self._stop.wait()
        await self._simulator.__aexit__(None, None, None)

    def _in_loop(self, change: Callable[[], None]) -> None:
        """Make a change between two requests, and wait until it is made."""

        async def make() -> None:
            change()

        asyncio.run_coroutine_threadsafe(make(), self._ready.result()).result(STOP_WITHIN_S)
