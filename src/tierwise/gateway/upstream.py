"""The upstream: the one provider that the gateway talks to, over pooled connections.

Source: research/perf.md (the HTTP client decides what a relay costs); design.md, "Parts chosen".
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from tierwise.errors import UpstreamError
from tierwise.gateway.makers import place_of

CONNECT_WITHIN_S: Final = 10.0
SILENT_FOR_S: Final = 600.0
"""A provider that sends nothing for so long is taken to be gone; they send pings in long silences."""
MAX_CONNECTIONS: Final = 1_000


class UnansweredError(UpstreamError):
    """The request may have reached the provider, and no answer came: it may have been charged."""


class Upstream:
    """The provider at `url`, which may have a path of its own in front of `/v1/…`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise UpstreamError(
                f"`{url}` is no upstream: give `simulator` or a URL like https://api.anthropic.com"
            )
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_WITHIN_S, sock_read=SILENT_FOR_S),
            auto_decompress=False,
            skip_auto_headers=("user-agent", "accept", "content-type", "accept-encoding"),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None, "left before it was entered"
        await self._session.close()

    async def send(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> aiohttp.ClientResponse:
        """The provider's answer, its body still to come; the caller closes it. `target` is path and query.

        Raises UpstreamError if the provider cannot be reached, UnansweredError if it breaks off.
        """
        assert self._session is not None, "not entered"
        try:
            return await self._session.request(
                method,
                URL(place_of(self.url, target, headers), encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise UpstreamError(f"the provider at {self.url} cannot be reached: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = str(error) or type(error).__name__
            raise UnansweredError(f"the provider at {self.url} did not answer: {why}") from error
