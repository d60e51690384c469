"""Sources: the files that a configuration is made of, found and read, weakest first.

    user      the user's GSD preferences, then the user's own model-routing.yaml
    prose     AGENTS.md, CLAUDE.md                                 sections about model routing
    project   .gsd/PREFERENCES.md, pipeline/config/model-routing.yaml, .claude/model-routing.yaml
    session   .claude/session-config.yaml                          its `model_routing:` block

A missing file says nothing. Of two spellings of one name the first that is there counts. A file of a project
that leads out of it is not opened.

Source: rules.md section 5; seed A§1.2, A§3.1, A§3.2.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from tierwise.files.findings import Finding
from tierwise.files.nodes import Node, read_yaml
from tierwise.files.preferences import FOLDER, NAMES, preference_files, read_preferences
from tierwise.files.prose import read_prose
from tierwise.files.text_files import read_text, stands

Source = Literal["built-in", "user", "prose", "project", "session"]
"""Where a value comes from; weakest first."""
UNTRUSTED: Final = frozenset[Source]({"prose", "project", "session"})
"""What anybody may have written who gave the project to the user."""

USER_FILE: Final = "model-routing.yaml"
"""The name of the user's own file, in the home folder."""
PROJECT_FILES: Final[tuple[tuple[str, Source], ...]] = (
    ("AGENTS.md", "prose"),
    ("CLAUDE.md", "prose"),
    *((f"{FOLDER}/{name}", "project") for name in NAMES),
    ("pipeline/config/model-routing.yaml", "project"),
    (".claude/model-routing.yaml", "project"),
    (".claude/session-config.yaml", "session"),
)
SESSION_KEY: Final = "model_routing"
"""The block of a session's file that is ours; the rest belongs to others."""


class Layer(NamedTuple):
    """One source as a mapping; `path` as it is shown."""

    source: Source
    path: str
    root: Node


NO_TEXTS: Final[Mapping[Path, str]] = MappingProxyType({})


def config_files(
    *, user_file: Path | None, project: Path | None, gsd_home: Path | None = None
) -> tuple[Path, ...]:
    """Every file that may have a say, weakest first, whether it exists or not."""
    return tuple(path for _, path in _places(user_file, project, gsd_home))


def read_layers(
    *,
    user_file: Path | None,
    project: Path | None,
    gsd_home: Path | None = None,
    texts: Mapping[Path, str] = NO_TEXTS,
) -> tuple[list[Layer], list[Finding]]:
    """The sources that exist, weakest first, and what is wrong with their files. Never raises.

    `texts` stand in for what files hold: for what would be, were they written so.
    """
    layers: list[Layer] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for source, path in _places(user_file, project, gsd_home):
        if path in texts:
            layers += _layer(source, path, texts[path], findings)
            continue
        real = os.path.realpath(path)
        if not stands(path) or real in seen or _has_other_spelling(path):
            continue
        seen.add(real)
        if source in UNTRUSTED and not Path(real).is_relative_to(os.path.realpath(project or path.parent)):
            findings.append(_outside(path))
            continue
        text, found = read_text(path)
        findings += found
        if text is not None:
            layers += _layer(source, path, text, findings)
    return layers, findings


def _places(
    user_file: Path | None, project: Path | None, gsd_home: Path | None
) -> Iterator[tuple[Source, Path]]:
    if gsd_home is not None:
        yield from (("user", path) for path in preference_files(gsd_home))
    if user_file is not None:
        yield "user", user_file
    if project is not None:
        yield from ((source, project / name) for name, source in PROJECT_FILES)


def _has_other_spelling(path: Path) -> bool:
    """Whether the file goes by a name whose better spelling is there as well."""
    return path.name in NAMES[1:] and any(
        stands(path.with_name(name)) for name in NAMES[: NAMES.index(path.name)]
    )


def _outside(path: Path) -> Finding:
    problem = "leads out of the project; it is not opened"
    remedy = "Put the file itself into the project."
    return Finding(str(path), 0, "", problem, remedy, "warning", "outside-project")


def _layer(source: Source, path: Path, text: str, findings: list[Finding]) -> list[Layer]:
    """The source that a file of this text is, if it says anything; what is wrong goes to `findings`."""
    root: Node | None
    if source == "prose":
        root, found = read_prose(text, str(path))
    elif path.name in NAMES:
        root, found = read_preferences(text, str(path))
    else:
        root, found = read_yaml(text, str(path))
    findings += found
    if root is not None and source == "session":
        root, unread = _session_block(root, str(path))
        findings += unread
    return [] if root is None else [Layer(source, str(path), root)]


def _session_block(root: Node, path: str) -> tuple[Node | None, list[Finding]]:
    """Our block of a session's file; None if it has none."""
    if SESSION_KEY in root.entries:
        return root.entries[SESSION_KEY].node, []
    for key, entry in root.entries.items():
        if key.lower().replace("-", "").replace("_", "") == SESSION_KEY.replace("_", ""):
            remedy = f"Did you mean `{SESSION_KEY}`?"
            problem = "no such key; it is not read"
            return None, [Finding(path, entry.line, key, problem, remedy, "warning", "unknown-key")]
    return None, []
