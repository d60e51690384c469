"""Presence: the gateway says where it listens, so that commands on the same machine find it.

    $TIERWISE_HOME/gateway.json     {"url": "http://127.0.0.1:8787", "pid": 4711}

The file stands for as long as the gateway serves. One that was killed leaves it behind, so who reads it must
expect that nobody answers. Of several gateways the last to begin is named.

Source: rules.md section 4, "Consent"; design.md, "The shape".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tierwise.errors import StoreError

FILE: Final = "gateway.json"


class _Presence(msgspec.Struct, frozen=True):
    url: str
    pid: int


@contextmanager
def present(home: Path, url: str) -> Iterator[None]:
    """Say where the gateway listens until the block ends. Raises StoreError if the folder takes no file."""
    path, content = home / FILE, msgspec.json.encode(_Presence(url, os.getpid()))
    beside = path.with_suffix(f".{os.getpid()}.new")
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        if _content(path) == content:
            path.unlink(missing_ok=True)


def url_of_gateway(home: Path) -> str | None:
    """Where the gateway of this home listens; None if none says so."""
    try:
        return msgspec.json.decode(_content(home / FILE), type=_Presence).url
    except msgspec.MsgspecError:
        return None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
