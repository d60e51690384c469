"""Conditions: which of an author's free-text cases hold for a request, and the words that say so.

The text is never executed and never sent to a model. It holds if the caller says so, if its `match` list
(words, globs of touched files) matches, or lexically:

    "issue is a known pattern (exact CSS property fix, missing import)"
     └─ alternatives:  known pattern  |  exact CSS property fix  |  missing import

    "client/server boundary violations, no animation"
     └─ alternatives:  client boundary violations  |  server boundary violations

An alternative holds when all its content words, stemmed, occur in the request. A word in a file's name does
not count, nor one that the request denies ("not a known pattern"); what must be absent cannot be found, so
an alternative with a negation never holds lexically.

Source: rules.md section 5.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from tierwise.core.skills import Condition

INSPECTED_CHARS: Final = 20_000
"""Of a longer request only the beginning is read: what follows is a paste."""
CONDITION_CHARS: Final = 1_000
MAX_ALTERNATIVES: Final = 100
MAX_TRIES: Final = 1_000
"""Words that are looked at for one stem."""
MAX_WORD_CHARS: Final = 64
MAX_GLOB_CHARS: Final = 200

_WORD: Final = re.compile(r"[^\W_]+")
_ELISION: Final = re.compile(r"(?<=\w)['’][^\W_](?!\w)|(?<!\w)[^\W_]['’](?=\w)")
_EXAMPLES: Final = r"\bsuch as\b|\bincluding\b|\bfor (?:example|instance)\b|\b[ei]\.g\.?|\bi\.e\.?"
_SPLIT: Final = re.compile(rf"[,;()]|\bor\b|{_EXAMPLES}", re.IGNORECASE)
_SLASHED: Final = re.compile(r"\w++(?:\s*+/\s*+\w++)++")
_SLASH: Final = re.compile(r"\s*/\s*")
_NEGATIVE: Final = re.compile(
    r"\b(?:no|not|never|none|without|neither|nor|cannot|unless|except)\b|n['’]t\b|\bw/o\b", re.IGNORECASE
)
_DENIED: Final = re.compile(
    r"(?:\b(?:no|without)|(?P<not>\bnot|\bnever|n['’]t))(?: (?:an?|the|any|really|about|some|in|of))*\s+$"
)
_DENIED_CHARS: Final = 40
_GLOB: Final = re.compile(r"[*?\[/]|\.\w+$")
_WILD: Final = re.compile(r"[*?\[]")
_GLUED: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
"""Scripts without spaces, in which a word cannot be told from its neighbours."""

FRAMING: Final = frozenset(
    "a an the and of to in on for with without by from as at is are be was were it its this that these those "
    "when if then any some no not issue issues task tasks request requests case cases work problem problems "
    "involve involves involving require requires requiring need needs needing contain contains containing "
    "concern concerns concerning about user asks ask has have having does do etc".split()
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


def content_words(text: str) -> list[tuple[str, str]]:
    """(word, stem) of the content words of `text`, in its order. `text` must be in lower case."""
    return [(word, _stem(word)) for word in _WORD.findall(text) if word not in FRAMING]


def matched_words(when: str, prompt: str) -> str | None:
    """The request's own words that satisfy one alternative of `when`; None if none is satisfied.

    `prompt` must be in lower case.
    """
    prompt = prompt[:INSPECTED_CHARS]
    for stems in _alternatives(when[:CONDITION_CHARS]):
        found = _all_in(stems, prompt)
        if found:
            return "the request says " + ", ".join(f"`{word}`" for word in found)
    return None


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


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


# -- what a condition says ---------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _pieces(when: str) -> frozenset[str]:
    pieces = [*_SPLIT.split(when), *re.split(rf"/|{_SPLIT.pattern}", when, flags=re.IGNORECASE)]
    return frozenset(_folded(piece) for piece in pieces if piece.strip())


@lru_cache(maxsize=4096)
def _alternatives(when: str) -> tuple[tuple[str, ...], ...]:
    """The content words of each alternative, stemmed, in the order written."""
    pieces = (piece for piece in _SPLIT.split(when.lower()) if not _NEGATIVE.search(piece))
    spread = (text for piece in pieces for text in _spread(piece))
    stems = (tuple(stem for _, stem in content_words(_ELISION.sub(" ", text))) for text in spread)
    return tuple(islice(dict.fromkeys(one for one in stems if one), MAX_ALTERNATIVES))


def _spread(piece: str) -> Iterator[str]:
    """The texts that "client/server boundary" stands for; only the first slash is spread."""
    slashed = _SLASHED.search(piece)
    if slashed is None:
        yield piece
        return
    for part in _SLASH.split(slashed[0]):
        yield piece[: slashed.start()] + part + piece[slashed.end() :].replace("/", " ")


@lru_cache(maxsize=1)
def _stemmer() -> Any:  # noqa: ANN401  the library has no types
    """The stemmer; imported on first use, because most questions have no condition to match."""
    import snowballstemmer

    return snowballstemmer.stemmer("english")


_UNLIKE: Final = frozenset({"important", "importantly", "importance"})
"""Words that the stemmer would take for forms of another one ("import")."""


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    """The stem of a word in lower case; what is too long to be one is its own."""
    return word if word in _UNLIKE or len(word) > MAX_WORD_CHARS else str(_stemmer().stemWord(word))


# -- what a request says -----------------------------------------------------------------------------------


def _occurrence(stem: str, prompt: str) -> str | None:
    """The first word of the request with this stem that is no file's name and not denied.

    A stem is a prefix of its words, but for a last `i` or `e` ("typing" has the stem "type"); so a substring
    search rules most requests out before any word is stemmed.
    """
    if _GLUED.search(stem):
        return stem if stem in prompt else None
    prefix = stem.rstrip("ie") or stem
    at = prompt.find(prefix)
    tries = 0
    while at >= 0 and tries < MAX_TRIES:
        if at == 0 or not prompt[at - 1].isalnum():
            word = _WORD.match(prompt, at)
            if word and _stem(word[0]) == stem and _counts(prompt, word):
                return word[0]
            tries += 1
        at = prompt.find(prefix, at + 1)
    return None


def _counts(prompt: str, word: re.Match[str]) -> bool:
    """Whether a word of the request is neither denied nor part of a file's name."""
    return not _is_denied(prompt, word.start(), word[0]) and not is_file(_token(prompt, *word.span()))


