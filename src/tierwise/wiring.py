"""Wiring: the only module that names concrete classes, reads the environment and the clock.

Everything below takes what it needs as arguments; everything above asks here.

Source: design.md, "The shape".
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import platformdirs

from tierwise.errors import StoreError
from tierwise.store.contract import Store


def now_us() -> int:
    """The present in µs since the epoch, UTC."""
    return time.time_ns() // 1_000


def home_dir() -> Path:
    """Where state and the user's own files live: `$TIERWISE_HOME`, else the platform's data folder."""
    named = os.environ.get("TIERWISE_HOME")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("tierwise"))


def open_store(url: str | None) -> Store:
    """The store that `url` names: `sqlite:PATH`, `memory`, or None for `ledger.sqlite` in the home folder.

    Raises StoreError for any other scheme, and when the storage cannot be opened.
    """
    from tierwise.store.sqlite import SqliteStore

    if url == "memory":
        return SqliteStore(None)
    if url is None:
        return SqliteStore(home_dir() / "ledger.sqlite")
    scheme, found, rest = url.partition(":")
    if scheme != "sqlite" or not found or not rest.lstrip("/"):
        raise StoreError(f"`{url}` is not a store; use `sqlite:PATH` or `memory`")
    return SqliteStore(Path(rest.removeprefix("//")).expanduser())
