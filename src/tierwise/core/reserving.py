"""Reserving: what a command does to the ledger, as a pure function from accounts to new entries.

    a hold that is   open                         posted    void or expired unsent   charged unconfirmed
    settle           post: -held +real            nothing   post: +real              adjust: +real -held
    void             void: -held                  nothing   nothing                  nothing
    expire           expire: -held, and +held     nothing   nothing                  nothing
                     unconfirmed if it was sent
    reserve instead  void: -held, then the        the new hold alone, as if it stood for itself
                     new hold, in one step

So a reservation ends exactly once, whoever comes first, and what was really spent is recorded in every case,
also above a limit. Ids of entries that follow from a hold are made of its own, so that two writers who come
to the same conclusion write the same entry.

Source: rules.md section 11; research/platform.md section B.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from tierwise.core.accounts import Accounts, Hold
from tierwise.core.commands import Adjust, Command, Expire, Import, Settle, Void
from tierwise.core.entries import (
    NO_CHARGE,
    Admitted,
    Entry,
    Kind,
    Overdrawn,
    Purse,
    Reserve,
    Standing,
)

LARGEST_AMOUNT: Final = 2**53
"""No believable call costs more, in any unit: nine million dollars. Exact in any JSON reader.

In µs since the epoch it is the year 2255."""

FOLLOWING: Final = (":post", ":void", ":expire", ":adjust", ":moved")
"""Endings of the ids that follow from a hold; no other id may end so."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The command does not go together with what the ledger holds; nothing is written."""

    problem: str


Answer = Admitted | Overdrawn | Contradiction | int
"""To a wish: admitted or not. To anything else: how many entries it wrote; 0 for a replay."""


class Outcome(NamedTuple):
    """The answer, and the entries to write."""

    answer: Answer
    entries: tuple[Entry, ...] = ()


def outcome_of(accounts: Accounts, command: Command, now_us: int) -> Outcome:
    """What the command does now (ledger time, not before `accounts.newest_us`). Changes nothing itself."""
    for amount in _amounts(command):
        if abs(amount) > LARGEST_AMOUNT:
            return Outcome(Contradiction(f"{amount:,} is not believable: nothing was written"))
    return _RULES[type(command)](accounts, command, now_us)


def _amounts(command: Command) -> tuple[int, ...]:
    """Every number in the command that goes into a sum, and the moment that an import names."""
    if isinstance(command, Void | Expire):
        return ()
    charge = command.charge
    moment = (command.at_us,) if isinstance(command, Import) else ()
    return (charge.nanousd, charge.tokens, charge.messages, *moment)


def _reserve(accounts: Accounts, wish: Reserve, now_us: int) -> Outcome:
    known = accounts.hold(wish.id)
    if known:
        return Outcome(_replayed(accounts, wish, known))
    if problem := _bad_id(wish.id):
        return Outcome(problem)
    given_back = _given_back(accounts, wish, now_us)
    purses = [_covering(purse, now_us) for purse in wish.purses]
    standings = _standings_after(accounts, given_back, purses)
    for purse, standing in zip(wish.purses, standings, strict=True):
        if not purse.hard or purse.limit is None:
            continue
        if standing.spent + wish.charge.of(purse.unit) > purse.limit:
            available = max(0, purse.limit - standing.spent)
            return Outcome(Overdrawn(purse, standing, available, standings))
    entry = Entry(
        wish.id,
        wish.id,
        "reserve",
        now_us,
        now_us,
        held=wish.tags,
        pending=wish.charge,
        expires_us=wish.expires_us,
        sent=wish.sent,
    )
    return Outcome(Admitted(standings), (*given_back, entry))


def _given_back(accounts: Accounts, wish: Reserve, now_us: int) -> tuple[Entry, ...]:
    """What ends the hold that the wish takes the place of; nothing where that has ended already."""
    hold = accounts.hold(wish.instead_of) if wish.instead_of else None
    if hold is None or hold.ended:
        return ()
    return (_ended(wish.instead_of, hold, "void", now_us),)


def _standings_after(
    accounts: Accounts, entries: tuple[Entry, ...], purses: list[Purse]
) -> tuple[Standing, ...]:
    """How the purses would stand with these entries; the accounts are left as they were."""
    place = accounts.place()
    for entry in entries:
        accounts.apply(entry)
    standings = tuple(accounts.standing(purse) for purse in purses)
    accounts.take_back(place)
    return standings


def _covering(purse: Purse, now_us: int) -> Purse:
    """The purse with a window that the new hold falls into.

    Whoever made the window may have a clock that is behind the ledger's; without this, holds would land
    outside of it and the purse would never fill.
    """
    ends = purse.until_us is not None and purse.until_us <= now_us
    if purse.since_us <= now_us and not ends:
        return purse
    return replace(purse, since_us=min(purse.since_us, now_us), until_us=None if ends else purse.until_us)


