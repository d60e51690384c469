"""The log: what was asked and what was answered, one entry a request, credentials as fingerprints.

An entry is written before its answer starts, so whoever has an answer finds it in the log.

Source: research/clients.md sections 2 and 5.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from tierwise.errors import StoreError
from tierwise.simulator.answers import Answer
from tierwise.simulator.request import Request, redacted

MAX_ENTRIES: Final = 2_000


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request and its answer. Texts are "" where the request is silent.

    `path` holds the query too; `rule` is the index of the script's rule, None for the default; `usage` is
    what the answer reports, `cache` the tokens read from and written to the prompt cache; `body_sha256` is
    of the bytes as they came, `body` is only kept on demand.
    """

    n: int
    method: str
    path: str
    api: str
    headers: Mapping[str, str]
    model: str
    stream: bool
    max_tokens: int | None
    agent: str
    request_class: str
    session: str
    rule: int | None
    status: int
    usage: Mapping[str, object] | None
    cache: Mapping[str, int] | None
    body_sha256: str
    body: Mapping[str, object] | None = None


def entry_of(request: Request, answer: Answer, *, keep_body: bool) -> LogEntry:
    """The entry for this request and its answer."""
    use = answer.cache
    return LogEntry(
        n=request.n,
        method=request.method,
        path=request.target,
        api=request.api,
        headers=redacted(request.headers),
        model=request.model,
        stream=request.streams,
        max_tokens=request.max_tokens,
        agent=request.agent,
        request_class=request.request_class,
        session=request.session,
        rule=answer.rule,
        status=answer.status,
        usage=answer.usage,
        cache=None if use is None else {"read": use.read, "write": use.write},
        body_sha256=hashlib.sha256(request.raw).hexdigest() if request.raw else "",
        body=request.body if keep_body else None,
    )


class RequestLog:
    """The newest entries, oldest first; may be read from any thread."""

    def __init__(self, capacity: int = MAX_ENTRIES) -> None:
        self._kept: deque[LogEntry] = deque(maxlen=capacity)
        self._lock = Lock()

    def append(self, entry: LogEntry) -> None:
        """Keep the entry; the oldest one goes if there is no room."""
        with self._lock:
            self._kept.append(entry)

    def entries(self) -> list[LogEntry]:
        """All entries that are kept."""
        with self._lock:
            return list(self._kept)

    def clear(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._kept.clear()


class LogFile:
    """Appends entries to a file, one JSON object a line, each written through at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise StoreError(f"{path}: the log cannot be opened: {error.strerror}") from error

    def append(self, entry: LogEntry) -> None:
        """Write the entry; StoreError if the file does not take it."""
        try:
            self._file.write(msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            raise StoreError(f"{self._path}: the log cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()
