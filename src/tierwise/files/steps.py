"""Steps: the numbered steps of a skill's procedure, with the tier that each one asks for.

    Step 1: Scan all files in the target directory.        → step 1, "Scan all files …", haiku,
      Model: haiku (mechanical file scanning)                 because "mechanical file scanning"
    Step 3: Deep analysis (sonnet or opus per Step 2).     → step 3, "Deep analysis", sonnet or opus

A step is a line of its own: plain, a heading, bold or an item of a list. A `Model:` line belongs to the step
that it stands under, and a step ends with the next one or with a heading that is not below its own. Many
skills number their steps and name no tier; there a word is only doubted if it nearly is one.

Source: rules.md section 5; seed A§4.2, A§6.1 to A§6.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tierwise.core.skills import SkillStep
from tierwise.core.tiers import Tier
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.markdown import Line, unmarked
from tierwise.files.nodes import quoted
from tierwise.files.tier_words import TierWords

MAX_STEPS: Final = 200
"""Steps read of one skill."""
MAX_MODEL_LINES: Final = 1_000
MAX_TEXT: Final = 200
"""Characters kept of a title and of a reason."""
LONGEST_LINE: Final = 1_000
"""Characters of a line that are looked at."""
MAX_ALTERNATIVES: Final = 8
MAX_DOUBTS: Final = 200
"""Words looked at that may have been meant as a tier: each costs a guess."""
LOWEST_HEADING: Final = 6

_LEAD: Final = r"(?:[^\w|\"'`(\[]|_){0,20}"
_STEP: Final = re.compile(
    rf"({_LEAD})(?:[0-9]{{1,3}}[.)]{_LEAD})?step[ \t]+([0-9]{{1,4}})[*_]{{0,3}}[ \t]*"
    r"(:|[-–—.)](?=[\s*_]|$))?[*_]{0,3}[ \t]*(.*)",
    re.IGNORECASE,
)
_MODEL: Final = re.compile(
    rf"{_LEAD}model(?:[ \t]+tier)?[*_]{{0,3}}[ \t]*:[*_]{{0,3}}[ \t]*(.+)", re.IGNORECASE
)
_IN_BRACKETS: Final = re.compile(r"\(([^()]{1,200})\)[ \t.:]*$")
_WITH: Final = re.compile(r"\b(?:with|on|using) `?(\w{1,40})`?[ \t.:]*$", re.IGNORECASE)
_TOKENS: Final = re.compile(r"[,|]|[^\s,|]+")
_JOINTS: Final = frozenset({",", "|", "/", "or"})
_MARKS: Final = "`*_.:;()"


class Phrase(NamedTuple):
    """Words that name a tier: the alternatives, why, and a word that should be one and is none ("")."""

    tiers: tuple[Tier, ...]
    reason: str
    unknown: str


def phrase_of(text: str, words: TierWords) -> Phrase:
    """`sonnet or opus (per Step 2)` → (sonnet, opus), "per Step 2", "". Alternatives are joined by `or`,
    `/`, `|` or a comma; what follows the last of them is the reason.
    """
    tokens = _TOKENS.findall(text[:LONGEST_LINE].replace("(", " ("))
    tiers: list[Tier] = []
    at, unknown = 0, ""
    while at < len(tokens):
        named = _alternatives(tokens[at], words)
        joint = tokens[at - 1].lower() if at else ""
        if not named:
            unknown = "" if joint == "," else tokens[at].strip(_MARKS)
            at -= 1 if at else 0
            break
        tiers += named
        at += 1
        if at + 1 >= len(tokens) or tokens[at].lower() not in _JOINTS:
            break
        at += 1
    return Phrase(tuple(dict.fromkeys(tiers)), _reason(" ".join(tokens[at:])), unknown)


def _alternatives(token: str, words: TierWords) -> list[Tier]:
    """The tiers that one word means: a tier, a model's id, or several with `/` between them."""
    word = token.strip(_MARKS)
    whole = words.tier(word)
    if whole is not None:
        return [whole]
    parts = [words.tier(part) for part in word.split("/")[: MAX_ALTERNATIVES + 1]]
    known = [part for part in parts if part is not None]
    return known if len(known) == len(parts) else []


def _reason(text: str) -> str:
    """The text without what leads to it, and without brackets around the whole of it."""
    bare = text.replace(" ,", ",").strip(" ,;:.–—-")
    inner = bare[1:-1]
    return inner if bare.startswith("(") and bare.endswith(")") and not {"(", ")"} & set(inner) else bare


@dataclass(slots=True)
class _Found:
    """A step as it is being read; `level` is that of its heading, the lowest if it is none."""

    number: int
    title: str
    tiers: tuple[Tier, ...]
    reason: str
    line: int
    level: int


