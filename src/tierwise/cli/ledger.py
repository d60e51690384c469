"""What the commands that read the ledger share: the `--store` option, opening, and choosing records.

Source: rules.md section 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from tierwise import wiring
from tierwise.cli.moments import MOMENT
from tierwise.errors import StoreError
from tierwise.store.contract import Store
from tierwise.store.log import Storage

KNOWN_SESSIONS_SHOWN: Final = 5
SESSIONS_LOOKED_AT: Final = 100
PROBE_PREFIX: Final = "doctor-"
"""Sessions of the requests that `tierwise doctor` sends are named so."""

store_option = click.option(
    "--store",
    "store_url",
    metavar="URL",
    help="The ledger: `sqlite:PATH` or `postgresql://…`; without it, the one that `tierwise serve` writes.",
)
since_option = click.option(
    "--since",
    "since_us",
    type=MOMENT,
    metavar="WHEN",
    help="Only calls since then: 30m, 24h, 7d, today, monday, 2026-11-20, 2026-11-20T14:30 (local time).",
)
json_option = click.option("--json", "as_json_", is_flag=True, help="For programs, with stable keys.")


@contextmanager
def opened(store_url: str | None) -> Iterator[Storage]:
    """The store, closed at the end; a storage that fails becomes the command's error (exit 1)."""
    try:
        store = wiring.open_store(store_url)
        try:
            yield store
        finally:
            store.close()
    except StoreError as failure:
        raise click.ClickException(str(failure)) from failure


def nothing(store: Store, store_url: str | None) -> str:
    """What to say when no record was found, and what to do about it."""
    if store.sessions(1):
        return "No such calls. All of them: `tierwise report --session all`."
    return (
        f"No calls recorded yet in {wiring.store_name(store_url)}.\n"
        "Start `tierwise serve` and point your agent at it, or see `tierwise demo`."
    )


def session_of(store: Store, wanted: str) -> str | None:
    """The session that `wanted` means: an id, `last`, or None for `all` (and for `last` of an empty ledger).

    The last one is a person's, not one of the doctor's probes, where there is any among the newest.

    A session that the ledger does not know is the caller's mistake; the message names the newest ones.
    """
    if wanted == "all":
        return None
    newest = store.sessions(KNOWN_SESSIONS_SHOWN)
    if wanted == "last":
        heads = store.sessions(SESSIONS_LOOKED_AT)
        own = (head.session for head in heads if not head.session.startswith(PROBE_PREFIX))
        return next(own, heads[0].session if heads else None)
    if newest and next(store.executions(session=wanted, last=1), None) is None:
        known = ", ".join(head.session for head in newest)
        problem = f"no call of session `{wanted}`. The newest are: {known}"
        raise click.BadParameter(problem, param_hint="--session")
    return wanted
