"""Bodies: a request's body, read whole within bounds of size and time.

Source: style.md, "Limits"; rules.md section 12.
"""

from __future__ import annotations

import asyncio
from typing import Final

from tierwise.errors import WireError
from tierwise.serving import Message, Receive

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
BODY_WITHIN_S: Final = 120.0


class BodyError(WireError):
    """A body that is too large, too slow, or cut off. `status` is what the client is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def body_of(receive: Receive, most: int = MAX_BODY_BYTES) -> bytes:
    """The whole body. BodyError if it is larger than `most`, too slow, or the client goes away meanwhile."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            while True:
                message: Message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyError(400, "the client went away before its request was complete")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most:
                    raise BodyError(413, f"a request may have {most:,} bytes, this one has more")
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError as error:
        raise BodyError(408, f"the request was not complete after {BODY_WITHIN_S:g} s") from error