@dataclass(slots=True)
class _Reader:
    path: str
    words: TierWords
    found: list[_Found] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    doubts: list[Finding] = field(default_factory=list)
    """Findings that only hold in a skill whose steps do name tiers."""
    open: _Found | None = None
    models: int = 0
    full: bool = False

    def read(self, line: Line) -> None:
        """Take one line that is no code."""
        text, heading = line.text[:LONGEST_LINE], line.heading
        step = _STEP.fullmatch(text) if "tep" in text or "TEP" in text else None
        if step is not None and _is_step(step, is_heading=heading is not None):
            self._begin(step, line.number, heading[0] if heading else LOWEST_HEADING)
            return
        if heading is not None and self.open is not None and heading[0] <= self.open.level:
            self.open = None
        model = _MODEL.fullmatch(text) if "odel" in text or "ODEL" in text else None
        if model is not None and not self.full:
            self.models += 1
            self._model(unmarked(model[1]), line.number)
            if self.models == MAX_MODEL_LINES:
                self._cut(line.number, f"`Model:` lines are not read: {MAX_MODEL_LINES:,} are the most")

    def _begin(self, step: re.Match[str], line: int, level: int) -> None:
        if len(self.found) == MAX_STEPS and not self.full:
            self._cut(line, f"steps are not read: {MAX_STEPS} are the most")
        if self.full:
            return
        title, tiers, reason = self._title(step[4], int(step[2]), line)
        self.open = _Found(int(step[2]), title, tiers, reason, line, level)
        self.found.append(self.open)

    def _cut(self, line: int, what: str) -> None:
        self.full = True
        self._warn("too-many-steps", line, "", f"from here on {what}", "Split the skill.")

    def _title(self, text: str, number: int, line: int) -> tuple[str, tuple[Tier, ...], str]:
        """The title without its marks; the tier that stands in brackets at its end, or after `with`; why."""
        title = unmarked(_unclosed(text).replace("**", "").replace("__", ""))
        brackets, after = _IN_BRACKETS.search(title), _WITH.search(title)
        if brackets is not None:
            said = phrase_of(brackets[1], self.words)
            if said.tiers and not said.unknown:
                return _short(title[: brackets.start()]), said.tiers, _short(said.reason)
            self._doubt(said.unknown, number, line, in_title=True)
        rung = self.words.ladder.get(after[1]) if after is not None else None
        named = rung is not None and after is not None and rung.name == after[1].lower()
        return _short(title), (rung,) if rung is not None and named else (), ""

    def _model(self, text: str, line: int) -> None:
        """Take a `Model:` line; the first one of a step counts."""
        said, step = phrase_of(text, self.words), self.open
        if step is None:
            if said.tiers:
                self._homeless(line, said.tiers[0], certain="(" in text)
            return
        self._doubt(said.unknown, step.number, line)
        if said.tiers and step.tiers:
            problem = "the step names its tier twice; the first one counts"
            self._warn("step-model-twice", line, _key(step.number), problem, "Keep one.")
        elif said.tiers:
            step.tiers, step.reason = said.tiers, _short(said.reason)

    def _homeless(self, line: int, tier: Tier, *, certain: bool) -> None:
        """A `Model:` line under no step: meant for one if it gives a reason, or if other steps name tiers."""
        problem = f"{tier} is asked for under no step, and not read"
        remedy = "Put it under a line `Step N: …`, or in the frontmatter, as `model:`."
        finding = Finding(self.path, line, "", problem, remedy, "warning", "model-without-step")
        (self.findings if certain else self.doubts).append(finding)

    def _doubt(self, word: str, number: int, line: int, *, in_title: bool = False) -> None:
        """Note a word that is no tier where one may have been meant; what else is in brackets is prose."""
        told = len(self.findings) + len(self.doubts)
        if not word or told > MAX_DOUBTS:
            return
        is_close = did_you_mean(word, [rung.name for rung in self.words.ladder.rungs]) is not None
        if is_close or not in_title:
            problem = f"{quoted(word)} is no known tier or model"
            remedy = self.words.remedy(word)
            finding = Finding(self.path, line, _key(number), problem, remedy, "warning", "unknown-tier")
            (self.findings if is_close and not in_title else self.doubts).append(finding)

    def _warn(self, rule: str, line: int, key: str, problem: str, remedy: str) -> None:
        self.findings.append(Finding(self.path, line, key, problem, remedy, "warning", rule))


def read_steps(
    lines: Iterable[Line], path: str, words: TierWords
) -> tuple[tuple[SkillStep, ...], list[Finding]]:
    """The steps of a page in the order of their lines, and what cannot be read in them.

    Of two steps with one number the first counts.
    """
    reader = _Reader(path, words)
    for line in lines:
        if not line.is_code:
            reader.read(line)
    first: dict[int, _Found] = {}
    for found in reader.found:
        first.setdefault(found.number, found)
    findings = reader.findings + list(_twice(reader.found, first, path))
    if any(found.tiers for found in reader.found):
        findings += reader.doubts
    steps = (SkillStep(f.number, f.title, f.tiers, f.reason, f.line) for f in first.values())
    return tuple(steps), findings


def _twice(all_found: list[_Found], first: dict[int, _Found], path: str) -> Iterator[Finding]:
    """A finding for every further step of a number, where a tier hangs on which of them counts."""
    for found in all_found:
        counts = first[found.number]
        if found is not counts and (found.tiers or counts.tiers):
            problem = f"step {found.number} stands in line {counts.line} already; this one is not read"
            remedy = "Number the steps of a skill through."
            yield Finding(path, found.line, _key(found.number), problem, remedy, "warning", "step-twice")


def _is_step(found: re.Match[str], *, is_heading: bool) -> bool:
    """Whether a line that begins like a step is one; prose has no colon there, and no mark before it."""
    if found[3] == ":":
        return True
    marked = is_heading or "**" in found[1] or "__" in found[1]
    return marked and (found[3] is not None or not found[4].strip("*_ "))


def _unclosed(text: str) -> str:
    """A heading's text without the `###` that may close it."""
    bare = text.rstrip().rstrip("#")
    return bare if bare[-1:] in ("", " ", "\t") else text


def _short(text: str) -> str:
    return text.strip(" \t.:*`")[:MAX_TEXT]


def _key(number: int) -> str:
    return f"step {number}"
