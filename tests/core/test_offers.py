"""Kept offers: how long an answer holds, and which offer it is an answer to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tierwise.core.decide import decide
from tierwise.core.offers import KeptOffer, kept
from tierwise.core.questions import Answer, Question, Settings
from tierwise.core.skills import Demand, Skill
from tierwise.core.tiers import BUILT_IN
from tierwise.core.zones import Gauge, Scope

HAIKU, SONNET, OPUS = (BUILT_IN[name] for name in ("haiku", "sonnet", "opus"))
OFFER = KeptOffer("0f", "s", "red_high", "?", ("accept", "hold", "pause"), "haiku", "mapper", 1, "t1")
DEMANDING = Skill(
    "debugger",
    declared=True,
    preferred=OPUS,
    acceptable=(SONNET, OPUS),
    minimum=SONNET,
    demand=Demand.HIGH,
)


def question(spent: float, skill: Skill = DEMANDING) -> Question:
    scope = Scope("tier", "opus")
    gauge = Gauge("weekly opus", spent=spent, limit=100, scope=scope, dimension="weekly", unit="messages")
    return Question(skill=skill, asked_model="claude-opus-5-5", asked=OPUS, gauges=(gauge,))


def test_an_answer_for_the_session_holds_in_every_turn() -> None:
    held = OFFER.answered("hold", "session").used("t2")

    assert [held.answer_in(turn) for turn in ("t2", "t3", "")] == ["hold"] * 3


def test_an_answer_for_a_call_holds_in_the_turn_that_uses_it_first() -> None:
    held = OFFER.answered("hold", "call")
    used = held.used("t2").used("t3")

    assert held.answer_in("t9") == "hold"
    assert [used.answer_in(turn) for turn in ("t2", "t3", "")] == ["hold", None, None]


def test_a_call_of_no_known_turn_uses_an_answer_up() -> None:
    used = OFFER.answered("hold", "call").used("")

    assert used.answer_in("") is None


def test_a_new_answer_begins_anew() -> None:
    again = OFFER.answered("hold", "call").used("t2").answered("accept", "call")

    assert again.answer_in("t5") == "accept"


def test_only_what_is_offered_can_be_kept_as_an_answer() -> None:
    with pytest.raises(AssertionError):
        replace(OFFER, options=("wait",)).answered("hold", "call")


@pytest.mark.parametrize(
    ("answer", "tier", "refused"),
    [("accept", SONNET, False), ("hold", OPUS, False), ("pause", OPUS, True), (None, SONNET, False)],
)
def test_an_answer_by_the_offers_id_decides(answer: Answer | None, tier: object, refused: bool) -> None:
    asked = question(92)
    offer = decide(asked).offer
    assert offer is not None
    decision = decide(replace(asked, answers={offer.id: answer} if answer else {}))

    assert (decision.tier, decision.refusal is not None) == (tier, refused)
    assert decision.answered == ((offer.id,) if answer else ())
    assert (decision.offer is None) == (answer is not None)


def test_an_answer_to_one_offer_is_none_to_another() -> None:
    """Accepting sonnet in red must not waive the minimum once opus is exhausted, and the other way round."""
    held_up = replace(DEMANDING, minimum=OPUS, acceptable=(OPUS,))
    red, exhausted = decide(question(92)).offer, decide(question(100, held_up)).offer
    assert red is not None
    assert exhausted is not None
    assert red.id != exhausted.id

    decision = decide(replace(question(100, held_up), answers={red.id: "accept"}))
    assert (decision.tier, decision.offer) == (OPUS, exhausted)
    accepted = decide(replace(question(100, held_up), answers={exhausted.id: "accept"}))
    assert (accepted.tier, accepted.offer) == (SONNET, None)
    paused = decide(replace(question(100, held_up), answers={exhausted.id: "pause"}))
    assert paused.refusal is not None


def test_an_empty_tier_without_a_stand_in_is_left_where_the_user_accepts() -> None:
    asked = Question(asked_model="claude-opus-5-5", asked=OPUS, unavailable=frozenset({"opus"}))
    asked = replace(asked, settings=Settings(), skill=None)
    offer = decide(asked).offer
    assert offer is not None
    assert (offer.kind, offer.tier) == ("unavailable", SONNET)

    assert decide(replace(asked, answers={offer.id: "accept"})).tier == SONNET


def test_an_exhausted_hard_budget_offers_to_wait_or_to_export() -> None:
    full = Gauge("purse", spent=5, limit=5, hard=True)
    decision = decide(Question(asked_model="claude-opus-5-5", asked=OPUS, gauges=(full,)))

    assert decision.refusal is not None
    assert decision.offer is not None
    assert (decision.offer.kind, decision.offer.options) == ("exhausted", ("wait", "export"))


def test_an_offer_is_kept_with_names_alone() -> None:
    offer = decide(question(92)).offer
    assert offer is not None
    one = kept(offer, session="s", skill="debugger", turn="t", heard=7, at_us=9)

    assert (one.id, one.tier, one.options, one.heard) == (offer.id, "sonnet", offer.options, 7)
