"""Work signals: what a skill's page shows of the work that it asks for, line by line.

    frontmatter   name, description, tools, effort, a plain `model:` string
    body          headings and steps, routing tables, scripts and references, points of decision, length

The page is looked at as text: nothing is run, nothing is fetched. What stands in a code fence is an example;
only the scripts that it names are seen. The names of the signals and what they are worth: core/recommending.

Source: seed A Appendix A, A§1.2, A§4.1, A§6.4; rules.md section 14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tierwise.core.recommending import Sighting
from tierwise.core.tiers import Ladder, Tier
from tierwise.files.frontmatter import Page
from tierwise.files.homes import SILENT_MODELS
from tierwise.files.markdown import Line, lines_of
from tierwise.files.nodes import Node
from tierwise.files.routing_table import read_tables
from tierwise.files.tier_words import TierWords
from tierwise.files.work_words import (
    CAUSES,
    COORDINATOR_NAMES,
    EASY_WORDS,
    FINITE,
    HARD_WORDS,
    KIND_OF,
    NOT_ALONE,
    OPERATION,
    ROUTED_TO,
)

MAX_DESCRIPTION: Final = 4_000
"""Characters looked at of a description."""
MAX_BODY: Final = 200_000
"""Characters looked at of a body: more than nearly every public skill has."""
LONGEST_LINE: Final = 2_000
LEAD_WORDS: Final = 10
"""A sentence's first verb stands among its first so many words."""
SHORT_WORDS: Final = 250
LONG_WORDS: Final = 1_500
MANY_STEPS: Final = 12
MANY_DECISIONS: Final = 8
MANY_REFERENCES: Final = 3
SCRIPT_LINES: Final = 2

READING_TOOLS: Final = frozenset("read grep glob ls websearch webfetch search fetch todowrite lsp".split())
WRITING_TOOLS: Final = frozenset("write edit multiedit notebookedit editfiles".split())
TOOL_KEYS: Final = ("allowed-tools", "tools")
EFFORTS: Final = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}

