"""Recounting: every balance made again from the entries, and added up a second time the plain way.

The accounts answer budgets from timelines and windows that move. Here the same entries are also summed the
plain way, one after the other, per scope; where the two differ, one of them is wrong.

Source: rules.md section 11; research/platform.md section B4.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tierwise.core.accounts import Accounts
from tierwise.core.entries import NO_CHARGE, Charge, Entry, Purse, PurseUnit, Standing, Tags

KINDS: Final = ("tier", "model", "skill", "project", "key", "session", "run")
UNITS: Final[tuple[PurseUnit, ...]] = ("usd", "tokens", "messages")
FIRST_MOMENT_US: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class Recount:
    """What was counted: entries by kind, holds that are open, balances compared, and those that differ."""

    entries: int
    kinds: dict[str, int]
    open_holds: int
    posted: Charge
    pending: Charge
    balances: int
    differences: tuple[str, ...]


@dataclass(slots=True)
class _Sum:
    posted: Charge = NO_CHARGE
    pending: Charge = NO_CHARGE


def recount(entries: Iterable[Entry]) -> Recount:
    """Both ways at once, over all time, for every scope that has any entry and in every unit."""
    accounts, kinds = Accounts(), Counter[str]()
    sums: defaultdict[tuple[str, str], _Sum] = defaultdict(_Sum)
    for entry in entries:
        accounts.apply(entry)
        accounts.keep()
        kinds[entry.kind] += 1
        for scope in _scopes(entry.tags):
            sums[scope].posted += entry.posted
        for scope in _scopes(entry.held):
            sums[scope].pending += entry.pending
    total = sums[("all", "")]
    return Recount(
        accounts.applied,
        dict(kinds),
        sum(1 for _ in accounts.open_holds()),
        total.posted,
        total.pending,
        len(sums) * len(UNITS),
        tuple(_difference(accounts, scope, unit, sums[scope]) for scope, unit in _wrong(accounts, sums)),
    )


def _scopes(tags: Tags) -> list[tuple[str, str]]:
    return [("all", ""), *((kind, getattr(tags, kind)) for kind in KINDS)]


def _wrong(
    accounts: Accounts, sums: dict[tuple[str, str], _Sum]
) -> Iterable[tuple[tuple[str, str], PurseUnit]]:
    """The scopes and units in which the accounts say something else than the plain sums."""
    for scope, counted in sums.items():
        for unit in UNITS:
            if _standing(accounts, scope, unit) != Standing(
                counted.posted.of(unit), counted.pending.of(unit)
            ):
                yield scope, unit


def _standing(accounts: Accounts, scope: tuple[str, str], unit: PurseUnit) -> Standing:
    return accounts.standing(Purse("recount", *scope, unit, None, since_us=FIRST_MOMENT_US))


def _difference(accounts: Accounts, scope: tuple[str, str], unit: PurseUnit, counted: _Sum) -> str:
    found = _standing(accounts, scope, unit)
    return (
        f"{':'.join(scope)} in {unit}: the accounts say {found.posted} posted and {found.pending} pending, "
        f"the entries add up to {counted.posted.of(unit)} and {counted.pending.of(unit)}"
    )