def _replayed(accounts: Accounts, wish: Reserve, known: Hold) -> Answer:
    """The same answer for the same wish: admitted, the purses as they stand without its own hold."""
    if (known.tags, known.charge, known.sent) != (wish.tags, wish.charge, wish.sent):
        return Contradiction(f"the id `{wish.id}` was used for another call: take a new one")
    standings = []
    for purse in wish.purses:
        purse = _covering(purse, known.at_us)
        standing = accounts.standing(purse)
        own = 0 if known.ended else known.charge.of(purse.unit)
        standings.append(Standing(standing.posted, standing.pending - own))
    return Admitted(tuple(standings))


def _settle(accounts: Accounts, end: Settle, now_us: int) -> Outcome:
    hold = accounts.hold(end.hold)
    if hold is None or hold.ended == "import":
        return Outcome(_unknown(end.hold))
    if hold.ended in ("post", "adjust"):
        return Outcome(0)
    if hold.ended == "expire" and hold.sent:
        return _learned(end, hold, now_us)
    post = Entry(
        f"{end.hold}:post",
        end.hold,
        "post",
        hold.at_us,
        now_us,
        tags=end.tags,
        held=hold.tags,
        posted=end.charge,
        pending=NO_CHARGE if hold.ended else -hold.charge,
        unconfirmed=end.unconfirmed,
    )
    return Outcome(1, (post,))


def _learned(end: Settle, hold: Hold, now_us: int) -> Outcome:
    """The hold had been charged unconfirmed, under its own tags; now the truth takes its place."""
    truth = Entry(
        f"{end.hold}:adjust",
        end.hold,
        "adjust",
        hold.at_us,
        now_us,
        tags=end.tags,
        posted=end.charge + -hold.charge,
        unconfirmed=end.unconfirmed,
        note="settled after it had expired",
    )
    if end.tags == hold.tags:
        return Outcome(1, (truth,))
    moved = replace(truth, id=f"{end.hold}:moved", tags=hold.tags, posted=-hold.charge)
    return Outcome(2, (moved, replace(truth, posted=end.charge)))


def _void(accounts: Accounts, end: Void, now_us: int) -> Outcome:
    hold = accounts.hold(end.hold)
    if hold is None or hold.ended:
        return Outcome(0)
    return Outcome(1, (_ended(end.hold, hold, "void", now_us),))


def _expire(accounts: Accounts, _: Expire, now_us: int) -> Outcome:
    entries = []
    for id, hold in accounts.due(now_us):
        entry = _ended(id, hold, "expire", now_us)
        if hold.sent:
            entry = replace(entry, tags=hold.tags, posted=hold.charge, unconfirmed=True)
        entries.append(entry)
    return Outcome(len(entries), tuple(entries))


def _ended(id: str, hold: Hold, kind: Kind, now_us: int) -> Entry:
    return Entry(f"{id}:{kind}", id, kind, hold.at_us, now_us, held=hold.tags, pending=-hold.charge)


def _adjust(accounts: Accounts, correction: Adjust, now_us: int) -> Outcome:
    known = accounts.correction(correction.id)
    if known is not None:
        return Outcome(0 if known == correction.charge else _used(correction.id))
    if problem := _bad_id(correction.id) or _used_for_a_hold(accounts, correction.id):
        return Outcome(problem)
    corrected = accounts.hold(correction.of)
    if corrected is None:
        return Outcome(_unknown(correction.of))
    entry = Entry(
        correction.id,
        correction.of,
        "adjust",
        corrected.at_us,
        now_us,
        tags=correction.tags,
        posted=correction.charge,
        note=correction.note,
    )
    return Outcome(1, (entry,))


def _import(accounts: Accounts, usage: Import, now_us: int) -> Outcome:
    known = accounts.hold(usage.id)
    if known:
        same = (known.at_us, known.tags, known.charge) == (usage.at_us, usage.tags, usage.charge)
        return Outcome(0 if same and known.ended == "import" else _used(usage.id))
    if accounts.correction(usage.id) is not None:
        return Outcome(_used(usage.id))
    if problem := _bad_id(usage.id):
        return Outcome(problem)
    entry = Entry(
        usage.id,
        usage.id,
        "import",
        usage.at_us,
        now_us,
        tags=usage.tags,
        posted=usage.charge,
        note=usage.note,
    )
    return Outcome(1, (entry,))


def _unknown(id: str) -> Contradiction:
    return Contradiction(f"there is no reservation `{id}`: reserve first, or import what was spent")


def _used(id: str) -> Contradiction:
    return Contradiction(f"the id `{id}` was used for something else: take a new one")


def _used_for_a_hold(accounts: Accounts, id: str) -> Contradiction | None:
    return _used(id) if accounts.hold(id) else None


def _bad_id(id: str) -> Contradiction | None:
    if id and id.isprintable() and not id.endswith(FOLLOWING):
        return None
    endings = ", ".join(FOLLOWING)
    return Contradiction(f"{id!r} cannot be an id: printable characters, not ending in {endings}")


_RULES: Final[dict[type[Any], Callable[[Accounts, Any, int], Outcome]]] = {
    Reserve: _reserve,
    Settle: _settle,
    Void: _void,
    Expire: _expire,
    Adjust: _adjust,
    Import: _import,
}
