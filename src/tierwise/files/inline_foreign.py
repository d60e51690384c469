"""Inline overrides in other languages: a smaller grammar, for sentences that the first one does not know.

    Используй opus для этого      verb  NAME            an imperative before the name
    opus を使ってください           NAME  verb            … or behind it, in languages that put it last
    Zrób to na sonnet             work … tie NAME       a preposition or particle, beside a verb of work
    全部用 haiku                    everything            … for every skill
    Не используй opus             not                   forbidden

It is stricter than the first one: a question, a condition, a statement of what somebody does, a word of
poetry or audio, a noun behind the name: each makes it a mention.

Source: rules.md section 5.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, Literal, NamedTuple

from tierwise.files import inline_foreign_words as words

Kind = Literal["tier", "force", "not"]
"""An order for the skill at hand, for every skill, or against a tier."""


class Foreign(NamedTuple):
    """What a sentence orders, and how many words before and behind the name say so."""

    kind: Kind
    words_before: int
    words_after: int


def foreign_order(before: str, after: str, *, question: bool, is_id: bool) -> Foreign | None:
    """What the clause around a name orders in any of these languages; None if it orders nothing.

    `before` and `after` are in lower case with single spaces; a `question` is no order.
    """
    suffix = _patterns().suffix.match(after)
    head, rest = _EDGE.split(_COURTESY.sub("", before))[-1], _EDGE.split(after)[0]
    clause = _Clause(head, rest, rest[suffix.end() :] if suffix else rest, 1 if suffix else 0)
    if _patterns().condition.search(before) or _patterns().condition.search(clause.behind):
        return None
    forbidden = _forbidden(clause)
    if forbidden or _is_mention(before, clause, question=question, is_id=is_id):
        return forbidden
    return _commanded(clause) or _tied(clause)


class _Clause(NamedTuple):
    """The clause around a name: `rest` begins right at it, `behind` after its suffix, if it has one."""

    head: str
    rest: str
    behind: str
    glued: int


def _forbidden(clause: _Clause) -> Foreign | None:
    """An order not to use the tier."""
    pattern = _patterns()
    before = pattern.forbid.search(clause.head)
    if before:
        return _before("not", before, clause)
    behind = pattern.forbid_behind.match(clause.rest) or pattern.forbid_behind.match(clause.behind)
    return _behind("not", behind, clause) if behind else None


def _commanded(clause: _Clause) -> Foreign | None:
    """An imperative whose object is the tier, on either side of it."""
    pattern = _patterns()
    used = pattern.use.search(clause.head)
    told = pattern.subject.search(clause.head) or pattern.told.search(clause.behind)
    if used and not told and _may_follow(clause.behind):
        return _before(_kind(clause), used, clause)
    used = pattern.use_behind.match(clause.rest) or pattern.use_behind.match(clause.behind)
    return _behind(_kind(clause), used, clause) if used and not _is_statement(clause.rest) else None


def _tied(clause: _Clause) -> Foreign | None:
    """A preposition or a particle that ties the name to a clause that is an order to work."""
    pattern, (head, rest, behind, _) = _patterns(), clause
    tie = pattern.tie.search(head)
    if tie and pattern.work.search(f"{head[: tie.start()]} {behind}") and _may_follow(behind):
        return _before(_kind(clause), tie, clause)
    tie = pattern.tie_behind.match(rest)
    works = tie is not None and pattern.work.search(f"{head} {rest[tie.end() :]}")
    return _behind(_kind(clause), tie, clause) if tie and works and not _is_statement(rest) else None


def _before(kind: Kind, match: re.Match[str], clause: _Clause) -> Foreign:
    return Foreign(kind, len(match[0].split()), clause.glued)


def _behind(kind: Kind, match: re.Match[str], clause: _Clause) -> Foreign:
    return Foreign(kind, 0, max(len(match[0].split()), clause.glued))


def _kind(clause: _Clause) -> Kind:
    return "force" if _patterns().everything.search(f"{clause.head} {clause.rest}") else "tier"


def _is_mention(before: str, clause: _Clause, *, question: bool, is_id: bool) -> bool:
    """Whether it asks, or speaks of a poem or a sound."""
    pattern, (head, _, behind, _) = _patterns(), clause
    around = f"{before} {behind}"
    if not pattern.requested.search(behind) and (question or pattern.asks.search(around)):
        return True
    named_for_sure = is_id or pattern.model_behind.match(behind) or "model" in head or "модел" in head
    return not named_for_sure and pattern.other_life.search(around) is not None


def _is_statement(rest: str) -> bool:
    """Whether a clause whose verb comes last tells what is or was."""
    return _patterns().stated.search(rest) is not None and _patterns().requested.search(rest) is None


def _may_follow(rest: str) -> bool:
    """Whether the name stands alone: what follows is no noun in Latin letters."""
    word = _LATIN_WORD.match(rest)
    return word is None or word[1] in words.FOLLOWERS


_COURTESY: Final = re.compile(
    r",? (?:пожалуйста|будь ласка|proszę|prosím|snälla|por favor|per favore|lütfen|kérlek|te rog),?(?= |$)"
)
_EDGE: Final = re.compile(r"[,;:(—–¶，、；：（]| - ")
_LATIN_WORD: Final = re.compile(r" ?([a-zà-öø-ÿ\u0100-\u024f\u1e00-\u1eff]+)")


class _Patterns(NamedTuple):
    use: re.Pattern[str]
    use_behind: re.Pattern[str]
    forbid: re.Pattern[str]
    forbid_behind: re.Pattern[str]
    tie: re.Pattern[str]
    tie_behind: re.Pattern[str]
    work: re.Pattern[str]
    everything: re.Pattern[str]
    subject: re.Pattern[str]
    asks: re.Pattern[str]
    requested: re.Pattern[str]
    condition: re.Pattern[str]
    stated: re.Pattern[str]
    told: re.Pattern[str]
    other_life: re.Pattern[str]
    model_behind: re.Pattern[str]
    suffix: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    """The tables as patterns; made on first use, because most prompts never name a tier."""
    between = rf"(?: {_any(words.FILLS)})*"
    work = rf"(?<!\w){_any(words.WORK)}(?:те|cie|te)?(?!\w)|{_any(words.WORK_GLUED)}"
    everything = rf"(?<!\w){_any(words.EVERYTHING)}(?!\w)|{_any(words.EVERYTHING_GLUED)}"
    return _Patterns(
        use=_leading(words.USE, between),
        use_behind=re.compile(_any(words.USE_BEHIND)),
        forbid=_leading(words.NOT, between),
        forbid_behind=re.compile(_any(words.NOT_BEHIND)),
        tie=re.compile(rf"(?<![^ ]){_any(words.TIES)}{between} ?$"),
        tie_behind=re.compile(_any(words.TIES_BEHIND)),
        work=re.compile(work),
        everything=re.compile(everything),
        subject=re.compile(_any(words.SUBJECTS)),
        asks=re.compile(_any(words.ASKS)),
        requested=re.compile(words.REQUESTED),
        condition=re.compile(_any(words.CONDITIONS)),
        stated=re.compile(_any(words.STATED)),
        told=re.compile(words.TOLD),
        other_life=re.compile(_any(words.OTHER_LIVES)),
        model_behind=re.compile(words.MODEL_BEHIND),
        suffix=re.compile(words.SUFFIX),
    )


def _leading(table: tuple[str, ...], between: str) -> re.Pattern[str]:
    """The table's words right before the name, at the beginning of a word or in a script without spaces."""
    return re.compile(rf"(?<![^\W{words.GLUED}]){_any(table)}{between}{words.FILLS_GLUED}$")


def _any(*tables: tuple[str, ...]) -> str:
    """One group with all fragments of the tables."""
    return f"(?:{'|'.join(fragment for table in tables for fragment in table)})"
