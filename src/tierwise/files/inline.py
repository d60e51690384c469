"""Inline overrides: the model that the user asked for in a prompt, told apart from a mere mention.

    "Debug this hydration issue using sonnet"          tier sonnet
    "Run everything on haiku — I'm conserving budget"  force haiku
    "Don't use opus, ignore minimum"                   not opus
    "Compare the haiku poems"                          nothing

Only the user's own words are read: not code spans, fences and quotations, nor what a client wrote into the
message. Each place that names a tier is put before the grammar with its sentence; the orders are then folded
from first to last: the last order wins, and forbidding a tier takes back an order for it.

Source: rules.md section 5; seed A§3.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tierwise.core.tiers import Ladder, Tier
from tierwise.files.inline_foreign import foreign_order
from tierwise.files.inline_foreign_words import GLUED, SUFFIX
from tierwise.files.inline_grammar import TAG, Kind, Order, Sentence, is_imperative, order_in
from tierwise.files.inline_words import HARNESS_TAGS, ORDINARY, TIER_NOUN
from tierwise.files.tier_words import TierOfModel

INSPECTED_CHARS: Final = 20_000
"""Of a longer prompt only the beginning is read: what follows is a paste."""
INSPECTED_MENTIONS: Final = 64
"""Of more mentions only the last ones are read: the last order wins."""
LINK_CHARS: Final = 40
"""How far apart two names may stand that "and", "or" or a comma joins."""
SENTENCE_CHARS: Final = 240
"""How far a sentence is followed to either side of a name."""


@dataclass(frozen=True, slots=True)
class Inline:
    """What the user said. `tier` is for the skill that the request targets, `force` for every skill.

    `negated` holds the tiers that must not be used, in the order in which they were named. `words` are the
    orders as they were written, "" if there are none.
    """

    tier: Tier | None = None
    force: Tier | None = None
    negated: tuple[Tier, ...] = ()
    waive_minimum: bool = False
    words: str = ""


NOTHING: Final = Inline()


class _Mention(NamedTuple):
    """One place where a tier is named."""

    start: int
    end: int
    tier: Tier
    is_id: bool


class _Said(NamedTuple):
    """One order, as it was written."""

    kind: Kind
    tier: Tier
    words: str


def parse_prompt(prompt: str, ladder: Ladder, tier_of_model: TierOfModel | None = None) -> Inline:
    """What the user ordered in `prompt`; `NOTHING` if it orders nothing. Never raises.

    With `tier_of_model` the ids that it knows are read as their tiers. "Ignore minimum" counts beside an
    order for a tier, and by itself only where it says whose minimum ("ignore the minimum tier").
    """
    text = prompt[:INSPECTED_CHARS].replace("İ", "I")  # the one letter whose lower case is longer
    low = text.lower()
    mentions = _mentions(low, ladder, tier_of_model)
    if not mentions and "minimum" not in low:
        return NOTHING
    own = _masked(strip_harness(text))
    if own != text:
        text, low = own, own.lower()
        mentions = _mentions(low, ladder, tier_of_model)
    groups = _enumerations(low, mentions[-INSPECTED_MENTIONS:])
    said = [order for group in groups for order in _orders(text, group)]
    waiver = _waiver(text, low, beside_order=any(order.kind != "not" for order in said))
    return _fold(said, waiver) if said or waiver else NOTHING


# -- the user's own words ----------------------------------------------------------------------------------

_SKILL_BODY: Final = "Base directory for this skill:"
_TYPED_ARGUMENTS: Final = re.compile(r"<command-args>([^<]*)</command-args>")
_HARNESS: Final = re.compile(
    rf"<((?:{'|'.join(HARNESS_TAGS)}))\b[^>]*>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_BLOCK: Final = re.compile(r"```.*?(?:```|\Z)|^[ \t]*>[^\n]*", re.DOTALL | re.MULTILINE)
_QUOTED: Final = re.compile(r"`[^`\n]{1,200}`|\"[^\"\n]{1,200}\"|[“„][^”“\n]{1,200}[”“]|«[^»\n]{1,200}»")
_OPENING_MARKS: Final = '`"“„«'
_SINGLE_WORD: Final = re.compile(r"[\w.:-]+")


def strip_harness(text: str) -> str:
    """`text` without what a client wrote into it: reminders, command echoes, tool output, a skill's body.

    The arguments of a typed command are the user's own words and stay. A skill's body, and an element that
    is never closed, are taken to reach to the end.
    """
    if text.lstrip().startswith(_SKILL_BODY):
        return ""
    text = text.partition(f"\n{_SKILL_BODY}")[0]
    if "<" not in text:
        return text
    text = _TYPED_ARGUMENTS.sub(lambda typed: f"{_gap(typed)}{typed[1]}{_gap(typed)}", text)
    return _HARNESS.sub(_gap, text)


def _gap(element: re.Match[str]) -> str:
    """What is left in the place of an element: a line's end, but a space where that would end a quotation."""
    line = element.string[element.string.rfind("\n", 0, element.start()) + 1 : element.start()]
    return " " if any(mark in line for mark in _OPENING_MARKS) or line.lstrip().startswith(">") else "\n"


