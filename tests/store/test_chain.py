"""The chain of hashes shows every change of what was written, and where it begins."""

from __future__ import annotations

import pytest

from tierwise.core.entries import Charge, Entry
from tierwise.errors import StoreError
from tierwise.store.chain import GENESIS, Link, Verdict, entry_of, hash_of, links_of, verdict_on

ENTRIES = [Entry(f"e{n}", f"e{n}", "import", n, n, posted=Charge(n)) for n in range(5)]
LINKS = links_of(ENTRIES, 0, GENESIS)


def resealed(link: Link, record: str) -> Link:
    return link._replace(record=record, hash=hash_of(link.prev_hash, link.seq, record))


CHANGES = {
    "a record was changed": ([*LINKS[:2], LINKS[2]._replace(record=LINKS[3].record), *LINKS[3:]], 3),
    "a hash was changed": ([LINKS[0]._replace(hash="0" * 64), *LINKS[1:]], 1),
    "an id was changed": ([LINKS[0], LINKS[1]._replace(id="other"), *LINKS[2:]], 2),
    "a record was changed and sealed again": ([resealed(LINKS[0], LINKS[0].record + " "), *LINKS[1:]], 2),
    "an entry is missing": ([*LINKS[:3], LINKS[4]], 4),
    "the first entry is missing": (LINKS[1:], 1),
    "two entries changed places": ([LINKS[1], LINKS[0], *LINKS[2:]], 1),
}


def test_an_unchanged_chain_is_sound_and_entries_read_back() -> None:
    assert verdict_on(LINKS) == Verdict(5, LINKS[-1].hash)
    assert verdict_on([]) == Verdict(0, GENESIS)
    assert [entry_of(link.record) for link in LINKS] == ENTRIES


def test_a_chain_is_the_same_however_many_were_written_at_once() -> None:
    first = links_of(ENTRIES[:2], 0, GENESIS)
    assert [*first, *links_of(ENTRIES[2:], 2, first[-1].hash)] == LINKS


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_is_found_where_it_begins(change: str) -> None:
    links, seq = CHANGES[change]
    verdict = verdict_on(links)
    assert (verdict.broken_seq, verdict.entries) == (seq, seq - 1)
    assert verdict.problem


def test_a_record_that_is_no_entry_is_said_to_be_none() -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        entry_of('{"id": 7}')