def _is_denied(prompt: str, at: int, word: str) -> bool:
    """Whether the request says that there is none of it. "Not refreshed" is no denial, but a symptom."""
    denied = _DENIED.search(prompt, max(0, at - _DENIED_CHARS), at)
    return denied is not None and not (denied["not"] and word.endswith(("ed", "ing")))


# -- files -------------------------------------------------------------------------------------------------

_APART: Final = frozenset(" \t\r\n\f\v\"'`“”„«»()<>[]{},;|")
_TOKEN_CHARS: Final = 200
_EXTENSION: Final = re.compile(
    r"[\w\])-]\.(?:tsx?|[mc]?jsx?|s?css|sass|less|html?|vue|svelte|pyi?|ipynb|rs|go|java|kts?|swift|[ch]|cc|[ch]pp"
    r"|cs|rb|php|mdx?|rst|txt|jsonc?|ya?ml|toml|ini|cfg|conf|lock|sh|bash|zsh|ps1|sql|xml|svg|png|jpe?g|csv|tsv|tf"
    r"|proto|graphql|gradle|log|dart|lua|scala|exs?|zig)$"
)
_FOLDERS: Final = frozenset(
    "src lib app tests test docs doc packages components pages public scripts".split()
)
_PRODUCTS: Final = re.compile(r"(?:node|next|nuxt|vue|react|express|three|d3|ember|nest|alpine|chart|p5)\.js")
"""What looks like a file and is the name of a product."""


def is_file(token: str) -> bool:
    """Whether a word of a request, with all that is written together with it, names a file or a URL."""
    bare = re.sub(r"(?::\d+)+$", "", token.strip(".:!?*"))
    if _EXTENSION.search(bare):
        return _PRODUCTS.fullmatch(bare) is None
    if "/" not in bare and "\\" not in bare:
        return False
    return "://" in bare or bare[0] in "./~\\" or not _FOLDERS.isdisjoint(re.split(r"[/\\]", bare))


def _token(prompt: str, start: int, end: int) -> str:
    """Everything that is written together with prompt[start:end]."""
    left, right = max(0, start - _TOKEN_CHARS), min(len(prompt), end + _TOKEN_CHARS)
    while start > left and prompt[start - 1] not in _APART:
        start -= 1
    while end < right and prompt[end] not in _APART:
        end += 1
    return prompt[start:end]


def _listed(match: tuple[str, ...], prompt: str, files: Iterable[str]) -> str | None:
    for entry in match:
        if _GLOB.search(entry):
            touched = next((file for file in files if _matches(file, entry)), None)
            if touched is not None:
                return f"`{touched}` matches `{entry}`"
        if not _WILD.search(entry) and not is_file(entry) and (words := matched_words(entry, prompt)):
            return words
    return None


def _matches(file: str, entry: str) -> bool:
    """Whether the glob names the file, from the project's root or from any folder below it.

    `*` reaches over folders, `**/` may stand for none, and a folder stands for all that is in it.
    """
    if not file or len(entry) > MAX_GLOB_CHARS or len(file) > 4 * MAX_GLOB_CHARS:
        return False
    path, glob = file.replace("\\", "/").removeprefix("./"), entry.removeprefix("./")
    if f"/{path}".endswith(f"/{glob}") or (glob.endswith("/") and f"/{glob}" in f"/{path}"):
        return True
    globs = {glob, glob.replace("**/", "")}
    return any(fnmatch.fnmatchcase(path, one) or fnmatch.fnmatchcase(path, f"*/{one}") for one in globs)
