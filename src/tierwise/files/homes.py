"""Homes: every place in which a skill's routing block may stand, merged key by key.

    string  <  metadata  <  frontmatter  <  sidecar          the strongest that speaks about a key wins

Each home is read in full, so that its mistakes are told even where a stronger home overrules it.

Source: rules.md section 2; research/clients.md section 3 (why `metadata` is a home).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from tierwise.core.skills import Routing
from tierwise.files.findings import Finding
from tierwise.files.nodes import Entry, Node
from tierwise.files.provenance import Home, Provenance, Statement
from tierwise.files.routing_block import FIELDS, Block, read_block
from tierwise.files.tier_words import TierWords

METADATA_PREFIX: Final = "tierwise."
SILENT_MODELS: Final = frozenset({"inherit"})
"""Words under `model:` that leave the choice to the session."""
TWIN_OF: Final = "twin-of"
"""The key by which a compiled skill names the skill that it stands in for; no part of the block."""
COPILOT_AGENT: Final = ".agent.md"
"""How the files of GitHub Copilot's own agents end; their `model:` is not ours to judge."""
NATIVE_KEYS: Final = frozenset({"effort", "role"})
"""Keys of the block that mean something of their own at the top of a frontmatter."""


@dataclasses.dataclass(slots=True)
class Homes:
    """The homes of one skill, laid over each other as they are read, weakest first."""

    path: str
    words: TierWords
    provenance: dict[str, Provenance] = dataclasses.field(default_factory=dict)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    said: list[Statement] = dataclasses.field(default_factory=list)
    _values: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def routing(self) -> Routing | None:
        """The merged block; None if no home said anything that could be read."""
        return Routing(**self._values) if self._values else None

    def read_frontmatter(self, head: Node) -> None:
        """Lay the homes of a frontmatter over each other: a plain string, metadata, the mapping."""
        model = head.entries.get("model")
        if model is not None and self._is_copilots(model.node):
            model = None
        plain = model is not None and isinstance(model.node.value, str)
        if model is not None and plain:
            self._read_model(model, self.path)
        for key, (line, node) in head.entries.items():
            if key == "metadata":
                self._read_metadata(node)
            elif key != "model":
                self._warn_misplaced(key, line, node)
        if model is not None and not plain:
            self._read_model(model, self.path)

    def _is_copilots(self, model: Node) -> bool:
        """Whether it names models as Copilot shows them ("GPT-4.1", a list of such) in a file of its own."""
        if not self.path.endswith(COPILOT_AGENT):
            return False
        text = model.value if isinstance(model.value, str) else None
        return isinstance(model.value, tuple) or (text is not None and self.words.tier(text) is None)

    def read_sidecar(self, root: Node, path: str) -> None:
        """Lay a sidecar on top: the block's keys at its top level, or under `model:`."""
        if "model" not in root.entries:
            self._lay("sidecar", path, read_block(root, path, self.words), "")
            return
        self._read_model(root.entries["model"], path, "sidecar")
        beside = {key: entry for key, entry in root.entries.items() if key != "model"}
        self._lay("sidecar", path, read_block(Node(beside, root.line), path, self.words), "")

    def _read_model(self, entry: Entry, path: str, home: Home | None = None) -> None:
        if not isinstance(entry.node.value, str):
            block = read_block(entry.node, path, self.words, "model.")
            self._lay(home or "frontmatter", path, block, "model.")
        elif entry.node.value.strip().lower() not in SILENT_MODELS:
            block = read_block(Node({"preferred": entry}, entry.line), path, self.words)
            findings = [dataclasses.replace(finding, key="model") for finding in block.findings]
            self._lay(home or "string", path, dataclasses.replace(block, findings=findings), "model")

    def _read_metadata(self, metadata: Node) -> None:
        block, twice = _gathered(metadata)
        for key, line in twice:
            remedy = "Keep one; until then the first one counts."
            self._warn("duplicate-key", line, f"metadata.{key}", "the key is written in two ways", remedy)
        prefix = f"metadata.{METADATA_PREFIX}"
        self._lay("metadata", self.path, read_block(block, self.path, self.words, prefix, flat=True), prefix)

    def _lay(self, home: Home, path: str, block: Block, prefix: str) -> None:
        """Let `block` win every key that it speaks about, with all that lies below the key."""
        for key in block.values:
            below = (f"{key}[", f"{key}.")
            self.provenance = {k: p for k, p in self.provenance.items() if not k.startswith(below)}
        for key, line in block.lines.items():
            written = prefix if home == "string" or prefix == "model" else prefix + key
            self.provenance[key] = Provenance(path, line, home, written)
            if key in block.values:
                self.said.append(Statement(key, block.values[key], self.provenance[key]))
        self._values |= block.values
        self.findings += block.findings

    def _warn_misplaced(self, key: str, line: int, node: Node) -> None:
        if key in FIELDS and key not in NATIVE_KEYS:
            problem, remedy = "the key has no effect here", f"Move it below `model:`, as `model.{key}`."
        elif not FIELDS.keys().isdisjoint(node.entries.keys() - NATIVE_KEYS):
            problem, remedy = "looks like a routing block under another name", "Call it `model:`."
        else:
            return
        self._warn("misplaced-key", line, key, problem, remedy)

    def _warn(self, rule: str, line: int, key: str, problem: str, remedy: str) -> None:
        self.findings.append(Finding(self.path, line, key, problem, remedy, "warning", rule))


def _gathered(metadata: Node) -> tuple[Node, list[tuple[str, int]]]:
    """The block in flat keys and in a nested `tierwise:`, and (key, line) of what is written in both ways."""
    found: dict[str, Entry] = {}
    groups: dict[str, dict[str, Entry]] = {}
    twice: list[tuple[str, int]] = []
    for key, entry in _ours(metadata.entries):
        head, dot, rest = key.partition(".")
        target, name = (groups.setdefault(head, {}), rest) if dot else (found, head)
        if name in target:
            twice.append((METADATA_PREFIX + key, entry.line))
        target.setdefault(name, entry)
    for head, group in groups.items():
        line = next(iter(group.values())).line
        if head in found:
            twice.append((METADATA_PREFIX + head, line))
        found.setdefault(head, Entry(line, Node(group, line)))
    return Node(found, metadata.line), twice


def _ours(metadata: Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    """The entries that are meant for us, without their prefix."""
    name = METADATA_PREFIX.rstrip(".")
    nested = metadata[name].node.entries if name in metadata else {}
    flat = ((key, entry) for key, entry in metadata.items() if key.startswith(METADATA_PREFIX))
    found = [*((key.removeprefix(METADATA_PREFIX), entry) for key, entry in flat), *nested.items()]
    return [(key, entry) for key, entry in found if key != TWIN_OF]