_EXAMPLES: Final = re.compile(
    r"<example>.*?(?:</example>|\Z)|\bexamples?:\s*(?:\\n|<|user:).*", re.IGNORECASE | re.DOTALL
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\\n|\n+|[;•]")
_NEGATED: Final = re.compile(
    r"\b(?:(?:do|does|should|must|is|are) not|don't|doesn't|isn't|never|not (?:for|to|when|a)|instead of"
    r"|rather than|unlike|except)\b.*|\bfor [^.]{1,120}?,? use \S+.*|\(use [^()]*\)",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN: Final = re.compile(r"[A-Za-z][A-Za-z'-]*|[^\sA-Za-z]")
_BEFORE_VERBS: Final = frozenset(
    "to then can will must should that which also you it help helps and or automatically".split()
)
_OPENINGS: Final = frozenset({":", "(", "-", "\u2013", "\u2014"})
_BEFORE_GERUNDS: Final = frozenset("when while by before after for".split())
_TITLE: Final = re.compile(
    r"[\s>]*(?:#{1,6}\s+|[-*]\s+)?[*_]*(?:(?:step|phase|stage)\s*\d{0,3}[a-z]?\s*[:.)–—-]*\s*|\d{1,3}[.)]\s+)[*_]*(.*)",
    re.IGNORECASE,
)
_DECISION: Final = re.compile(
    r"[\s>]*(?:[-*]|\d{1,3}[.)])?\s*[*_]*(?:if|when|unless|otherwise|depending on|else)\b", re.IGNORECASE
)
_SCRIPT: Final = re.compile(r"\bscripts/[\w./-]{1,80}\.(?:py|sh|js|mjs|ts|rb|ps1)\b")
_REFERENCE: Final = re.compile(r"\breferences?/[\w./-]{1,80}\.md\b")
_NAME_PART: Final = re.compile(r"[A-Za-z]+")


def work_signals(page: Page, name: str, words: TierWords) -> tuple[Sighting, ...]:
    """Every sighting in a page but for its author's own word. Pure; bounded work on any page."""
    entries = page.head.entries if page.head is not None else {}
    found: list[Sighting] = []
    line, text = _text_of(entries["description"]) if "description" in entries else (0, "")
    found += _in_name(name, entries["name"].line if "name" in entries else 0)
    found += _in_description(text[:MAX_DESCRIPTION], line)
    for key in TOOL_KEYS:
        if key in entries:
            found += _in_tools(entries[key].node, entries[key].line)
    if "effort" in entries and (effort := EFFORTS.get(entries["effort"].node.text.strip().lower())):
        found.append(Sighting(f"effort-{effort}", entries["effort"].line))
    found += _in_body(_body_lines(page), words)
    leading = {(one.signal.replace("-lead", "-word"), one.words) for one in found if "-lead" in one.signal}
    return tuple(one for one in found if (one.signal, one.words) not in leading)


def named_tier(page: Page, words: TierWords) -> Tier | None:
    """The tier that a plain `model:` string names; None if there is none, or it leaves the choice open."""
    entries = page.head.entries if page.head is not None else {}
    text = entries["model"].node.text.strip() if "model" in entries else ""
    return words.tier(text) if text and text.lower() not in SILENT_MODELS else None


def author_sighting(tier: Tier | None, ladder: Ladder, line: int) -> tuple[Sighting, ...]:
    """What it says that an author names this tier; nothing for no tier and for a premium one."""
    if tier is None or tier.name in ladder.premium:
        return ()
    return (Sighting(f"author-{_level_of(tier, ladder)}", line, (tier.name,)),)


def _text_of(entry: tuple[int, Node]) -> tuple[int, str]:
    line, node = entry
    return line, node.text


def _body_lines(page: Page) -> list[Line]:
    lines = lines_of(page.body[:MAX_BODY], page.body_line)
    return [Line(line.number, line.text[:LONGEST_LINE], line.is_code) for line in lines]


def _in_name(name: str, line: int) -> Iterator[Sighting]:
    if COORDINATOR_NAMES.search(name):
        yield Sighting("coordinator-name", line)
    for at, part in enumerate(_NAME_PART.findall(name.lower())):
        kind, base = KIND_OF.get(part, ("", ""))
        if kind and (at == 0 or part == base or part not in NOT_ALONE):
            yield Sighting(f"{kind}-word", line, (base,))
    yield from _operations(name.replace("-", " ").replace("_", " "), line)


def _in_description(text: str, line: int) -> Iterator[Sighting]:
    text = _EXAMPLES.sub(" ", text)
    if ROUTED_TO.search(text):
        yield Sighting("coordinator-words", line)
    plain = [_NEGATED.sub("", sentence) for sentence in _SENTENCE.split(text)]
    for sentence in plain:
        yield from _in_sentence(sentence, line)
        yield from _operations(sentence, line)
        if CAUSES.search(sentence):
            yield Sighting("deliberate-word", line, ("cause",))
    yield from _demand_words(" ".join(plain), line)


def _in_sentence(sentence: str, line: int) -> Iterator[Sighting]:
    """The kinds of work that a sentence names; its first verb leads, unless a user is quoted there."""
    before, led = "", False
    for at, token in enumerate(_TOKEN.findall(sentence)):
        word = token.lower()
        place, before = before, before if word.endswith("ly") else word
        can_be_verb = not place or not place.isalpha() or place in _BEFORE_VERBS
        if word not in KIND_OF or (word in NOT_ALONE and not can_be_verb):
            continue
        kind, base = KIND_OF[word]
        leads = not led and at < LEAD_WORDS and _can_lead(word, place)
        led = led or leads
        yield Sighting(f"{kind}-{'lead' if leads else 'word'}", line, (base,))


def _can_lead(word: str, before: str) -> bool:
    """Whether a word is the verb of its sentence: `Extracts …`, `… to extract`, `… when extracting`."""
    if word in FINITE:
        return not before or before in _OPENINGS or (before in _BEFORE_VERBS and before not in ("and", "or"))
    return word.endswith("ing") and before in _BEFORE_GERUNDS


def _operations(text: str, line: int, signal: str = "operation") -> Iterator[Sighting]:
    for found in OPERATION.finditer(text):
        yield Sighting(signal, line, (found[0].lower(),))


def _demand_words(text: str, line: int) -> Iterator[Sighting]:
    for signal, pattern in (("easy-words", EASY_WORDS), ("hard-words", HARD_WORDS)):
        for found in pattern.finditer(text):
            yield Sighting(signal, line, (found[0].lower(),))


def _in_tools(node: Node, line: int) -> Iterator[Sighting]:
    """What a skill may do, where it says so: only read, only run named commands, or write."""
    texts = [item.text for item in node.items] or re.split(r",(?![^(]*\))|\s+(?![^(]*\))", node.text)
    tools = [text.strip().strip("'\"`[]").lower() for text in texts if text.strip()]
    bare = {tool.partition("(")[0].rpartition("/")[2] for tool in tools}
    if not bare:
        return
    commands = [tool for tool in tools if tool.startswith("bash(")]
    if bare & WRITING_TOOLS:
        yield Sighting("writing-tools", line)
    elif bare <= READING_TOOLS:
        yield Sighting("reading-tools", line)
    elif commands and "bash" not in tools and bare <= READING_TOOLS | {"bash"} and "bash(*)" not in tools:
        yield Sighting("narrow-commands", line)


def _level_of(tier: Tier, ladder: Ladder) -> str:
    if tier <= ladder.light:
        return "light"
    return "heavy" if tier >= ladder.heavy else "standard"


def _in_body(lines: Sequence[Line], words: TierWords) -> Iterator[Sighting]:
    rows, _ = read_tables(lines, "", words)
    if rows:
        yield Sighting("routing-table", rows[0].line)
    prose = [line for line in lines if not line.is_code and line.text.strip()]
    yield from _in_titles(prose)
    for line in prose:
        yield from _operations(line.text, line.number, "operation-body")
        yield from _demand_words(line.text, line.number)
    yield from _in_shape(lines, prose)


def _in_titles(prose: Iterable[Line]) -> Iterator[Sighting]:
    """The verb that a heading or a numbered step begins with."""
    for line in prose:
        found = _TITLE.fullmatch(line.text)
        title = found[1] if found else line.heading[1] if line.heading else ""
        first = _NAME_PART.match(title)
        if first and first[0].lower() in KIND_OF:
            kind, base = KIND_OF[first[0].lower()]
            yield Sighting(f"{kind}-step", line.number, (base,))


def _in_shape(lines: Sequence[Line], prose: Sequence[Line]) -> Iterator[Sighting]:
    """Scripts, references, steps, decisions and length: of the whole page, by what it says how often."""
    scripts = [line.number for line in lines if _SCRIPT.search(line.text)]
    if len(scripts) >= SCRIPT_LINES:
        yield Sighting("scripts", scripts[0], (f"on {len(scripts)} lines",))
    references = {found: line.number for line in reversed(lines) for found in _REFERENCE.findall(line.text)}
    if len(references) >= MANY_REFERENCES:
        yield Sighting("many-references", min(references.values()), (f"{len(references)} pages",))
    steps = [line.number for line in prose if _TITLE.fullmatch(line.text)]
    if len(steps) >= MANY_STEPS:
        yield Sighting("many-steps", steps[0], (f"{len(steps)} steps",))
    decisions = [line.number for line in prose if _DECISION.match(line.text)]
    if len(decisions) >= MANY_DECISIONS:
        yield Sighting("many-decisions", decisions[0], (f"{len(decisions)} lines",))
    length = sum(len(line.text.split()) for line in prose)
    if 0 < length <= SHORT_WORDS:
        yield Sighting("short", 0, (f"{length} words",))
    elif length >= LONG_WORDS:
        yield Sighting("long", 0, (f"{length:,} words",))
