"""Kept offers: what a session was asked, what was answered, and for how long the answer holds.

    met ──► open ──answered──► holds for the session
                 └────────────► holds for the next call that meets the offer, and the rest of its turn
                                (a turn is one prompt's work: half of it on another model would help nobody)

An offer is the same for the same question about the same skill and budget, so it is met again and again
until it is answered; each session answers for itself.

Source: rules.md section 4, "Consent".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from tierwise.core.questions import Answer, Offer, Refusal

AnswerScope = Literal["call", "session"]
"""How long an answer holds."""
ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)
SCOPES: Final[tuple[AnswerScope, ...]] = get_args(AnswerScope)


@dataclass(frozen=True, slots=True)
class KeptOffer:
    """One offer in one session. `at_us` and `turn` are those of the call that met it first; `heard` is how
    many characters the user had said in that turn by then: only what was said later can answer.

    `tier` and `skill` are names, None where the offer is about none. `used_in` is the turn in which an answer
    for one call was first followed; None until then.
    """

    id: str
    session: str
    kind: str
    text: str
    options: tuple[str, ...]
    tier: str | None
    skill: str | None
    at_us: int
    turn: str = ""
    heard: int = 0
    answer: Answer | None = None
    scope: AnswerScope | None = None
    used_in: str | None = None

    def answer_in(self, turn: str) -> Answer | None:
        """The answer that holds for a call in that turn. A call of no known turn uses it up alone."""
        spent = self.used_in is not None and (not turn or self.used_in != turn)
        return None if self.scope == "call" and spent else self.answer

    def is_open(self, turn: str) -> bool:
        """Whether the user may answer with words alone in that turn: nothing holds, or only a pause."""
        return self.answer_in(turn) in (None, "pause")

    def answered(self, answer: Answer, scope: AnswerScope) -> KeptOffer:
        """The offer with this answer, which replaces any other. Asserts that it is one of the options."""
        assert answer in self.options, "only what was offered can be answered"
        return replace(self, answer=answer, scope=scope, used_in=None)

    def used(self, turn: str) -> KeptOffer:
        """The offer after a call in that turn followed its answer."""
        if self.scope == "call" and self.used_in is None:
            return replace(self, used_in=turn)
        return self


def kept(offer: Offer, *, session: str, skill: str | None, turn: str, heard: int, at_us: int) -> KeptOffer:
    """The offer as the session is to remember it, unanswered."""
    tier = offer.tier.name if offer.tier else None
    about = offer.kind, offer.text, offer.options, tier, skill
    return KeptOffer(offer.id, session, *about, at_us=at_us, turn=turn, heard=heard)


def offer_of(refusal: Refusal) -> Offer:
    """What a refusal offers that came with no offer of its own: nothing to accept, only to wait or export."""
    id = hashlib.sha256(f"refused\0{refusal.budget}".encode()).hexdigest()[:12]
    return Offer(id, "exhausted", f"{refusal.text}.", ("wait", "export"))


def newest(offers: tuple[KeptOffer, ...], limit: int) -> tuple[KeptOffer, ...]:
    """At most `limit` of them, the longest unmet given up, oldest first."""
    return tuple(sorted(offers, key=lambda offer: offer.at_us))[-limit:]
