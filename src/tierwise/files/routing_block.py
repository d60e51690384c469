"""The routing block: `preferred`, `acceptable`, `minimum` and the rest, read from a mapping, key by key.

The same block stands in several homes and in several hands (a skill, a sidecar, a question as JSON), so it
is read here once. A value that cannot be read costs itself and a finding; the other keys still count. What
the keys mean together is not judged here: that is `check`, after all homes were merged.

    FIELDS: key → its reader.   `null` is silence.   `reason` is for people.

Source: rules.md section 2; seed A§1.1, A§2.4, A§7.1, A§7.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from tierwise.core.skills import EFFORTS, Condition, Demand, EstimatedTokens, Role, TokenRange
from tierwise.core.tiers import Tier
from tierwise.files.config_keys import CONDITION, ESTIMATES
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.nodes import Node, quoted
from tierwise.files.tier_words import TierWords
from tierwise.files.token_ranges import range_of

Word = TypeVar("Word", bound=StrEnum)

MAX_ITEMS: Final = 100
"""Entries read of one list: tiers, conditions, words that match."""


@dataclass(frozen=True, slots=True)
class Block:
    """What was read: values as `Routing` takes them, and the line of every key that was read.

    `lines` also knows `conditions[0]`, `conditions[1]`, … by the position in the value.
    """

    values: dict[str, Any]
    lines: dict[str, int]
    findings: list[Finding]


def read_block(node: Node, path: str, words: TierWords, prefix: str = "", *, flat: bool = False) -> Block:
    """The block in a mapping; empty, with a finding, if `node` is anything else but null.

    `prefix` is put before the keys in findings ("model."). In a `flat` home everything is text: a list is
    words, a boolean is "true".
    """
    reader = _Reader(path, words, prefix, flat)
    if node.value is not None and not isinstance(node.value, dict):
        remedy = "Write its keys below it, indented."
        reader.warn("not-a-mapping", node, "", f"the block is {node.kind}, not a mapping", remedy)
    reader.read(node)
    return Block(reader.values, reader.lines, reader.findings)


@dataclass(slots=True)
class _Reader:
    path: str
    words: TierWords
    prefix: str
    flat: bool
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def read(self, block: Node) -> None:
        for key, (line, node) in block.entries.items():
            reader = FIELDS.get(key)
            if reader is None:
                self._unknown_key(key, line, "", FIELDS)
            elif node.value is not None and (value := reader(self, node, key)) is not None:
                self.values[key] = value
                self.lines[key] = line

    def warn(self, rule: str, at: Node | int, key: str, problem: str, remedy: str) -> None:
        full = self.prefix + key if key else self.prefix.rstrip(".")
        line = at if isinstance(at, int) else at.line
        self.findings.append(Finding(self.path, line, full, problem, remedy, "warning", rule))

    def _unknown_key(self, key: str, line: int, inside: str, known: Iterable[str]) -> None:
        if key in COMMENT_KEYS:
            return
        close = did_you_mean(key, known, told=len(self.findings))
        remedy = f"Did you mean `{close}`?" if close else f"Use one of {', '.join(known)}."
        self.warn("unknown-key", line, inside + key, "no such key; it is not read", remedy)

    def _word(self, node: Node, key: str, allowed: Iterable[str]) -> str | None:
        """The text of a value that has to be one of a few words; a finding where it is no text."""
        if isinstance(node.value, str):
            return node.value.strip()
        choice = ", ".join(allowed)
        if isinstance(node.value, bool):
            problem = f"{node.shown} is a YAML boolean where a word was meant"
            self.warn("yaml-boolean", node, key, problem, f"Use one of {choice}.")
        else:
            self.warn("not-a-word", node, key, f"{node.kind} where a word was meant", f"Use one of {choice}.")
        return None

    def tier(self, node: Node, key: str) -> Tier | None:
        word = self._word(node, key, (rung.name for rung in self.words.ladder.rungs))
        if word is None:
            return None
        tier = self.words.tier(word)
        if tier is None:
            problem = f"{quoted(word)} is no known tier or model"
            remedy = self.words.remedy(word, told=len(self.findings))
            self.warn("unknown-tier", node, key, problem, remedy)
        return tier

    def tiers(self, node: Node, key: str) -> tuple[Tier, ...] | None:
        items = node.items
        if isinstance(node.value, str):
            items = tuple(Node(word, node.line, word) for word in re.split(r"[\s,]+", node.value) if word)
            if not self.flat:
                remedy = f"Write [{', '.join(item.text for item in items[:MAX_ITEMS])}]."
                self.warn("not-a-list", node, key, "text where a list was meant", remedy)
        elif not isinstance(node.value, tuple):
            problem = f"{node.kind} where a list was meant"
            self.warn("not-a-list", node, key, problem, "Write [haiku, sonnet].")
            return None
        items = self._shortened(items, node, key)
        read = [tier for at, item in enumerate(items) if (tier := self.tier(item, f"{key}[{at}]"))]
        return tuple(dict.fromkeys(read)) or None

    def _shortened(self, items: tuple[Node, ...], node: Node, key: str) -> tuple[Node, ...]:
        """The items that are read: every one costs a look in each decision."""
        if len(items) > MAX_ITEMS:
            problem = f"only the first {MAX_ITEMS} of {len(items):,} entries are read"
            self.warn("too-many-items", node, key, problem, "Say it in fewer.")
        return items[:MAX_ITEMS]

    def boolean(self, node: Node, key: str) -> bool | None:
        if isinstance(node.value, bool):
            return node.value
        if isinstance(node.value, str) and node.value.strip().lower() in ("true", "false"):
            return node.value.strip().lower() == "true"
        self.warn("not-a-boolean", node, key, f"{node.shown} is not a boolean", "Write true or false.")
        return None

    def _one_of(self, node: Node, key: str, kind: type[Word]) -> Word | None:
        return kind(word) if (word := self._choice(node, key, [str(member) for member in kind])) else None

    def _choice(self, node: Node, key: str, allowed: Iterable[str]) -> str | None:
        allowed = tuple(allowed)
        word = self._word(node, key, allowed)
        if word is None or word.lower() in allowed:
            return word and word.lower()
        close = did_you_mean(word, allowed)
        remedy = f"Did you mean `{close}`?" if close else f"Use one of {', '.join(allowed)}."
        self.warn("unknown-word", node, key, f"{quoted(word)} is not one of its words", remedy)
        return None

    def demand(self, node: Node, key: str) -> Demand | None:
        return self._one_of(node, key, Demand)

    def role(self, node: Node, key: str) -> Role | None:
        return self._one_of(node, key, Role)

    def effort(self, node: Node, key: str) -> str | None:
        return self._choice(node, key, EFFORTS)

    def conditions(self, node: Node, key: str) -> tuple[Condition, ...] | None:
        if not isinstance(node.value, tuple):
            where = " in routing.yaml beside SKILL.md" if self.flat else ""
            remedy = f"Write a list of `- when: …` entries{where}."
            self.warn("not-a-list", node, key, f"{node.kind} where a list was meant", remedy)
            return None
        read: list[Condition] = []
        for at, item in enumerate(self._shortened(node.items, node, key)):
            condition = self._condition(item, f"{key}[{at}]")
            if condition is not None:
                self.lines[f"{key}[{len(read)}]"] = item.line
                read.append(condition)
        return tuple(read) or None

    def _condition(self, node: Node, key: str) -> Condition | None:
        if not isinstance(node.value, dict):
            self.warn(
                "not-a-mapping", node, key, f"{node.kind} where a condition was meant", CONDITION_REMEDY
            )
            return None
        said = {name: entry.node for name, entry in node.entries.items() if entry.node.value is not None}
        self._condition_keys(node, key)
        when = self._text(said.get("when"), f"{key}.when")
        if when is None and ("when" not in said or isinstance(said["when"].value, str)):
            self.warn("condition-without-when", node, key, "a condition without `when`", CONDITION_REMEDY)
        match = self._match(said.get("match"), f"{key}.match")
        target = self._target(node, key, said)
        tier = self.tier(said[target], f"{key}.{target}") if target else None
        if when is None or target is None or tier is None:
            return None
        return Condition(when, match=match, **{target: tier})

    def _condition_keys(self, node: Node, key: str) -> None:
        for name, (line, _) in node.entries.items():
            if name == "upgrade_to":
                remedy = "Prefer the higher tier, and let a condition with `downgrade_to` lower it."
                self.warn("condition-upgrade", line, f"{key}.{name}", "a condition never raises", remedy)
            elif name not in CONDITION_KEYS:
                self._unknown_key(name, line, f"{key}.", CONDITION_KEYS)

    def _target(self, node: Node, key: str, said: dict[str, Node]) -> str | None:
        found = [name for name in ("downgrade_to", "hold_at") if name in said]
        if len(found) == 1:
            return found[0]
        if found or "upgrade_to" not in said:
            problem = "both `downgrade_to` and `hold_at`" if found else "neither `downgrade_to` nor `hold_at`"
            self.warn("condition-target", node, key, problem, "Keep exactly one of the two.")
        return None

    def _text(self, node: Node | None, key: str) -> str | None:
        if node is None:
            return None
        if isinstance(node.value, str):
            return node.value.strip() or None
        self.warn("not-text", node, key, f"{node.kind} where text was meant", "Put the text in quotes.")
        return None

    def _match(self, node: Node | None, key: str) -> tuple[str, ...]:
        if node is None:
            return ()
        items = node.items if isinstance(node.value, tuple) else (node,)
        items = self._shortened(items, node, key)
        read = (self._text(item, f"{key}[{at}]") for at, item in enumerate(items))
        return tuple(text for text in read if text)

    def estimated_tokens(self, node: Node, key: str) -> EstimatedTokens | None:
        """The declared ranges; a bare range stands for `total_estimate`."""
        if not isinstance(node.value, dict):
            total = self._range(node, key)
            return EstimatedTokens(total_estimate=total) if total else None
        read: dict[str, TokenRange] = {}
        for name, (line, item) in node.entries.items():
            if name not in ESTIMATE_KEYS:
                self._unknown_key(name, line, f"{key}.", ESTIMATE_KEYS)
            elif item.value is not None and (span := self._range(item, f"{key}.{name}")):
                read[name] = span
                self.lines[f"{key}.{name}"] = line
        return EstimatedTokens(**read) if read else None

    def _range(self, node: Node, key: str) -> TokenRange | None:
        span = range_of(node.text) if isinstance(node.value, str | int | float) else None
        if span is None:
            problem = f"{node.shown} is not a range `low-high`"
            self.warn("bad-range", node, key, problem, "Write whole numbers, such as 2000-5000.")
        elif span[0] > span[1]:
            self.warn("bad-range", node, key, f"the range {node.shown} falls", f"Write {span[1]}-{span[0]}.")
        else:
            return TokenRange(*span)
        return None


FIELDS: Final[dict[str, Callable[[_Reader, Node, str], object]]] = {
    "preferred": _Reader.tier,
    "acceptable": _Reader.tiers,
    "minimum": _Reader.tier,
    "allow_upgrade": _Reader.boolean,
    "allow_downgrade": _Reader.boolean,
    "reasoning_demand": _Reader.demand,
    "estimated_tokens": _Reader.estimated_tokens,
    "conditions": _Reader.conditions,
    "effort": _Reader.effort,
    "effort_first": _Reader.boolean,
    "role": _Reader.role,
}
"""Every key of the block; each is the name of a field of `Routing`."""
CONDITION_KEYS: Final = tuple(CONDITION)
ESTIMATE_KEYS: Final = tuple(ESTIMATES)
COMMENT_KEYS: Final = frozenset({"reason"})
"""Keys that people write for people (A§3.2)."""
CONDITION_REMEDY: Final = 'Write `when: "…"` and one of `downgrade_to:` or `hold_at:`.'
