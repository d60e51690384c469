"""Balances are sums of entries, in every window, in whatever order things come and are taken back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.accounts import Accounts
from tierwise.core.entries import Charge, Entry, Purse, Standing, Tags
from tierwise.core.recounting import recount
from tierwise.core.timelines import Timeline, amounts_of

MOMENTS = st.integers(0, 12)
POINTS = st.tuples(MOMENTS, st.integers(-9, 9), st.integers(-9, 9))
WINDOWS = st.tuples(st.sampled_from(["day", "week"]), MOMENTS, st.none() | MOMENTS)
OPUS = Tags(session="s1", model="opus-5", tier="opus")
HAIKU = Tags(session="s2", model="haiku-5", tier="haiku")
FOREVER = Purse("everything", "all", "", "usd", None)


def imported(id: str, at_us: int, tags: Tags, nanousd: int) -> Entry:
    return Entry(id, id, "import", at_us, at_us, tags=tags, posted=Charge(nanousd))


def reserved(id: str, at_us: int, nanousd: int, expires_us: int = 100) -> Entry:
    charge = Charge(nanousd)
    return Entry(id, id, "reserve", at_us, at_us, held=OPUS, pending=charge, expires_us=expires_us)


def posted(id: str, at_us: int, held: int, nanousd: int, tags: Tags = OPUS) -> Entry:
    entry = Entry(f"{id}:post", id, "post", at_us, at_us, tags=tags, held=OPUS)
    return replace(entry, posted=Charge(nanousd), pending=-Charge(held))


@given(steps=st.lists(st.one_of(POINTS, WINDOWS), max_size=40))
def test_a_window_that_moves_in_any_direction_holds_the_sum_of_what_lies_in_it(steps) -> None:
    timeline, points = Timeline(), []
    for step in steps:
        if isinstance(step[0], int):
            at_us, usd, pending = step
            points.append(step)
            timeline.add(at_us, amounts_of(Charge(usd), Charge(pending)))
        else:
            name, since_us, until_us = step
            inside = [p for p in points if since_us <= p[0] and (until_us is None or p[0] < until_us)]
            found = timeline.total(name, since_us, until_us)
            assert (found[0], found[3]) == (sum(p[1] for p in inside), sum(p[2] for p in inside))


@given(
    asked_first=st.booleans(),
    amounts=st.lists(st.tuples(MOMENTS, st.sampled_from([OPUS, HAIKU]), st.integers(0, 9)), max_size=20),
)
def test_it_makes_no_difference_when_a_purse_is_first_asked_about(asked_first: bool, amounts) -> None:
    accounts = Accounts()
    purses = [
        Purse("opus", "tier", "opus", "usd", None, since_us=3),
        Purse("s1", "all", "", "usd", None, session="s1", until_us=9),
        Purse("nobody", "skill", "nobody", "usd", None),
    ]
    if asked_first:
        for purse in purses:
            assert accounts.standing(purse) == Standing(0, 0)
    for number, (at_us, tags, nanousd) in enumerate(amounts):
        accounts.apply(imported(str(number), at_us, tags, nanousd))

    opus = [(at_us, nanousd) for at_us, tags, nanousd in amounts if tags is OPUS]
    assert [accounts.standing(purse).posted for purse in purses] == [
        sum(nanousd for at_us, nanousd in opus if at_us >= 3),
        sum(nanousd for at_us, nanousd in opus if at_us < 9),
        0,
    ]


def test_what_cancels_out_cancels_out_in_every_window() -> None:
    accounts = Accounts()
    accounts.apply(reserved("a", at_us=5, nanousd=10))
    assert accounts.standing(FOREVER) == Standing(0, 10)
    accounts.apply(posted("a", at_us=5, held=10, nanousd=7, tags=HAIKU))

    for since_us in range(8):
        window = Purse("w", "tier", "opus", "usd", None, since_us=since_us)
        assert accounts.standing(window) == Standing(0, 0)
    assert accounts.standing(Purse("w", "tier", "haiku", "usd", None, since_us=5)) == Standing(7, 0)
    assert accounts.standing(Purse("w", "tier", "haiku", "usd", None, since_us=6)) == Standing(0, 0)


def test_what_was_taken_back_never_happened() -> None:
    accounts = Accounts()
    accounts.apply(reserved("a", at_us=5, nanousd=10))
    accounts.keep()
    accounts.apply(posted("a", at_us=5, held=10, nanousd=7))
    accounts.apply(reserved("b", at_us=6, nanousd=1))
    accounts.apply(Entry("fix", "a", "adjust", 5, 6, tags=OPUS, posted=Charge(3)))

    accounts.take_back()

    assert accounts.standing(FOREVER) == Standing(0, 10)
    assert [id for id, _ in accounts.open_holds()] == ["a"]
    assert (accounts.hold("b"), accounts.correction("fix")) == (None, None)
    assert (accounts.newest_us, accounts.applied) == (5, 1)
    assert [id for id, _ in accounts.due(100)] == ["a"]


def test_a_hold_is_due_at_its_very_end_and_not_before() -> None:
    accounts = Accounts()
    accounts.apply(reserved("late", at_us=1, nanousd=1, expires_us=20))
    accounts.apply(reserved("soon", at_us=2, nanousd=1, expires_us=10))
    assert accounts.due(9) == []
    assert [id for id, _ in accounts.due(10)] == ["soon"]
    assert [id for id, _ in accounts.due(20)] == ["soon", "late"]
    assert accounts.next_end_us() == 10


def test_a_recount_finds_every_balance_equal_to_its_plain_sum() -> None:
    counted = recount([reserved("a", 5, 10), posted("a", 5, 10, 7, HAIKU), reserved("b", 6, 4)])
    assert (counted.entries, counted.open_holds, counted.differences) == (3, 1, ())
    assert (counted.posted, counted.pending) == (Charge(7), Charge(4))


def test_a_recount_names_a_balance_that_differs(monkeypatch) -> None:
    monkeypatch.setattr(Accounts, "standing", lambda accounts, purse: Standing(1, 0))
    counted = recount([imported("a", 5, OPUS, 7)])
    assert "tier:opus in usd: the accounts say 1 posted" in " ".join(counted.differences)
