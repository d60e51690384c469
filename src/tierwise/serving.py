"""Serving: an ASGI application on a loopback port, in the running event loop, without a word of its own.

    async with LoopbackServer(app, port=0) as server: ... server.url

Ready when the block is entered, gone when it is left: open connections are dropped, nothing is waited for.
Uvicorn's HTTP protocol serves without uvicorn's server around it, so no signal handler is set and no global
logger is touched. What uvicorn lacks is a limit on how long a client may take to send its headers: a
connection that has not sent them after `HEADERS_WITHIN_S` is closed.

Source: research/perf.md; design.md, "Parts chosen".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tierwise.errors import UpstreamError

LOOPBACK: Final = "127.0.0.1"
HEADERS_WITHIN_S: Final = 30.0
KEEP_ALIVE_S: Final = 75
"""Longer than SDKs keep idle connections, so that it is they who close them."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_SILENT: Final = logging.getLogger("tierwise.serving")
_SILENT.setLevel(logging.CRITICAL + 1)


class _Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, silent, and with a deadline for the headers."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _SILENT
        self.access_log = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        assert isinstance(transport, asyncio.Transport), "a stream has a transport that writes"
        super().connection_made(transport)
        self._expect_headers()

    def on_message_begin(self) -> None:
        """A request has begun."""
        super().on_message_begin()
        self._expect_headers()

    def on_headers_complete(self) -> None:
        """The headers are there."""
        self._expect_nothing()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_WITHIN_S, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class LoopbackServer:
    """An application on a loopback port, for as long as its block lasts. Port 0 takes a free one.

    Entering raises UpstreamError if the port is taken.
    """

    def __init__(self, app: App, port: int = 0) -> None:
        self.port = port
        self._app = app
        self._state = ServerState()
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where clients find it, without a trailing slash."""
        return f"http://{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> Self:
        config = _config_of(self._app)
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                lambda: _Protocol(config, self._state, {}), LOOPBACK, self.port
            )
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            message = f"{self.url}: the port cannot be used: {why}. Take another one, or 0 for any"
            raise UpstreamError(message) from error
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listener is not None, "left before it was entered"
        self._listener.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._listener.wait_closed()


def _config_of(app: App) -> uvicorn.Config:
    """Uvicorn's settings for this application, loaded; its loggers are left alone."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    config.load()
    return config
