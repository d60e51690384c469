"""Consent: an offer answered in the user's own words, or not answered at all.

    "ok, accept the downgrade and go on"   accept         "accept the cookie banner"    nothing
    "keep opus this time, please"          hold           "keep the opus file"          nothing
    "pause until the reset"                pause          "pause the video"             nothing

A prompt is a list of sentences, each a list of clauses. A clause answers if it says the answer and nothing
else: courtesies before it, and a harmless tail behind it, are taken off. What names the offer's matter (a
tier, the downgrade, the reset) may stand in any sentence; a bare "accept", "hold" or "pause" only where the
prompt begins. A question asks and does not answer; what stands in quotes or in code was said by nobody. Two
answers that contradict each other are none.

Source: rules.md section 4, "Consent"; seed A§2.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from tierwise.core.questions import Answer, Offer
from tierwise.core.tiers import Ladder

MAX_CHARACTERS: Final = 10_000
"""Characters of a prompt that are looked at, from its beginning."""

_QUOTED: Final = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|(?<!\w)'[^'\n]*'(?!\w)|^>[^\n]*",
    re.DOTALL | re.MULTILINE,
)
_SENTENCE: Final = re.compile(r"((?:[^.!?;\n]|\.(?=\w))+)([.!?;\n]*)")
_CLAUSE_EDGE: Final = re.compile(r",\s*|\s+[–—-]+\s+|[–—]")
_FILLER: Final = re.compile(
    r"(?:ok|okay|yes|yep|yeah|sure|fine|alright|all right|right|agreed|good|great|thanks|thank you|no|nope"
    r"|please|well|then|so|and|but|now|hi|hey|that's fine|sounds good|i see|got it|understood|no problem"
    r"|for now|this time|just this once|instead)"
)
_LEAD: Final = re.compile(
    rf"(?:(?!no(?:pe)? )(?:{_FILLER.pattern}|just|also|let's|lets|let us|i'll|i will|we'll|we will"
    r"|i'd rather|we'd rather|i'd like to|i would like to|i want to|i want you to|you can|you may"
    r"|go ahead and|feel free to"
    r"|i|we) )*"
)
_SPAN: Final = (
    r"(?:for now|for once|(?:just |only )?this (?:time|once)|just once|once"
    r"|for (?:this|the|that|my|our) (?:call|turn|one|task|request|prompt|skill|step|session|conversation"
    r"|work|rest|rest of (?:the|this) (?:session|day|conversation))|for (?:it|this|that|today)"
    r"|from now on|always|here"
    r"|in this session|until (?:further notice|i say otherwise))"
)
_TAIL: Final = (
    rf"(?: (?:please|then|thanks|instead|anyway|too|{_SPAN}))*"
    r"(?: (?:and|then|but) (?:then )?(?:go|continue|proceed|carry|keep going|finish|move|try|fix|do|run|debug"
    r"|work|investigate|look|check|write|make|start|resume|tell|show|get|begin|see|retry|test|map|use)\b.*)?"
)
_ONCE: Final = re.compile(
    r"\b(?:for now|for once|this (?:time|once|one)|just once|only once"
    r"|for this (?:call|turn|one|task|request|prompt|step)|for (?:it|this)(?= *(?:[,.;!]|$|please|and\b)))"
)
_LOWERING: Final = (
    r"(?:the |your |this |that )?(?:offer|downgrade|(?:lower|cheaper|smaller) (?:tier|model)"
    r"|change of (?:tier|model)|(?:tier|model) (?:change|switch))"
)
_STATEMENT: Final = re.compile(
    r"(?:if|when|whenever|unless|once|should|in case|as soon as|suppose|whether|while|the|an?|he"
    r"|she|they|it|its"
    r"|it's|there|this|that|these|those|my|our|your|his|her|their|you|we|i|somebody|someone|everyone|docs?)\b"
)
"""What opens a clause that gives no order, so that none follows it in its sentence either."""
_RESET: Final = (
    r"(?:(?:the )?(?:next |budget |weekly |daily |monthly |quota )*reset"
    r"|(?:it|the budget|the quota|the limit|the window|the week) (?:resets?|is reset|renews|is back))"
)
_WORK: Final = r"(?:it|this|that|here|the work|work|everything|this skill|the skill|this task|the task)"

_NOT: Final = "(?:don't|do not|never|no need to)"
_BARE: Final[dict[Answer, str]] = {
    "accept": r"(?:do )?accept(?:ed)?(?: it| that| this)?|downgrade(?: it| this| me)?",
    "hold": rf"hold|{_NOT} (?:accept|downgrade)(?: it| this| that| me)?",
    "pause": r"pause(?: it| here)?",
}
"""What answers only at the beginning of a prompt: alone it could be about anything."""


class _Clause(NamedTuple):
    """A clause in lower case; whether the prompt begins with it, and whether it may give an order."""

    text: str
    begins: bool
    orders: bool


def answer_in(words: str, offer: Offer, ladder: Ladder) -> Answer | None:
    """The answer to the offer that the user's words give; None if they give none, or two.

    Only an answer that is among the offer's options counts. Never raises.
    """
    found = {answer for answer, _ in _answers(words, offer, ladder)} & set(offer.options)
    return found.pop() if len(found) == 1 else None


def for_once(words: str, offer: Offer, ladder: Ladder) -> bool:
    """Whether the words limit their answer to the work at hand: "keep opus this time", "accept, for now"."""
    said = [clause for _, clause in _answers(words, offer, ladder)]
    said += [clause.text for clause in _clauses(words) if _FILLER.fullmatch(clause.text)]
    return any(_ONCE.search(clause) is not None for clause in said)


def _answers(words: str, offer: Offer, ladder: Ladder) -> Iterator[tuple[Answer, str]]:
    """Each answer that is given, with the clause that gives it."""
    named = _named(offer, ladder)
    for clause in _clauses(words):
        text = _LEAD.sub("", clause.text, count=1)
        said = [named] if clause.orders else []
        said += [_BARE] if clause.begins else []
        yield from ((answer, text) for ways in said for answer, way in ways.items() if _says(way, text))


def _says(ways: str, text: str) -> bool:
    """Whether the clause says one of the ways and nothing else, but for a harmless tail."""
    return re.fullmatch(f"(?:{ways}){_TAIL}", text) is not None


def _clauses(words: str) -> Iterator[_Clause]:
    """The clauses of every sentence that asks nothing; what is quoted becomes a mark that no answer holds."""
    plain = _QUOTED.sub(" ◦ ", words[:MAX_CHARACTERS]).replace("’", "'").lower()
    begins = True
    for sentence in _SENTENCE.finditer(plain):
        orders = True
        for part in _CLAUSE_EDGE.split(sentence[1]):
            text, filler = " ".join(part.split()), False
            if text and "?" not in sentence[2]:
                filler = _FILLER.fullmatch(text) is not None
                yield _Clause(text, begins, orders)
            orders = orders and (filler or _STATEMENT.match(text) is None)
            begins = begins and (filler or not text or _answers_alone(text)) and "?" not in sentence[2]


def _answers_alone(text: str) -> bool:
    return any(_says(ways, _LEAD.sub("", text, count=1)) for ways in _BARE.values())


def _named(offer: Offer, ladder: Ladder) -> dict[Answer, str]:
    """What answers in any sentence, for it names what the offer is about."""
    lower = offer.tier
    below = _tiers(ladder, [rung.name for rung in ladder.rungs if rung == lower])
    above = _tiers(ladder, [rung.name for rung in ladder.rungs if lower is not None and rung > lower])
    stay = "(?:stay|stick|remain|go on|carry on|continue|keep going)"
    accept = (
        rf"accept(?:ed)? (?:{_LOWERING}(?: to {below})?|{below})",
        rf"downgrade(?: {_WORK})? to {below}",
        rf"(?:keep|{stay} (?:on|with|at)) {below}",
    )
    hold = (
        rf"(?:hold|keep) (?:(?:it|this|me|us|everything) )?(?:(?:at|with) )?{above}",
        rf"keep (?:it|this|me|us|everything) on {above}",
        rf"{stay} (?:on|with|at) {above}",
        r"(?:hold|keep) (?:the |this |my |our )?(?:(?:(?:current|same|higher) )?tier|(?:current|same) model)",
        rf"{_NOT} (?:accept|make|do) {_LOWERING}",
        rf"(?:no|decline|reject|refuse) {_LOWERING}",
        rf"{_NOT} (?:switch|downgrade|drop|go)(?: {_WORK}| me)?(?: down)? to {below}",
    )
    pause = (
        rf"(?:pause|wait|stop|hold)(?: {_WORK})?(?: and wait)? (?:until|till|for) {_RESET}",
        r"pause (?:the work|work|this skill|the skill|this task|the task|everything)",
    )
    return {"accept": "|".join(accept), "hold": "|".join(hold), "pause": "|".join(pause)}


def _tiers(ladder: Ladder, names: list[str]) -> str:
    """A pattern for these rungs, by name or alias; one that matches nothing if there are none."""
    words = [word for word in ladder.words() if ladder[word].name in names]
    if not words:
        return "(?!)"
    either = "|".join(re.escape(word.lower()) for word in sorted(words, key=len, reverse=True))
    return rf"(?:the |claude )?(?:{either})(?: \d+(?:\.\d+)*)?(?: (?:tier|model))?"
