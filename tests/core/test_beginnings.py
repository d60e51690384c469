"""A hold that takes the place of another: never counted twice, never above the limit, never left behind."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.accounts import Accounts
from tierwise.core.commands import Command, Expire, Settle, Void
from tierwise.core.entries import Admitted, Charge, Overdrawn, Purse, Reserve, Standing, Tags
from tierwise.core.reserving import Answer, outcome_of

LIMIT = 100
PURSE = Purse("hard", "all", "", "usd", LIMIT, hard=True)
TAGS = Tags(session="s", model="opus", tier="opus")
CHEAPER = replace(TAGS, model="haiku", tier="haiku")


def run(accounts: Accounts, command: Command, now_us: int = 1_000) -> Answer:
    answer, entries = outcome_of(accounts, command, now_us)
    for entry in entries:
        accounts.apply(entry)
    return answer


def wish(id: str, amount: int, instead_of: str = "", *, sent: bool = False, tags: Tags = TAGS) -> Reserve:
    return Reserve(id, tags, Charge(amount, amount, 1), (PURSE,), 5_000, sent, instead_of)


def spent(accounts: Accounts) -> tuple[int, int]:
    standing = accounts.standing(PURSE)
    return standing.posted, standing.pending


def test_the_new_hold_stands_alone_even_where_both_together_would_not_fit() -> None:
    accounts = Accounts()
    run(accounts, wish("other", 30))
    run(accounts, wish("start", 60))
    answer = run(accounts, wish("call", 70, "start", sent=True, tags=CHEAPER))
    assert answer == Admitted((Standing(0, 30),))
    assert spent(accounts) == (0, 100)
    assert run(accounts, Void("start")) == 0


def test_what_is_refused_leaves_the_first_hold_and_is_told_what_it_could_have() -> None:
    accounts = Accounts()
    run(accounts, wish("other", 30))
    run(accounts, wish("start", 60))
    answer = run(accounts, wish("call", 71, "start"))
    assert isinstance(answer, Overdrawn)
    assert (answer.available, spent(accounts)) == (70, (0, 90))


def test_a_hold_that_has_ended_gives_nothing() -> None:
    accounts = Accounts()
    run(accounts, wish("start", 60))
    run(accounts, Expire(), now_us=6_000)
    run(accounts, wish("other", 50), now_us=6_001)
    assert isinstance(run(accounts, wish("call", 60, "start"), now_us=6_002), Overdrawn)
    assert isinstance(run(accounts, wish("unknown", 60, "never was"), now_us=6_002), Overdrawn)


def test_a_replay_changes_nothing() -> None:
    accounts = Accounts()
    run(accounts, wish("start", 60))
    run(accounts, wish("call", 70, "start"))
    assert isinstance(run(accounts, wish("call", 70, "start")), Admitted)
    assert spent(accounts) == (0, 70)


ids = st.sampled_from([f"h{n}" for n in range(8)])
commands = st.one_of(
    st.builds(wish, ids, st.integers(0, 60), st.one_of(st.just(""), ids), sent=st.booleans()),
    st.builds(Void, ids),
    st.builds(lambda hold, share: (hold, share), ids, st.integers(0, 100)),
)


@given(st.lists(commands, max_size=40))
def test_no_sequence_of_holds_overshoots_or_counts_one_twice(played: list[Command | tuple[str, int]]) -> None:
    """Every call costs at most what it holds; then a hard purse never holds more than its limit."""
    accounts = Accounts()
    for step in played:
        before = {id for id, _ in accounts.open_holds()}
        if isinstance(step, tuple):
            hold = accounts.hold(step[0])
            if hold is None:
                continue
            cost = Charge(hold.charge.nanousd * step[1] // 100)
            run(accounts, Settle(step[0], cost, hold.tags))
        elif isinstance(step, Reserve) and step.id in before:
            continue
        else:
            answer = run(accounts, step)
            if isinstance(answer, Overdrawn):
                assert before == {id for id, _ in accounts.open_holds()}
        standing = accounts.standing(PURSE)
        assert standing.pending == sum(hold.charge.nanousd for _, hold in accounts.open_holds())
        assert standing.spent <= LIMIT
    run(accounts, Expire(), now_us=10_000)
    assert accounts.standing(PURSE).pending == 0
