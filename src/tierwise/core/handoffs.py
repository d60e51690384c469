"""Handoffs: which specialist of a suite a request is for, by its words alone, and the words that say so.

    "Debug this hydration mismatch"       hydration   a condition of ui-bug-investigator    2 × its rarity
      │                                   debug       the deed of css-layout-debugger       ½ × its rarity
      └─ a skill that is named wins       page.tsx    a file counts by its ending only

A word is weighed by how rare it is among the skills of the suite, and counts once. No model is asked and
nothing is guessed: without evidence, or where two skills are equally likely, nobody is chosen.

Source: seed A§4.1, steps 1 and 5; rules.md section 5.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tierwise.core.conditions import content_words

WEIGHTS: Final = {"condition": 2.0, "trigger": 2.0, "name": 1.5, "description": 1.0, "deed": 0.5}
"""What of a skill a word may be taken from, and what it weighs then; the heaviest place counts.

Conditions and triggers were written to be met by requests. A deed is what a name says that its bearer does: a
debugger debugs, as many others do too.
"""
MAX_PROMPT_CHARACTERS: Final = 20_000
MAX_TEXT_CHARACTERS: Final = 4_000
"""How much of a request, and of one text of a skill, is read."""
DIGITS: Final = 6
"""Scores that agree to this many digits are equal."""
ASKING: Final = frozenset(
    "please can could would should will may might must you your me my we our us i let help make get give "
    "want like just now also here there how what why where which who all every everything each them they he "
    "she run use uses used using skill skills user users new so than too very been being did don t s re ll "
    "up out if into over only own other such through during after before while until because still".split()
)
"""Words that ask for something rather than say what; they are no evidence."""
_FILE: Final = re.compile(r"(?<![\w./\\~@-])[\w./\\~@-]*\.(\w{1,5})\b")
_NOT_FOR: Final = re.compile(
    r"\b(?:do not|don['’]t|never|not)\s+(?:use|trigger|invoke|for|meant)\b[^.!?;\n]*"
)
_REFUSED: Final = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bwithout|\binstead of|\brather than|\bexcept|\bskip|\bavoid)"
    r"(?:\s+(?:use|using|run|running|call|calling|invoke|with|via|the|a|skill))*\s*[`'\"/@$\w:-]*$"
)
_BEFORE: Final = 60
_PARTS: Final = re.compile(r"[-_\s]+")


@dataclass(frozen=True, slots=True)
class Specialist:
    """A skill as a request can be held against it. `place` tells two of one name apart.

    `triggers` and `conditions` are the texts of its row and of its block.
    """

    place: str
    name: str
    description: str = ""
    triggers: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A word of the request, as written there, and what of the skill has it too."""

    word: str
    found_in: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A specialist with what the request has in common with it; more is likelier."""

    specialist: Specialist
    score: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The specialist that a request is for, None if it cannot be told; why; and all that came into question.

    `candidates` are in falling order of their scores, then by name.
    """

    chosen: Specialist | None
    why: str
    candidates: tuple[Candidate, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What speaks for the chosen one; empty if nobody was chosen, or by name alone."""
        found = (c.evidence for c in self.candidates if c.specialist == self.chosen)
        return next(found, ())


def choose(prompt: str, specialists: Sequence[Specialist], silent: Collection[str] = ()) -> Choice:
    """The specialist that `prompt` is for. The order of `specialists` does not matter.

    A specialist that the request names wins; one that it refuses by name is out. `silent` are further words
    that are no evidence, in lower case (the names of tiers: they say how, not what).
    """
    said = prompt[:MAX_PROMPT_CHARACTERS].lower()
    named, refused, said = _mentioned(said, specialists)
    candidates = candidates_of(said, [s for s in specialists if s.name not in refused], silent)
    if len(named) == 1:
        return Choice(named[0], "the request names it", candidates)
    if named:
        listed = ", ".join(sorted(one.name for one in named))
        return Choice(None, f"the request names several skills: {listed}", candidates)
    if not candidates:
        return Choice(None, "no word of the request speaks for a skill", ())
    best = candidates[0]
    equal = [c.specialist.name for c in candidates if c.score == best.score]
    if len(equal) > 1:
        return Choice(None, f"the request's words speak equally for {', '.join(equal)}", candidates)
    return Choice(best.specialist, "its words speak for it", candidates)


def candidates_of(
    prompt: str, specialists: Sequence[Specialist], silent: Collection[str] = ()
) -> tuple[Candidate, ...]:
    """Every specialist that shares a content word with `prompt` (in lower case), the likeliest first."""
    words = _words_of(prompt, silent)
    known = [_places_of(specialist) for specialist in specialists]
    holders = Counter(stem for places in known for stem in places)
    rarity = {stem: math.log((len(specialists) + 1) / holders[stem]) for stem in words if holders[stem]}
    found = [_candidate(s, p, words, rarity) for s, p in zip(specialists, known, strict=True)]
    likely = (candidate for candidate in found if candidate.evidence)
    return tuple(sorted(likely, key=lambda c: (-c.score, c.specialist.name, c.specialist.place)))


def _candidate(
    specialist: Specialist, places: dict[str, set[str]], words: dict[str, str], rarity: dict[str, float]
) -> Candidate:
    evidence = [
        Evidence(word, tuple(p for p in WEIGHTS if p in places[stem]), _weight(places[stem]) * rarity[stem])
        for stem, word in words.items()
        if stem in places
    ]
    evidence.sort(key=lambda one: (-one.weight, one.word))
    score = round(math.fsum(one.weight for one in evidence), DIGITS)
    return Candidate(specialist, score, tuple(evidence))


def _weight(places: Iterable[str]) -> float:
    return max(WEIGHTS[place] for place in places)


def _words_of(prompt: str, silent: Collection[str]) -> dict[str, str]:
    """Stem → the word as the request has it first, of every word that may be evidence."""
    words: dict[str, str] = {}
    for word, stem in content_words(_FILE.sub(r" \1 ", prompt)):
        if word not in ASKING and word not in silent:
            words.setdefault(stem, word)
    return words


def _places_of(specialist: Specialist) -> dict[str, set[str]]:
    """Stem → what of the skill has it."""
    texts = [
        ("description", _NOT_FOR.sub(" ", specialist.description[:MAX_TEXT_CHARACTERS].lower())),
        *(("trigger", text[:MAX_TEXT_CHARACTERS].lower()) for text in specialist.triggers),
        *(("condition", text[:MAX_TEXT_CHARACTERS].lower()) for text in specialist.conditions),
    ]
    found: dict[str, set[str]] = {}
    for place, stem in _name_stems(specialist.name.lower()):
        found.setdefault(stem, set()).add(place)
    for place, text in texts:
        for word, stem in content_words(text):
            if word not in ASKING:
                found.setdefault(stem, set()).add(place)
    return found


def _name_stems(name: str) -> Iterator[tuple[str, str]]:
    """(place, stem) of the words of a name, and of the deeds of who is called a mapper or an investigator."""
    for word, stem in content_words(name.replace("_", " ")):
        yield "name", stem
        if len(word) > 4 and word.endswith(("er", "or")):
            root = word[:-2]
            single = root[:-1] if root[-1] == root[-2] else root
            yield from (("deed", stem) for _, stem in content_words(f"{root} {root}e {single}"))


def _mentioned(
    prompt: str, specialists: Iterable[Specialist]
) -> tuple[list[Specialist], frozenset[str], str]:
    """The specialists that the request names, the names that it refuses, and the request without these.

    A name as it is written counts before one that is spelt in plain words ("the ui bug investigator").
    """
    written: list[Specialist] = []
    spelt: list[Specialist] = []
    refused: set[str] = set()
    rest = prompt
    for specialist in specialists:
        name = specialist.name.lower()
        mentions = list(_mentions(name, prompt))
        against = [m for m in mentions if _REFUSED.search(prompt[max(0, m.start() - _BEFORE) : m.start()])]
        meant = [mention.group() for mention in mentions if mention not in against]
        if meant:
            (written if name in meant else spelt).append(specialist)
        elif against:
            refused.add(specialist.name)
            for mention in against:
                rest = rest.replace(mention.group(), " ")
    return written or spelt, frozenset(refused), rest


def _mentions(name: str, prompt: str) -> Iterator[re.Match[str]]:
    """Where a skill is named: its name whole; one plain word only where something marks it as a name."""
    parts = [part for part in _PARTS.split(name) if part]
    if not parts or not all(part in prompt for part in parts):
        return
    whole = r"[-_\s]+".join(map(re.escape, parts))
    pattern = rf"(?<![\w-]){whole}(?![\w-])"
    if len(parts) == 1:
        pattern = rf"(?:(?<=[/@$`:])|(?<=\bskill )){whole}(?![\w-])|(?<![\w-]){whole}(?= skill\b)"
    yield from re.finditer(pattern, prompt)
