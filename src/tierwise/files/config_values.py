"""Values of a routing configuration: each kind of value is read once, and what is no such value is a finding.

    Reader.tier  Reader.word  Reader.number  Reader.text  Reader.model_id    a value, or None and a finding

Source: rules.md section 5; style.md, "Errors".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tierwise.core.tiers import Tier
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.nodes import Entry, Node
from tierwise.files.tier_words import TierWords

Key = tuple[str, ...]
"""A key's path; a skill's name or a tier's name is one element, whatever dots it has."""

MAX_AMOUNT: Final = 10.0**15
MODEL_ID: Final = r"[A-Za-z0-9][\w.:/@\[\]-]{0,199}"
"""The ids that a model may have, as a pattern."""


class Said(NamedTuple):
    """One statement: `key` as we call it, `written` as the file does, with the 1-based line."""

    key: Key
    value: object
    line: int
    written: str


class Limits(NamedTuple):
    """Which numbers a key takes, and what to write instead of any other. Zero only if `zero`."""

    most: float
    remedy: str
    zero: bool = False

    def hold(self, number: float) -> bool:
        """Whether the number may stand; NaN may not."""
        return 0 < number <= self.most or (self.zero and number == 0)


SHARE: Final = Limits(1, "Write a share above 0 and at most 1, such as 0.70.")
RATIO: Final = Limits(MAX_AMOUNT, "Write how many times as dear as the cheapest tier, such as 5.")
AMOUNT: Final = Limits(MAX_AMOUNT, "Write a number that is not negative, or null.", zero=True)


@dataclass(slots=True)
class Reader:
    """Reads one file. A method named after a kind of value returns it, or None after a finding."""

    path: str
    words: TierWords
    said: list[Said] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def put(self, key: Key, value: object, entry: Entry, written: str) -> None:
        """Note one statement."""
        self.said.append(Said(key, value, entry.line, written))

    def warn(self, rule: str, at: Node | int, key: str, problem: str, remedy: str) -> None:
        """Note one mistake, which costs only the value that it names."""
        line = at if isinstance(at, int) else at.line
        self.findings.append(Finding(self.path, line, key, problem, remedy, "warning", rule))

    def section(self, prefix: str, node: Node, known: Mapping[str, Read]) -> None:
        """Read every entry of a mapping with the reader of its key."""
        for key, entry in self.entries(prefix, node).items():
            if key not in known:
                self.unknown(prefix + key, entry.line, key, known)
            else:
                known[key](self, prefix + key, entry)

    def entries(self, prefix: str, node: Node) -> Mapping[str, Entry]:
        """The entries of a mapping; a finding and none if it is anything else but null."""
        if node.value is not None and not isinstance(node.value, Mapping):
            problem, key = f"{node.kind} where a mapping was meant", prefix.rstrip(".")
            self.warn("not-a-mapping", node, key, problem, "Write its keys below it, indented.")
        return node.entries

    def unknown(self, written: str, line: int, key: str, known: Iterable[str]) -> None:
        """Note a key that nobody reads, with the known one that it may have meant."""
        close = did_you_mean(key, known, told=len(self.findings))
        remedy = f"Did you mean `{close}`?" if close else f"Use one of {', '.join(known)}."
        self.warn("unknown-key", line, written, "no such key; it is not read", remedy)

    # -- kinds of values -----------------------------------------------------------------------------------

    def tier(self, written: str, node: Node) -> Tier | None:
        """The tier that a rung, an alias or a model id means."""
        tier = self.words.tier(node.value) if isinstance(node.value, str) else None
        if tier is None:
            problem = f"{node.shown} is no known tier or model"
            remedy = self.words.remedy(node.text, told=len(self.findings))
            self.warn("unknown-tier", node, written, problem, remedy)
        return tier

    def tiers(self, written: str, node: Node) -> tuple[Tier, ...] | None:
        """The tiers of a list, each once."""
        if not isinstance(node.value, tuple):
            problem = f"{node.shown} where a list was meant"
            self.warn("not-a-list", node, written, problem, "Write [sonnet, haiku].")
            return None
        read = (self.tier(f"{written}[{at}]", item) for at, item in enumerate(node.items))
        return tuple(dict.fromkeys(tier for tier in read if tier is not None))

    def word(self, written: str, node: Node, allowed: tuple[str, ...]) -> str | None:
        """One of a few words, in lower case."""
        word = node.text.strip().lower()
        if isinstance(node.value, str) and word in allowed:
            return word
        remedy = f"Use one of {', '.join(allowed)}."
        if isinstance(node.value, bool):
            problem = f"{node.shown} is a YAML boolean where a word was meant"
            self.warn("yaml-boolean", node, written, problem, remedy)
        else:
            close = did_you_mean(word, allowed, told=len(self.findings))
            problem, remedy = (
                f"{node.shown} is not one of its words",
                f"Did you mean `{close}`?" if close else remedy,
            )
            self.warn("unknown-word", node, written, problem, remedy)
        return None

    def number(self, written: str, node: Node, limits: Limits) -> float | int | None:
        """A number within its limits."""
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.warn("not-a-number", node, written, f"{node.shown} is not a number", limits.remedy)
        elif not limits.hold(value):
            self.warn("out-of-range", node, written, f"{node.shown} is out of range", limits.remedy)
        else:
            return value
        return None

    def boolean(self, written: str, node: Node) -> bool | None:
        """True or false."""
        if isinstance(node.value, bool):
            return node.value
        self.warn("not-a-boolean", node, written, f"{node.shown} is not a boolean", "Write true or false.")
        return None

    def text(self, written: str, node: Node) -> str | None:
        """Text that is not empty."""
        if isinstance(node.value, str):
            return node.value.strip() or None
        problem = f"{node.kind} where text was meant"
        self.warn("not-text", node, written, problem, "Put the text in quotes.")
        return None

    def model_id(self, written: str, node: Node) -> str | None:
        """Something that may be a model's id: never a URL."""
        id = node.value.strip() if isinstance(node.value, str) else ""
        if re.fullmatch(MODEL_ID, id) and "//" not in id:
            return id
        problem = f"{node.shown} is no model's id"
        self.warn("bad-model", node, written, problem, "Write the id of a model.")
        return None


Read = Callable[[Reader, str, Entry], None]
"""Reads the entry of one key, which is written as the second argument says."""