def _masked(text: str) -> str:
    """`text` at the same length, with fences and quoted lines blank, and code spans and quotations filled.

    A tier's name alone in quotes is still a name ("use `opus`"), and a prompt that is one quotation is read.
    """
    if "```" in text or ">" in text:
        text = _BLOCK.sub(lambda block: "\n" * len(block[0]), text)
    if any(mark in text for mark in _OPENING_MARKS) and not _is_one_quotation(text):
        text = _QUOTED.sub(_filled, text)
    return text.replace("*", " ")


def _is_one_quotation(text: str) -> bool:
    bare = text.strip()
    return len(bare) > 1 and bare[0] in '"“„«' and bare[-1] in '"”“»' and bare.count('"') <= 2


def _filled(quoted: re.Match[str]) -> str:
    inside = quoted[0][1:-1]
    return f" {inside} " if _SINGLE_WORD.fullmatch(inside) else "¤" * len(quoted[0])


# -- where tiers are named ---------------------------------------------------------------------------------

_LETTER: Final = rf"[^\W{GLUED}]"
_PART_BEFORE: Final = re.compile(rf"{_LETTER}|[./@#$=]|(?<![א-ת])-")
_PART_AFTER: Final = re.compile(rf"(?!{SUFFIX})(?:{_LETTER}|[/=&+$@]|[-.:'’]\w)")
_CALLED_A_TIER: Final = re.compile(rf"\s{TIER_NOUN}\b")
_AROUND: Final = "`'\"“”„«».,;:!?()[]{}<>*"
"""What may stand around a model id."""
_LINK: Final = re.compile(
    r"\s*(?:,?\s*(?:\b(?:and|or|nor|und|oder|et|ou|y|o|ni|vs\.?|versus)\b|[/&+])|(?P<comma>,))\s*(?:the\s+|even\s+)?"
)


def _mentions(low: str, ladder: Ladder, tier_of_model: TierOfModel | None) -> list[_Mention]:
    """Every place that names a tier, in the order of the text."""
    found: list[_Mention] = []
    for word in ladder.words():
        name = word.lower()
        if name in low:
            found.extend(_places(low, name, ladder[word], is_id=False))
    if tier_of_model is not None and "-" in low:
        for token in {part.strip(_AROUND).removeprefix(TAG) for part in low.split() if "-" in part}:
            rung = tier_of_model(token) if token else None
            tier = ladder.get(rung) if rung is not None else None
            if tier is not None:
                found.extend(_places(low, token, tier, is_id=True))
    return sorted(found)


def _places(low: str, name: str, tier: Tier, *, is_id: bool) -> Iterator[_Mention]:
    """Where `name` stands as a word of its own; an ordinary word only where it is called a tier or tagged."""
    start = low.find(name)
    while start >= 0:
        end = start + len(name)
        part = (start and _PART_BEFORE.match(low, start - 1)) or _PART_AFTER.match(low, end)
        if not part and (
            name not in ORDINARY or _CALLED_A_TIER.match(low, end) or low.endswith(TAG, 0, start)
        ):
            yield _Mention(start, end, tier, is_id)
        start = low.find(name, end)


def _enumerations(low: str, mentions: list[_Mention]) -> Iterator[list[_Mention]]:
    """Mentions in groups: those that "and", "or" or a list's commas join are one, each other one is alone."""
    group: list[_Mention] = []
    joined = False
    for mention in mentions:
        near = group and mention.start - group[-1].end <= LINK_CHARS
        link = _LINK.fullmatch(low, group[-1].end, mention.start) if near else None
        if group and link is None:
            yield from [group] if joined else ([one] for one in group)
            group, joined = [], False
        group.append(mention)
        joined = joined or (link is not None and link["comma"] is None)
    if group:
        yield from [group] if joined else ([one] for one in group)


