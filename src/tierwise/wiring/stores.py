"""Stores: the storage that a URL names, as a concrete class.

Source: design.md, "The shape"; rules.md section 11.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from tierwise.errors import StoreError
from tierwise.wiring.places import home_dir

if TYPE_CHECKING:
    from tierwise.store.log import Storage

POSTGRES_SCHEMES: Final = ("postgresql", "postgres")


def open_store(url: str | None) -> Storage:
    """The store that `url` names: `sqlite:PATH`, `postgresql://…` or `memory`; None: in the home folder.

    Raises StoreError for any other scheme, and when the storage cannot be opened.
    """
    from tierwise.store.sqlite import SqliteStore

    if url == "memory":
        return SqliteStore(None)
    if url is None:
        return SqliteStore(home_dir() / "ledger.sqlite")
    scheme, found, rest = url.partition(":")
    if scheme in POSTGRES_SCHEMES and rest.startswith("//"):
        return _postgres_store(url)
    if scheme != "sqlite" or not found or not rest.lstrip("/"):
        shown = store_name(url)
        raise StoreError(f"`{shown}` is not a store; use `sqlite:PATH`, `postgresql://…` or `memory`")
    return SqliteStore(Path(rest.removeprefix("//")).expanduser())


def store_name(url: str | None) -> str:
    """The store's URL as people may see it: without user, password and options."""
    if url is None:
        return f"sqlite:{home_dir() / 'ledger.sqlite'}"
    scheme, found, rest = url.partition("://")
    if not found or scheme == "sqlite":
        return url
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


def _postgres_store(url: str) -> Storage:
    try:
        from tierwise.store.postgres import PostgresStore
    except ImportError as missing:
        raise StoreError(
            "a ledger in PostgreSQL needs its driver: pip install 'tierwise[postgres]'"
        ) from missing
    return PostgresStore(url)
