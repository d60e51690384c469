"""The grammar of inline overrides: does a sentence order the tier that it names, forbid it, or mention it?

    debug this hydration issue   using    sonnet   for now
    └──────── head ──────────┘   └lead─┘  └name─┘  └ after

Every question is asked of text in lower case with single spaces, where ¶ marks the end of a line:

1. **Alone?** Behind the name the clause ends, or a function word or a verb of work follows. A noun does not:
   "the opus codec", "haiku poems".
2. **Another life of the word?** A sentence that speaks of poetry or audio mentions, unless the name is
   called a model or is given work ("use haiku to write …").
3. **Led?** By a verb where a clause begins ("use", "switch to"); or by a preposition in a clause that is
   itself an order ("using", "with", "on"); or by nothing, if what follows chooses it ("opus, please").
4. **Not a question, not a condition.** "Should I use opus?" asks; "if it fails, use opus" is for a case
   that may never come. "Can you use opus?" is a request.

Source: rules.md section 5; seed A§3.3.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from tierwise.files import inline_words as words

Kind = Literal["tier", "force", "rest", "not"]
"""An order for the skill at hand, for every skill, for every other skill, or against a tier."""


TAG: Final = "@tier:"
"""What makes the word behind it an order, wherever it stands."""


class Sentence(NamedTuple):
    """What stands around a name: `before` ends at it, `after` starts behind it; all in lower case.

    `is_id` marks a concrete model id, which has no other meaning.
    """

    before: str
    name: str
    after: str
    question: bool = False
    is_id: bool = False


class Order(NamedTuple):
    """What is ordered, and how many words before and behind the name say so."""

    kind: Kind
    words_before: int
    words_after: int = 0


def _any(*tables: tuple[str, ...]) -> str:
    """One group with all fragments of the tables."""
    return f"(?:{'|'.join(fragment for table in tables for fragment in table)})"


_PREPOSITIONS: Final = _any(words.USING, words.ON, words.WITH)
_FILL: Final = rf"(?:(?:^| ){_any(words.FILLERS)})*$"
_LEAD: Final = re.compile(
    rf"(?<![^ (\[])(?:(?P<not>{_any(words.NEGATED_VERBS)})|(?P<without>{_any(words.WITHOUT)})"
    rf"|(?P<verb>{_any(words.VERBS, words.WISHES)})|(?P<preposition>{_PREPOSITIONS})){_FILL}"
)
_PREPOSITION: Final = re.compile(rf"(?<![^ (\[]){_PREPOSITIONS}{_FILL}")
_ONLY: Final = re.compile(r" (?:just|only)\b")
_TAG: Final = re.compile(rf"(?<!\w){TAG}$")
_LABELS: Final = ("(model:", "(tier:", "[model:", "[tier:", "(model=", "(tier=", "[model=", "[tier=")

_ADVERBS: Final = rf"(?:{_any(words.ADVERBS)}(?:,? |,?$))*"
_CLAUSE_START: Final = re.compile(
    r"(?:^|[,;:(\[—–¶-] ?"
    rf"|(?<![^ ])(?:(?P<joined>{_any(words.CONJUNCTIONS)})|{_any(words.BREAKS)})(?: |$))"
    rf"{_ADVERBS}(?:(?P<request>{_any(words.REQUESTS)})(?: |$){_ADVERBS})?$"
)
_OPENING: Final = re.compile(
    rf"[^\w]*(?:{_any(words.ADVERBS, words.CONJUNCTIONS, words.BREAKS)}(?:,? |,?$))*"
    rf"(?P<request>{_any(words.REQUESTS)}(?: |$))?(?P<word>[^ ,;:]*)"
)
_CLAUSE_EDGE: Final = re.compile(r"[,;:(—–]| - ")
_JOINT: Final = re.compile(r"(?<= )(?:and|then|but|so) (?=([a-z]+))")
_REASON: Final = re.compile(rf"(?<![^ ]){_any(words.REASONS)} ")
_RELATIVE: Final = re.compile(rf"(?<![^ ]){_any(words.RELATIVES)} ")
_BOUND_TO_ON: Final = re.compile(rf"(?<![^ ]){_any(words.TOPICS, words.HAPPENINGS, words.WORKINGS)}$")
_BOUND_TO_WITH: Final = re.compile(rf"(?<![^ ]){_any(words.COMPANIONS, words.HAPPENINGS, words.WORKINGS)}$")
_BOUND_TO_USING: Final = re.compile(rf"(?<![^ ]){_any(words.HAPPENINGS)}$")
_COURTESY: Final = re.compile(_any(words.COURTESY))

_NOUN: Final = re.compile(rf"(?:\[1m\])?(?: v?\d+(?:\.\d+)*(?![\w.]))?(?P<noun> {words.TIER_NOUN}\b)?")
_END: Final = re.compile(r" ?(?:$|[^\w /&+=<%$#@*'’-]|-(?: |$)|¶)")
_FOLLOWER: Final = re.compile(rf" {_any(words.FOLLOWERS)}(?!\w)")
_WORK: Final = re.compile(r",?(?: to| and)?(?: please)? ([a-zäöü]+)")
_CHOSEN: Final = re.compile(rf" ?{_any(words.CHOSEN)}(?!\w)")
_CONDITIONED: Final = re.compile(rf"(?: [^ ,;:]+){{0,4}} {_any(words.CONDITIONED)} ")
_THE_REST: Final = re.compile(_any(words.THE_REST))
_EVERYTHING: Final = re.compile(rf"(?<![^ ]){_any(words.THE_REST, words.EVERYTHING)}(?!\w)")
_EVERYTHING_LAST: Final = re.compile(rf"(?<![^ ]){_any(words.THE_REST, words.EVERYTHING)}$")
_FOR_EVERYTHING: Final = re.compile(
    rf" (?:(?:for|on|für|pour|para|per|voor) )?{_any(words.THE_REST, words.EVERYTHING)}(?!\w)"
)
_TOKEN: Final = re.compile(r"[\w#'-]+")


def order_in(sentence: Sentence) -> Order | None:
    """What the sentence orders about the name; None if it only mentions it."""
    if sentence.before.endswith(":") and _TAG.search(sentence.before):
        return Order("tier", 1)
    behind = _behind(sentence)
    if behind is None or (sentence.name in words.ORDINARY and not behind.noun):
        return None
    order = _led(sentence, behind) or _chosen(sentence, behind.rest)
    if order is None or _is_conditional(sentence, behind.rest):
        return None
    named_for_sure = behind.noun or sentence.is_id or _begins_work(behind.rest)
    return order if named_for_sure or not _speaks_of_something_else(sentence) else None


def is_imperative(sentence: Sentence) -> bool:
    """Whether the name, itself a verb with its object ("ignore minimum"), is an order that stands alone."""
    return (
        _behind(sentence) is not None and _clause_start(sentence.before) is not None and not _asks(sentence)
    )


# -- behind the name ---------------------------------------------------------------------------------------


class _Behind(NamedTuple):
    """What calls the name a model ("" if nothing does), and what follows then."""

    noun: str
    rest: str


def _behind(sentence: Sentence) -> _Behind | None:
    """What follows the name; None if the name does not stand alone."""
    noun = _NOUN.match(sentence.after)
    assert noun is not None, "every part of the pattern is optional"
    rest = sentence.after[noun.end() :]
    if _END.match(rest) or _FOLLOWER.match(rest) or _CHOSEN.match(rest) or _begins_work(rest):
        return _Behind((noun["noun"] or "").strip(), rest)
    return None


def _begins_work(rest: str) -> bool:
    work = _WORK.match(rest)
    return work is not None and work[1] in words.TASKS


def _speaks_of_something_else(sentence: Sentence) -> bool:
    domain = words.DOMAINS.get(sentence.name)
    if domain is None or sentence.before.endswith(("claude", "claude's")):
        return False
    return not domain.isdisjoint(_TOKEN.findall(f"{sentence.before} {sentence.after}"))


# -- before the name ---------------------------------------------------------------------------------------


def _led(sentence: Sentence, behind: _Behind) -> Order | None:
    """The order that the words right before the name give."""
    if sentence.before.endswith(_LABELS):
        return Order("tier", 1)
    lead = _LEAD.search(sentence.before)
    if lead is None:
        return None
    head = sentence.before[: lead.start()].rstrip()
    if lead["not"]:
        return _forbidden(sentence, head, lead[0])
    if lead["without"]:
        return Order("not", _count(lead[0])) if _is_order(sentence, head, _BOUND_TO_WITH) else None
    if lead["verb"]:
        order = _commanded(sentence, head, lead[0], behind.rest)
        lead = lead if order else _PREPOSITION.search(sentence.before)
        if order or lead is None:
            return order
        head = sentence.before[: lead.start()].rstrip()
    return _tied(sentence, head, lead[0], behind)


def _forbidden(sentence: Sentence, head: str, lead: str) -> Order | None:
    """An order against the tier: "don't use", "no". "Not only" forbids nothing."""
    if _clause_start(head) is None or _ONLY.search(lead) or _asks(sentence):
        return None
    return Order("not", _count(lead))


def _commanded(sentence: Sentence, head: str, lead: str, rest: str) -> Order | None:
    """An imperative whose object is the tier: "use opus", "switch this to sonnet"."""
    start = _clause_start(head)
    if start is None or (not start["request"] and _asks(sentence)):
        return None
    if start["joined"] and _is_statement(_opening(sentence.before)):
        return None
    return _positive(lead, rest, lead)


def _tied(sentence: Sentence, head: str, lead: str, behind: _Behind) -> Order | None:
    """A preposition that ties the tier to a clause which is an order: "debug this using sonnet"."""
    if sentence.name in words.ORDINARY and behind.noun != "tier":
        return None
    if not _is_order(sentence, head, _binding(lead)):
        return None
    everything = _EVERYTHING_LAST.search(head.rstrip(" ¶"))
    moved = f"{everything[0]} " if everything else ""
    return _positive(moved + lead, behind.rest, moved)


def _chosen(sentence: Sentence, rest: str) -> Order | None:
    """A tier that opens a clause and is chosen by what follows: "haiku is enough", "opus please"."""
    chosen = _CHOSEN.match(rest)
    if chosen is None or not _clause_start(sentence.before) or _asks(sentence):
        return None
    return _positive("", rest, "", words_after=_count(chosen[0]))


def _positive(lead: str, rest: str, moved: str, words_after: int = 0) -> Order:
    """An order for a tier; for everything, if `moved` (what the lead moves there) or `rest` says so."""
    behind = _FOR_EVERYTHING.match(rest)
    everything = behind or _EVERYTHING.search(moved)
    if everything is None:
        return Order("tier", _count(lead), words_after)
    kind: Kind = "rest" if _THE_REST.search(everything[0]) else "force"
    return Order(kind, _count(lead), _count(behind[0]) if behind else words_after)


def _count(phrase: str) -> int:
    return len(phrase.split())


# -- the clause --------------------------------------------------------------------------------------------


def _clause_start(head: str) -> re.Match[str] | None:
    return _CLAUSE_START.search(head)


def _opening(text: str) -> re.Match[str]:
    opening = _OPENING.match(text)
    assert opening is not None, "every part of the pattern is optional"
    return opening


def _asks(sentence: Sentence) -> bool:
    """Whether the sentence is a question and no request; a bare "use opus?" asks as well."""
    opening = _opening(sentence.before)
    if opening["request"]:
        return False
    return opening["word"] in words.QUESTIONS or (sentence.question and _count(sentence.before) <= 2)


def _is_statement(opening: re.Match[str]) -> bool:
    return not opening["request"] and opening["word"] in words.STATEMENTS


def _is_conditional(sentence: Sentence, rest: str) -> bool:
    """Whether the order is for a case that may never come."""
    opening = _opening(sentence.before)
    if opening["word"] in words.CONDITIONALS and not _COURTESY.match(sentence.before, opening.start("word")):
        return True
    condition = _CONDITIONED.match(rest)
    return condition is not None and _COURTESY.search(rest) is None


def _binding(preposition: str) -> re.Pattern[str]:
    """The words that would bind this preposition to themselves."""
    if preposition.startswith(words.USING):
        return _BOUND_TO_USING
    return _BOUND_TO_ON if preposition.startswith(words.ON) else _BOUND_TO_WITH


def _is_order(sentence: Sentence, head: str, binding: re.Pattern[str]) -> bool:
    """Whether the clause at the end of `head` is an order, and the preposition behind it belongs to it."""
    clause = _last_clause(head.replace("¶", " ").strip())
    opening = _opening(clause)
    if opening["word"] in words.TOPICAL or _is_statement(opening) or _asks(sentence):
        return False
    if binding.search(clause) or _REASON.search(clause):
        return False
    return binding is _BOUND_TO_USING or _RELATIVE.search(clause) is None


def _last_clause(head: str) -> str:
    """The clause at the end of `head`: behind the last comma or dash, or where work is joined on by "and"."""
    clause = _CLAUSE_EDGE.split(head)[-1].strip() or head
    joints = [joint.end() for joint in _JOINT.finditer(clause) if joint[1] in words.TASKS]
    return clause[joints[-1] :] if joints else clause