# -- from sentences to orders ------------------------------------------------------------------------------

_SENTENCE_EDGE: Final = re.compile(
    r"[.!?…\n](?:(?<!\n)(?=[\s)\"”]|$)(?<!\be\.g\.)(?<!\bi\.e\.)|(?<=\n)(?=\s*[^\W_a-zà-ÿ]|\s*\n|\s*[-•\d]))"
    r"|[。！？؟।]"
)
_MINIMUM: Final = re.compile(
    r"(?:ignor(?:e|ing|a|iere)|disregard(?:ing)?|waive|override)"
    r"(?: (?:the|its|that|your|any|all|le|el|il|das))*"
    r"(?P<whose> (?:skill|skill's|tier|model|declared))? (?:minimums?|mínimo|minimo)\b"
)


def _orders(text: str, group: list[_Mention]) -> Iterator[_Said]:
    """The orders about a group. Several tiers at once can be forbidden, but not ordered."""
    first, last = group[0], group[-1]
    name = text[last.start : last.end].lower()
    sentence = _sentence(text, first.start, last.end, name, is_id=last.is_id)
    order = order_in(sentence) or _order_elsewhere(sentence)
    if order is None or (len(group) > 1 and order.kind != "not"):
        return
    start = first.start - len(_last_words(text[: first.start], order.words_before))
    end = last.end + len(_first_words(text[last.end :], order.words_after))
    spoken = " ".join(text[start:end].split()).lstrip('(["“„«').rstrip('.,;:!?)]"”“»。！？')
    yield from (_Said(order.kind, mention.tier, spoken) for mention in group)


def _order_elsewhere(sentence: Sentence) -> Order | None:
    """What the sentence orders in one of the other languages."""
    if sentence.name in ORDINARY:
        return None
    found = foreign_order(sentence.before, sentence.after, question=sentence.question, is_id=sentence.is_id)
    return Order(*found) if found is not None else None


def _last_words(text: str, count: int) -> str:
    """The end of `text` that holds its last `count` words."""
    parts = text.rsplit(maxsplit=count)
    return text[len(parts[0]) :] if len(parts) > count else text


def _first_words(text: str, count: int) -> str:
    """The beginning of `text` that holds its first `count` words."""
    parts = text.split(maxsplit=count)
    return text[: len(text) - len(parts[-1])].rstrip() if len(parts) > count else text


def _sentence(text: str, start: int, end: int, name: str, *, is_id: bool = False) -> Sentence:
    """The sentence around text[start:end]; a long one is cut to what is near."""
    window = text[max(0, start - SENTENCE_CHARS) : start]
    begin = 0
    for edge in _SENTENCE_EDGE.finditer(window):
        begin = edge.end()
    edge_behind = _SENTENCE_EDGE.search(text, end, end + SENTENCE_CHARS)
    after = text[end : edge_behind.start() if edge_behind else end + SENTENCE_CHARS]
    asked = edge_behind is not None and edge_behind[0] in "?？؟"
    return Sentence(
        _even(window[begin:]), name, (" " if after[:1].isspace() else "") + _even(after), asked, is_id
    )


def _even(text: str) -> str:
    """Lower case, single spaces, ¶ for a line's end."""
    return " ".join(text.lower().replace("\n", " ¶ ").split())


def _waiver(text: str, low: str, *, beside_order: bool) -> str:
    """The words that waive the minimum; "" if there are none."""
    for match in _MINIMUM.finditer(low) if "nim" in low else ():
        sentence = _sentence(text, match.start(), match.end(), match[0])
        explicit = match["whose"] is not None or sentence.after.startswith((" tier", " model"))
        if (explicit or beside_order) and is_imperative(sentence):
            return text[match.start() : match.end()]
    return ""


def _fold(said: Sequence[_Said], waiver: str) -> Inline:
    """What remains when every order has been heard in its turn.

    A force replaces an order for the skill at hand; that order, coming later, leaves the force to the others.
    """
    tier = force = None
    negated: dict[Tier, None] = {}
    for order in said:
        negated.pop(order.tier, None)
        match order.kind:
            case "tier":
                tier = order.tier
            case "force":
                tier, force = None, order.tier
            case "rest":
                force = order.tier
            case "not":
                negated[order.tier] = None
                tier = None if tier == order.tier else tier
                force = None if force == order.tier else force
    spoken = dict.fromkeys(order.words for order in said)
    if waiver:
        spoken[waiver] = None
    return Inline(tier, force, tuple(negated), bool(waiver), "; ".join(spoken))
