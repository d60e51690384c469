"""What each command does to the ledger, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tierwise.core.accounts import Accounts
from tierwise.core.commands import Adjust, Command, Expire, Import, Settle, Void
from tierwise.core.entries import Admitted, Charge, Entry, Overdrawn, Purse, Reserve, Standing, Tags
from tierwise.core.reserving import LARGEST_AMOUNT, Answer, Contradiction, outcome_of

NOW_US = 1_000_000
HELD = Tags(session="s", model="opus-5", tier="opus")
SERVED = replace(HELD, model="haiku-5", tier="haiku")
HARD = Purse("hard", "all", "", "usd", 100, hard=True)
EVERYTHING = replace(HARD, name="everything", hard=False, limit=None)


def wish(id: str = "a", nanousd: int = 10, *purses: Purse, sent: bool = True) -> Reserve:
    return Reserve(id, HELD, Charge(nanousd, nanousd * 2, 1), purses or (HARD,), NOW_US + 50, sent)


def run(accounts: Accounts, *commands: Command, now_us: int = NOW_US) -> tuple[Answer, list[Entry]]:
    """The last command's answer and entries; everything is applied."""
    answer: Answer = 0
    written: tuple[Entry, ...] = ()
    for command in commands:
        answer, written = outcome_of(accounts, command, now_us)
        for entry in written:
            accounts.apply(entry)
    return answer, list(written)


def balance(accounts: Accounts) -> tuple[int, int]:
    standing = accounts.standing(EVERYTHING)
    return standing.posted, standing.pending


@pytest.mark.parametrize(
    ("limit", "admitted"), [(10, True), (9, False), (0, False), (11, True), (None, True)]
)
def test_a_hold_that_exactly_fills_a_hard_purse_is_admitted_and_one_more_is_not(
    limit: int | None, admitted: bool
) -> None:
    answer, written = run(Accounts(), wish("a", 10, replace(HARD, limit=limit)))
    assert isinstance(answer, Admitted) is admitted
    assert len(written) == admitted


def test_a_refusal_names_the_purse_and_what_is_left_and_writes_nothing() -> None:
    accounts = Accounts()
    run(accounts, wish("a", 70))
    soft, tokens = replace(HARD, name="soft", hard=False, limit=1), replace(HARD, unit="tokens", limit=10**6)

    answer, written = run(accounts, wish("b", 31, soft, tokens, HARD))

    standings = (Standing(0, 70), Standing(0, 140), Standing(0, 70))
    assert answer == Overdrawn(HARD, Standing(0, 70), 30, standings)
    assert written == []


def test_a_purse_that_real_spend_has_overdrawn_has_nothing_left() -> None:
    accounts = Accounts()
    run(accounts, wish("a", 70), Settle("a", Charge(170), HELD))
    answer, _ = run(accounts, wish("b", 0))
    assert isinstance(answer, Overdrawn)
    assert (answer.standing, answer.available) == (Standing(170, 0), 0)


def test_a_replay_gets_the_same_answer_and_writes_nothing() -> None:
    accounts = Accounts()
    first, _ = run(accounts, wish("x", 20), wish("a", 30))
    assert run(accounts, wish("a", 30)) == (first, [])
    assert run(accounts, replace(wish("a", 30), expires_us=NOW_US + 999)) == (first, [])


@pytest.mark.parametrize(
    "other", [wish("a", 11), replace(wish(), tags=SERVED), wish(sent=False)], ids=["charge", "tags", "sent"]
)
def test_a_known_id_with_another_body_is_a_contradiction(other: Reserve) -> None:
    accounts = Accounts()
    run(accounts, wish())
    answer, written = run(accounts, other)
    assert isinstance(answer, Contradiction)
    assert written == []


