"""The chain: every entry as JSON, sealed with a hash that covers all entries before it.

    hash(n) = SHA-256( hash(n-1) + "\\n" + n + "\\n" + record(n) )        hash(0) = 64 zeros

A database notices a torn page but not an amount in which one bit has flipped, and it obeys whoever has the
password. Here any change of a record, its number or its place shows at the next `ledger verify`. What the
hashes cannot show is that the newest entries were cut off: note the head elsewhere to see that as well. When
the oldest were removed, a checkpoint keeps the number and the hash of the last of them, and the chain begins
there.

The hash is taken of the text as it is stored, so that a field which is added later changes nothing.

Source: rules.md section 11; research/platform.md section B.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from tierwise.core.entries import Entry
from tierwise.errors import PrunedError, StoreError

GENESIS: Final = "0" * 64
"""The hash before the first entry."""

_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder(Entry)


class Link(NamedTuple):
    """One row of a log as every store keeps it."""

    seq: int
    id: str
    record: str
    prev_hash: str
    hash: str


class Checkpoint(NamedTuple):
    """Number and hash of the last entry that was removed."""

    seq: int = 0
    hash: str = GENESIS


UNPRUNED: Final = Checkpoint()
"""Nothing was removed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many entries were sound from the first on, the hash of the last sound one, and what is wrong next.

    `broken_seq` is the number of the first bad entry, None where all is well (or where the storage itself is
    damaged outside of the entries); `problem` is "" if and only if all is well. `pruned` entries before the
    first one had been removed.
    """

    entries: int
    head: str
    broken_seq: int | None = None
    problem: str = ""
    pruned: int = 0


def links_of(entries: Sequence[Entry], seq: int, head: str) -> list[Link]:
    """The rows that follow the row `seq`, whose hash is `head` (0 and `GENESIS` for an empty log)."""
    links = []
    for number, entry in enumerate(entries, seq + 1):
        record = _encoder.encode(entry).decode()
        link = Link(number, entry.id, record, head, hash_of(head, number, record))
        links.append(link)
        head = link.hash
    return links


def hash_of(prev_hash: str, seq: int, record: str) -> str:
    """The hash that seals a record, in lower-case hex."""
    return hashlib.sha256(f"{prev_hash}\n{seq}\n{record}".encode()).hexdigest()


def entry_of(record: str) -> Entry:
    """The entry in a row's `record`; StoreError if it is not one."""
    try:
        return _decoder.decode(record)
    except msgspec.MsgspecError as broken:
        raise StoreError(
            f"an entry of the ledger cannot be read ({broken}); it begins {record[:60]!r}: "
            "`tierwise ledger verify` says which one"
        ) from broken


def gapless(entries: Iterable[tuple[int, Entry]], after: int) -> Iterator[tuple[int, Entry]]:
    """The entries as they come, which follow the number `after` (0: the first may have any number).

    Raises PrunedError where one is missing.
    """
    for seq, entry in entries:
        if after and seq != after + 1:
            raise PrunedError(
                f"the ledger goes on at entry {seq:,} and not at {after + 1:,}: it was pruned meanwhile, "
                "so read it again; if that does not help, see `tierwise ledger verify`"
            )
        after = seq
        yield seq, entry


def verdict_on(links: Iterable[Link], start: Checkpoint = UNPRUNED) -> Verdict:
    """What the chain says about all rows of a log, given in their order; it stops at the first bad one."""
    seq, head = start
    for link in links:
        if problem := _problem(link, seq, head):
            return Verdict(seq - start.seq, head, seq + 1, problem, start.seq)
        seq, head = link.seq, link.hash
    return Verdict(seq - start.seq, head, pruned=start.seq)


def _problem(link: Link, seq: int, head: str) -> str:
    """What is wrong with the row that follows row `seq`; "" if nothing is."""
    if link.seq != seq + 1:
        return f"it is missing: the next one there is has the number {link.seq}"
    if link.prev_hash != head:
        return "it does not follow from the entry before it: one of the two was changed or put in"
    if hash_of(head, link.seq, link.record) != link.hash:
        return "its text or its hash was changed after it was written"
    if entry_of(link.record).id != link.id:
        return f"its id column was changed to {link.id!r}"
    return ""
