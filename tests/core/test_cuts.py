"""Where a ledger may be cut, for any life of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.accounts import Accounts
from tierwise.core.commands import Adjust, Expire, Import, Settle, Void
from tierwise.core.entries import Charge, Entry, Purse, Reserve, Tags
from tierwise.core.reserving import outcome_of
from tierwise.core.retention import KEPT_DAYS, cut_of, latest_us, talking
from tierwise.core.windows import DAY_US

NOW_US = 1_000 * DAY_US
COST = Charge(7, 5, 1)
TAGS = [Tags(session=session, tier="opus") for session in ("s1", "s2", "s3", "")]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "settle", "void", "expire", "adjust", "import"]),
        st.integers(0, 9),
        st.sampled_from(TAGS),
        st.integers(0, 12),
    ),
    max_size=40,
)
ALL = Purse("all", "all", "", "usd", None, since_us=latest_us(NOW_US))


def lived(steps: list[tuple[str, int, Tags, int]]) -> list[tuple[int, Entry]]:
    """The numbered entries of a life that ends before now."""
    accounts, entries, now_us = Accounts(), list[tuple[int, Entry]](), NOW_US - 200 * DAY_US
    for kind, which, tags, days in steps:
        now_us = min(now_us + days * DAY_US, NOW_US)
        command = {
            "reserve": Reserve(f"h{which}", tags, COST, (), now_us + 2 * DAY_US),
            "settle": Settle(f"h{which}", COST, tags),
            "void": Void(f"h{which}"),
            "expire": Expire(),
            "adjust": Adjust(f"a{which}", f"h{which}", COST, tags),
            "import": Import(f"i{which}", now_us + days * DAY_US, tags, COST),
        }[kind]
        for entry in outcome_of(accounts, command, now_us).entries:
            accounts.apply(entry)
            entries.append((len(entries) + 1, entry))
    return entries


def folded(entries: list[tuple[int, Entry]]) -> Accounts:
    accounts = Accounts()
    for _, entry in entries:
        accounts.apply(entry)
    return accounts


@given(STEPS, st.integers(KEPT_DAYS, 150))
def test_whatever_is_cut_off_every_budget_and_every_open_hold_stays_as_it_was(
    steps: list[tuple[str, int, Tags, int]], age_days: int
) -> None:
    entries, before_us = lived(steps), NOW_US - age_days * DAY_US
    sessions = talking(entries, latest_us(NOW_US))
    cut = cut_of(entries, before_us, NOW_US, sessions)
    whole, rest = folded(entries), folded(entries[cut.seq :])

    assert all(max(entry.recorded_us, entry.at_us) < before_us for _, entry in entries[: cut.seq])
    assert rest.standing(ALL) == whole.standing(ALL)
    assert dict(rest.open_holds()) == dict(whole.open_holds())
    for session in sessions:
        purse = Purse("session", "all", "", "usd", None, session=session)
        assert rest.standing(purse) == whole.standing(purse)
    assert rest.newest_us == whole.newest_us


def test_the_cut_is_the_last_place_where_no_reservation_is_torn() -> None:
    day = NOW_US - 100 * DAY_US
    kinds = [
        ("reserve", "a"),
        ("post", "a"),
        ("reserve", "b"),
        ("reserve", "c"),
        ("post", "b"),
        ("void", "c"),
    ]
    entries = [
        (seq, Entry(f"{hold}:{kind}", hold, kind, day, day + seq))
        for seq, (kind, hold) in enumerate([*kinds, ("import", "d"), ("import", "e")], 1)
    ]
    cuts = [cut_of(entries, day + seq + 1, NOW_US, frozenset()).seq for seq in range(9)]
    assert cuts == [0, 0, 2, 2, 2, 2, 6, 7, 7]