ENDINGS = {
    "settle": ([Settle("a", Charge(7), SERVED)], ["post"], (7, 0)),
    "settle above the hold": ([Settle("a", Charge(700), SERVED)], ["post"], (700, 0)),
    "void": ([Void("a")], ["void"], (0, 0)),
    "settle twice": ([Settle("a", Charge(7), SERVED), Settle("a", Charge(9), HELD)], ["post"], (7, 0)),
    "settle, void": ([Settle("a", Charge(7), SERVED), Void("a")], ["post"], (7, 0)),
    "void, settle": ([Void("a"), Settle("a", Charge(7), SERVED)], ["void", "post"], (7, 0)),
    "void twice": ([Void("a"), Void("a")], ["void"], (0, 0)),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_a_reservation_ends_once_and_real_spend_is_always_recorded(case: str) -> None:
    commands, kinds, expected = ENDINGS[case]
    accounts, written = Accounts(), []
    run(accounts, wish())
    for command in commands:
        written += run(accounts, command, now_us=NOW_US + 9)[1]
    assert [entry.kind for entry in written] == kinds
    assert {entry.at_us for entry in written} == {NOW_US}
    assert balance(accounts) == expected


def test_a_sent_hold_that_expires_is_charged_unconfirmed_and_the_truth_replaces_it() -> None:
    accounts = Accounts()
    run(accounts, wish())
    answer, (expired,) = run(accounts, Expire(), now_us=NOW_US + 50)
    assert answer == 1
    assert (expired.kind, expired.unconfirmed, balance(accounts)) == ("expire", True, (10, 0))

    run(accounts, Settle("a", Charge(7), SERVED), now_us=NOW_US + 60)
    run(accounts, Settle("a", Charge(7), SERVED), now_us=NOW_US + 61)
    assert balance(accounts) == (7, 0)
    assert accounts.standing(replace(EVERYTHING, kind="tier", value="haiku")).posted == 7
    assert accounts.standing(replace(EVERYTHING, kind="tier", value="opus")).posted == 0


def test_the_truth_under_the_same_tags_is_one_entry() -> None:
    accounts = Accounts()
    run(accounts, wish())
    run(accounts, Expire(), now_us=NOW_US + 50)
    _, (truth,) = run(accounts, Settle("a", Charge(7), HELD), now_us=NOW_US + 60)
    assert (truth.kind, truth.id, truth.posted.nanousd) == ("adjust", "a:adjust", -3)


def test_an_unsent_hold_that_expires_is_given_back_and_may_still_be_settled() -> None:
    accounts = Accounts()
    run(accounts, wish(sent=False))
    assert run(accounts, Expire(), now_us=NOW_US + 49)[0] == 0
    run(accounts, Expire(), now_us=NOW_US + 50)
    assert balance(accounts) == (0, 0)
    run(accounts, Settle("a", Charge(7), HELD))
    assert balance(accounts) == (7, 0)


def test_a_window_made_by_a_clock_that_is_behind_still_fills() -> None:
    yesterday = replace(HARD, since_us=0, until_us=NOW_US - 5)
    accounts = Accounts()
    answers = [run(accounts, wish(str(number), 40, yesterday))[0] for number in range(3)]
    assert [type(answer) for answer in answers] == [Admitted, Admitted, Overdrawn]


CONTRADICTIONS = {
    "settle of nobody": Settle("nobody", Charge(1), HELD),
    "settle of an import": Settle("usage", Charge(1), HELD),
    "adjust of nobody": Adjust("fix", "nobody", Charge(1), HELD),
    "adjust with a call's id": Adjust("a", "a", Charge(1), HELD),
    "import with a call's id": Import("a", NOW_US, HELD, Charge(1)),
    "import with other amounts": Import("usage", NOW_US, HELD, Charge(6)),
    "import with a correction's id": Import("fixed", NOW_US, HELD, Charge(1)),
    "another correction": Adjust("fixed", "a", Charge(2), HELD),
    "an id that follows from a hold": Import("b:post", NOW_US, HELD, Charge(1)),
    "an empty id": wish(""),
    "an id with a control character": wish("a\0b"),
    "a moment beyond belief": Import("x", LARGEST_AMOUNT + 1, HELD, Charge(1)),
    "an amount beyond belief": wish("huge", LARGEST_AMOUNT + 1, EVERYTHING),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_what_contradicts_the_ledger_is_said_and_writes_nothing(case: str) -> None:
    accounts = Accounts()
    usage, fix = Import("usage", NOW_US, HELD, Charge(5)), Adjust("fixed", "a", Charge(1), HELD)
    run(accounts, wish(), usage, fix)
    answer, written = run(accounts, CONTRADICTIONS[case])
    assert isinstance(answer, Contradiction)
    assert written == []


def test_voiding_what_never_was_does_nothing() -> None:
    assert run(Accounts(), Void("nobody")) == (0, [])
