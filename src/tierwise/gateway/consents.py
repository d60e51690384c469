"""Consents: what the gateway does about offers and notices around each decision.

    before    the answers that hold for the call, with what the user's own words have just answered
    after     an offer that was made is kept, an answer that was followed is noted, people are told once

Neither may keep a call from being made: a book that cannot be read or written is an alarm.

Source: rules.md section 4, "Consent".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tierwise.core.offers import kept, offer_of
from tierwise.core.questions import Answer, Decision, Offer, Refusal
from tierwise.errors import StoreError
from tierwise.gateway.notices import Notice, Notices, how_to_answer
from tierwise.router.calls import Routed
from tierwise.router.configs import Configs
from tierwise.router.offers import Offers


@dataclass(frozen=True, slots=True)
class Consents:
    """The book of offers at a gateway, and where its notices go: the user's own configuration says."""

    offers: Offers
    notices: Notices
    configs: Configs
    alarm: Callable[[str], None]
    keep: Callable[[Notice], None] = lambda _: None
    """Takes each notice for the session that it is about."""

    def answers(self, session: str, turn: str, words: str) -> Mapping[str, Answer]:
        """The answers that hold for a call, by offer. `words` are the user's own, "" where nobody spoke."""
        try:
            if not self.offers.known(session):
                return {}
            ladder = self.configs.of(None).settings.ladder
            return self.offers.answers(session, turn, words, ladder)
        except StoreError as error:
            self.alarm(f"no answer to an offer can be followed: {error}")
            return {}

    def zone(self, routed: Routed, now_us: int) -> None:
        """Tell people of a zone that was entered as the call was decided. Never raises."""
        if routed.decision.notify is not None:
            self._tell(_notice(routed, now_us, "zone", routed.decision.notify))

    def follow(self, routed: Routed, now_us: int) -> None:
        """Keep what the decision offered and followed; tell people what is new. Never raises."""
        call, decision = routed.call, routed.decision
        self.zone(routed, now_us)
        if routed.mode != "enforce":
            return
        try:
            if decision.answered:
                self.offers.used(decision.answered, call.session, call.user_turn)
            if decision.offer is not None:
                self._meet(decision.offer, routed, now_us)
        except StoreError as error:
            self.alarm(f"an offer or its answer was not kept: {error}")

    def refused(self, refusal: Refusal, routed: Routed, now_us: int) -> str:
        """How to answer a refusal, in a sentence. One that came with no offer becomes one. Never raises."""
        decision = routed.decision
        if decision.offer is not None:
            return how_to_answer(decision.offer.id, decision.offer.options)
        if decision.answered and decision.refusal is refusal:
            return how_to_answer(decision.answered[-1], refusal.options)
        offer = offer_of(refusal)
        try:
            self._meet(offer, routed, now_us)
        except StoreError as error:
            self.alarm(f"an offer was not kept: {error}")
        return how_to_answer(offer.id, offer.options)

    def _meet(self, offer: Offer, routed: Routed, now_us: int) -> None:
        """Keep the offer, and tell people if the session has not met it before."""
        call = routed.call
        said = call.everywhere_words or call.user_words
        made = kept(
            offer,
            session=call.session,
            skill=call.skill,
            turn=call.user_turn,
            heard=len(said),
            at_us=now_us,
        )
        if self.offers.met(made):
            asked = _notice(routed, now_us, "offer", offer.text)
            self._tell(replace(asked, offer=offer.id, options=offer.options))

    def _tell(self, notice: Notice) -> None:
        self.keep(notice)
        self.notices.tell(notice, self.configs.of(None).notify, self.alarm)

    def ended(self, notice: Notice) -> None:
        """Tell people of a session that has ended."""
        self.notices.tell(notice, self.configs.of(None).notify, self.alarm)


def _notice(routed: Routed, now_us: int, kind: str, text: str) -> Notice:
    """What a notice says of the call: names and figures, nothing that was said in it."""
    decision = routed.decision
    return Notice(
        kind=kind,
        text=text,
        zone=str(decision.zone),
        budget=decision.binding.name if decision.binding else None,
        skill=routed.call.skill,
        session=routed.call.session,
        at=now_us / 1_000_000,
    )


def offer_headers(decision: Decision) -> dict[str, str]:
    """How a response shows the offer: its id, and its text unless a notice is there already."""
    offer = decision.offer
    if offer is None:
        return {}
    return {"x-tierwise-offer": offer.id, "x-tierwise-notice": decision.notify or offer.text}
