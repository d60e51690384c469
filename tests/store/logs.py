"""The logs that the contract of the ledger is tried on. A new one joins by a line in `LOGS`.

Each gives a fresh, empty log through two doors, as two gateways would open it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Final

import pytest

from tierwise.store.log import Storage
from tierwise.store.postgres import PostgresStore
from tierwise.store.sqlite import SqliteStore

Doors = tuple[Storage, Storage]
Opener = Callable[[], Doors]


def _memory(_: pytest.FixtureRequest) -> Opener:
    def opened() -> Doors:
        one = SqliteStore(None)
        return one, one

    return opened


def _sqlite(asked: pytest.FixtureRequest) -> Opener:
    folder, number = asked.getfixturevalue("tmp_path"), count()

    def opened() -> Doors:
        path = folder / f"{next(number)}.sqlite"
        return SqliteStore(path), SqliteStore(path)

    return opened


def _postgres(asked: pytest.FixtureRequest) -> Opener:
    server = asked.getfixturevalue("postgres_server")

    def opened() -> Doors:
        url = server.empty_database()
        return PostgresStore(url), PostgresStore(url)

    return opened


LOGS: Final[dict[str, Callable[[pytest.FixtureRequest], Opener]]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgres": _postgres,
}


@contextmanager
def both_open(opener: Opener) -> Iterator[Doors]:
    """The doors, closed at the end."""
    doors = opener()
    try:
        yield doors
    finally:
        for door in dict.fromkeys(doors):
            door.close()
