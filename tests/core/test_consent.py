"""Consent in words: what answers an offer, and what only sounds like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.consent import MAX_CHARACTERS, answer_in, for_once
from tierwise.core.questions import Offer
from tierwise.core.tiers import BUILT_IN, ladder_of

SONNET = BUILT_IN["sonnet"]
OFFER = Offer("0f", "red_high", "run it on sonnet instead of opus?", ("accept", "hold", "pause"), SONNET)

ANSWERS = {
    "accept": """
        accept
        Accept.
        accept!
        accepted
        Accept, go on
        accept and continue with the fix
        ok, accept the downgrade
        OK accept
        yes, accept it
        Yes please, accept the offer.
        I accept
        fine. accept the downgrade
        accept the downgrade to sonnet
        accept sonnet
        Accept the cheaper model and proceed
        sure, accept the lower tier, thanks
        let's accept the downgrade for now
        downgrade it
        please downgrade to sonnet
        go ahead and accept the downgrade
        stay on sonnet
        Fix the login page. Accept the downgrade.
        accept this time
    """,
    "hold": """
        hold
        Hold, please
        keep opus
        Keep Opus!
        keep opus for this session
        keep the opus tier
        stay on opus
        stick with opus, please
        hold opus
        hold at opus and go on
        no, keep opus
        I want to stay on opus
        let's keep it on opus
        keep using the numbers. Keep opus.
        go on with the fix, keep opus
        don't accept the downgrade
        do not downgrade
        please don't downgrade to sonnet
        no downgrade
        reject the offer
        keep the current tier
        keep heavy
        keep fable
        that's fine, keep opus from now on
        > run it on sonnet?\\n\\nkeep opus
    """,
    "pause": """
        pause
        Pause, please.
        ok, pause
        pause until reset
        pause until the reset
        pause the work until the weekly reset
        pause until the budget resets
        wait for the reset
        stop until it resets
        pause everything
        hold until the reset
    """,
}
NO_ANSWERS = """
    accept the cookie banner
    accept all changes in git
    Accept the incoming changes and commit
    accept edits
    accept the invitation, then log in
    accept both arguments as strings
    Make the endpoint accept JSON
    the form does not accept it
    accept?
    should I accept the downgrade?
    keep opus?
    keep the opus file
    keep opus files out of the repository
    keep opus and vorbis codecs
    keep haiku
    hold on
    hold on a second
    hold the build
    hold the door open for the upload
    hold opus packets in a buffer
    pause the video
    pause until the animation ends
    pause the reset button
    Type "accept" to continue
    `accept` should be a flag
    click 'keep opus' in the dialog
    > accept
    ```\\naccept\\n```
    Buttons: ok, accept
    The dialog says, keep opus
    if the tests fail, keep opus
    when it is red, accept the downgrade
    Add a button that says accept the downgrade
    accept, no, hold
    accept the downgrade or keep opus
    accept the downgrade, no wait, keep opus
    yes
    no
    numpy breaks, downgrade it
    fix the page. accept
    Users may stay on opus
    the user must keep opus
    git rebase and hold
    why did you not accept the downgrade?
    Describe how to stay on opus 4 streams
    wait for the server
    stop until the reset handler is fixed
    keep the model
"""


def cases() -> list[tuple[str, str | None]]:
    given = [
        (line.strip().replace("\\n", "\n"), answer)
        for answer, lines in ANSWERS.items()
        for line in lines.split("\n")
    ]
    others = [(line.strip().replace("\\n", "\n"), None) for line in NO_ANSWERS.split("\n")]
    return [(words, answer) for words, answer in (*given, *others) if words]


@pytest.mark.parametrize(("words", "answer"), cases())
def test_words_answer_only_where_they_say_the_answer(words: str, answer: str | None) -> None:
    assert answer_in(words, OFFER, BUILT_IN) == answer


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(cases()) >= 100


def test_only_what_is_offered_can_be_answered() -> None:
    offer = Offer("0f", "escalation", "retry it on opus?", ("accept", "hold"), BUILT_IN["opus"])

    assert answer_in("pause", offer, BUILT_IN) is None
    assert answer_in("accept", offer, BUILT_IN) == "accept"


def test_an_offer_without_a_tier_has_no_tier_to_keep() -> None:
    offer = Offer("0f", "exhausted", "wait?", ("accept", "hold", "pause"), None)

    assert answer_in("keep opus", offer, BUILT_IN) is None
    assert answer_in("hold", offer, BUILT_IN) == "hold"


def test_the_rungs_of_a_users_own_ladder_are_understood() -> None:
    ladder = ladder_of(("mini", "big.1", "Huge+"))
    offer = Offer("0f", "red_high", "?", ("accept", "hold", "pause"), ladder["big.1"])

    assert answer_in("keep huge+", offer, ladder) == "hold"
    assert answer_in("accept big.1", offer, ladder) == "accept"
    assert answer_in("accept bigx1", offer, ladder) is None


@pytest.mark.parametrize(
    ("words", "once"),
    [
        ("keep opus this time", True),
        ("accept for now, please", True),
        ("keep opus for this task", True),
        ("just this once, accept", True),
        ("keep opus", False),
        ("accept the downgrade for this session", False),
        ("keep opus from now on", False),
        ("keep opus. Then fix this one for now", False),
        ("keep opus, just this once", True),
    ],
)
def test_words_say_how_long_they_hold(words: str, once: bool) -> None:
    assert for_once(words, OFFER, BUILT_IN) is once


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(words: str) -> None:
    assert answer_in(words, OFFER, BUILT_IN) in (None, "accept", "hold", "pause")


def test_a_prompt_of_any_length_is_read_up_to_its_bound() -> None:
    assert answer_in("x" * MAX_CHARACTERS + ". keep opus", OFFER, BUILT_IN) is None
    assert answer_in("accept " * MAX_CHARACTERS, OFFER, BUILT_IN) is None
