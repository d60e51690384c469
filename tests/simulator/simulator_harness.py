"""What the simulator's tests speak with: bare HTTP, a clock to set, and small request bodies."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
KEY = {"x-api-key": "sk-dummy", "content-type": "application/json"}


@dataclass
class Clock:
    """A clock that tests set."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Reply:
    """What came back over the socket."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The data of every event, read as JSON where it is JSON."""
        datas = [line[6:] for line in self.body.decode().splitlines() if line.startswith("data: ")]
        return [data if data == "[DONE]" else json.loads(data) for data in datas]


class Web:
    """Bare HTTP to a loopback port: it shows what an SDK would hide."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] = KEY
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, raw, dict(headers))
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def ask(self, text: str = "hello", headers: Mapping[str, str] = KEY, **fields: object) -> Reply:
        """One Messages request with this prompt."""
        return self("POST", "/v1/messages", asking(text, **fields), headers)


def asking(text: str = "hello", **fields: object) -> dict[str, object]:
    """A Messages body with this prompt."""
    messages = [{"role": "user", "content": text}]
    return {"model": HAIKU, "max_tokens": 1_000, "messages": messages, **fields}
