"""Preferences of GSD: the frontmatter of its PREFERENCES.md, as far as it speaks about models.

    ~/.gsd/PREFERENCES.md       of the user        also written preferences.md, as older versions did
    .gsd/PREFERENCES.md         of the project

The file belongs to GSD: of its keys only `dynamic_routing`, `dynamic_model_routing` and `models` are read, of
those only what we know, and a file that cannot be read is a warning.

Source: rules.md section 5; seed B, "Updated Preference Configuration"; GSD's own documentation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from tierwise.files.dynamic_block import DYNAMIC, LEGACY, PHASE_KEYS, PHASES, SWITCHES, TIER_MODELS
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.frontmatter import read_page
from tierwise.files.nodes import Entry, Node

FOLDER: Final = ".gsd"
NAMES: Final = ("PREFERENCES.md", "preferences.md")
"""Its names, the one that counts first."""
_OURS: Final = (DYNAMIC, LEGACY, PHASES)
_THEIRS: Final = frozenset({"capability_routing", "provider", "thinking"})
"""Keys of GSD that look like a misspelling of ours, and are none."""


def preference_files(folder: Path) -> tuple[Path, ...]:
    """Where the preferences may stand in a `.gsd` folder; the first one that is there counts."""
    return tuple(folder / name for name in NAMES)


def read_preferences(text: str, path: str) -> tuple[Node | None, list[Finding]]:
    """What the file says about models as one mapping, and what is wrong with it. Never raises."""
    page, findings = read_page(text, path)
    if page.head is None:
        return None, [replace(finding, severity="warning") for finding in findings]
    findings = [finding for finding in findings if finding.key in _OURS] + _misspelt(page.head, path)
    entries = {key: entry for key, entry in page.head.entries.items() if key in _OURS}
    if DYNAMIC in entries:
        entries[DYNAMIC] = _without_others(entries[DYNAMIC], (*SWITCHES, TIER_MODELS))
    if PHASES in entries:
        line, phases = entries[PHASES]
        each = {name: _without_others(entry, PHASE_KEYS) for name, entry in phases.entries.items()}
        entries[PHASES] = Entry(line, Node(each, phases.line) if phases.entries else phases)
    return Node(entries, page.head.line), findings


def _without_others(entry: Entry, known: Iterable[str]) -> Entry:
    """The mapping with our keys and those that misspell one; anything else as it is."""
    if not entry.node.entries:
        return entry
    kept = {
        key: value
        for key, value in entry.node.entries.items()
        if key in known or (key not in _THEIRS and did_you_mean(key, known) is not None)
    }
    return Entry(entry.line, Node(kept, entry.node.line))


def _misspelt(head: Node, path: str) -> list[Finding]:
    """Keys at the top that are ours but for case, dashes and underscores."""
    meant = {_plain(name): name for name in (DYNAMIC, LEGACY)}
    found: list[Finding] = []
    for key, entry in head.entries.items():
        if key not in _OURS and _plain(key) in meant:
            problem, remedy = "no such key; it is not read", f"Did you mean `{meant[_plain(key)]}`?"
            found.append(Finding(path, entry.line, key, problem, remedy, "warning", "unknown-key"))
    return found


def _plain(key: str) -> str:
    return key.lower().replace("-", "").replace("_", "")
