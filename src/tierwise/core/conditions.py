"""Conditions: which of an author's free-text cases hold for a request, and the words that say so.

The text is never executed and never sent to a model. It holds if the caller says so, if its `match` list
(words, globs of touched files) matches, or lexically:

    "issue is a known pattern (exact CSS property fix, missing import)"
     └─ alternatives:  known pattern  |  exact CSS property fix  |  missing import

An alternative holds when all its content words, stemmed, occur in the request.

Source: rules.md section 5.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Final

from tierwise.core.skills import Condition

_WORD: Final = re.compile(r"[^\W_]+")
_SPLIT: Final = re.compile(r"[,;/()]|\bor\b", re.IGNORECASE)
_GLOB: Final = re.compile(r"[*?\[/]|\.\w+$")

FRAMING: Final = frozenset(
    "a an the and of to in on for with without by from as at is are be was were it its this that these those "
    "when if then any some no not issue issues task tasks request requests case cases work problem problems "
    "involve involves involving require requires requiring need needs needing contain contains containing "
    "concern concerns concerning about user asks ask has have having does do".split()
)
"""Words that frame a condition rather than state it; they never have to occur in the request."""


def holds(condition: Condition, prompt: str, files: Iterable[str], said: Collection[str]) -> str | None:
    """Why the condition holds, in words for the trace; None if it does not.

    `prompt` is the request in lower case; `said` are the conditions that the caller found to hold: each
    the text of a condition or of one of its alternatives, in any case.
    """
    if _said(condition.when, said):
        return "the caller says it holds"
    return _listed(condition.match, prompt, files) or matched_words(condition.when, prompt)


def matched_words(when: str, prompt: str) -> str | None:
    """The request's own words that satisfy one alternative of `when`; None if none is satisfied.

    `prompt` must be in lower case.
    """
    for stems in _alternatives(when):
        found = _all_in(stems, prompt)
        if found:
            return "the request says " + ", ".join(f"`{word}`" for word in found)
    return None


def content_words(text: str) -> list[tuple[str, str]]:
    """(word, stem) of the content words of `text`, in its order. `text` must be in lower case."""
    return [(word, _stem(word)) for word in _WORD.findall(text) if word not in FRAMING]


def _all_in(stems: tuple[str, ...], prompt: str) -> list[str]:
    """The words of the request with these stems; nothing as soon as one is missing."""
    found = []
    for stem in stems:
        word = _occurrence(stem, prompt)
        if word is None:
            return []
        found.append(word)
    return found


def _said(when: str, said: Collection[str]) -> bool:
    claims = {_folded(claim) for claim in said} if said else set()
    return bool(claims) and (_folded(when) in claims or not claims.isdisjoint(_pieces(when)))


def _listed(match: tuple[str, ...], prompt: str, files: Iterable[str]) -> str | None:
    for entry in match:
        if _GLOB.search(entry):
            touched = next((f for f in files if fnmatch.fnmatchcase(f, entry)), None)
            if touched is not None:
                return f"`{touched}` matches `{entry}`"
        elif words := matched_words(entry, prompt):
            return words
    return None


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


@lru_cache(maxsize=4096)
def _pieces(when: str) -> frozenset[str]:
    return frozenset(_folded(piece) for piece in _SPLIT.split(when) if piece.strip())


@lru_cache(maxsize=4096)
def _alternatives(when: str) -> tuple[tuple[str, ...], ...]:
    """The content words of each alternative, stemmed, in the order written."""
    words = ((_WORD.findall(piece.lower())) for piece in _SPLIT.split(when))
    content = (tuple(_stem(w) for w in piece if w not in FRAMING) for piece in words)
    return tuple(stems for stems in content if stems)


@lru_cache(maxsize=1)
def _stemmer() -> Any:  # noqa: ANN401  the library has no types
    """The stemmer; imported on first use, because most questions have no condition to match."""
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


def _occurrence(stem: str, prompt: str) -> str | None:
    """The first word of the request with this stem.

    A stem is a prefix of its words, but for a last `i` that may stand for a `y`; so a substring search
    rules most requests out before any word is stemmed.
    """
    prefix = stem.removesuffix("i")
    at = prompt.find(prefix)
    while at >= 0:
        word = _WORD.match(prompt, at)
        if word and (at == 0 or not prompt[at - 1].isalnum()) and _stem(word.group()) == stem:
            return word.group()
        at = prompt.find(prefix, at + 1)
    return None
