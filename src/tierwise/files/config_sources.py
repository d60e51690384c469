"""Sources: the files that a configuration is made of, found and read, weakest first.

    user      the user's own model-routing.yaml
    prose     AGENTS.md, CLAUDE.md                                 sections about model routing
    project   pipeline/config/model-routing.yaml, .claude/model-routing.yaml
    session   .claude/session-config.yaml                          its `model_routing:` block

A missing file says nothing. A file of a project that leads out of it is not opened.

Source: rules.md section 5; seed A§1.2, A§3.1, A§3.2.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from tierwise.files.findings import Finding
from tierwise.files.nodes import Node, read_yaml
from tierwise.files.prose import read_prose
from tierwise.files.text_files import read_text

Source = Literal["built-in", "user", "prose", "project", "session"]
"""Where a value comes from; weakest first."""
UNTRUSTED: Final = frozenset[Source]({"prose", "project", "session"})
"""What anybody may have written who gave the project to the user."""

USER_FILE: Final = "model-routing.yaml"
"""The name of the user's own file, in the home folder."""
PROJECT_FILES: Final[tuple[tuple[str, Source], ...]] = (
    ("AGENTS.md", "prose"),
    ("CLAUDE.md", "prose"),
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


def config_files(*, user_file: Path | None, project: Path | None) -> tuple[Path, ...]:
    """Every file that may have a say, weakest first, whether it exists or not."""
    return tuple(path for _, path in _places(user_file, project))


def read_layers(*, user_file: Path | None, project: Path | None) -> tuple[list[Layer], list[Finding]]:
    """The sources that exist, weakest first, and what is wrong with their files. Never raises."""
    layers: list[Layer] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for source, path in _places(user_file, project):
        real = os.path.realpath(path)
        if not _exists(path) or real in seen:
            continue
        seen.add(real)
        if source in UNTRUSTED and not Path(real).is_relative_to(os.path.realpath(project or path.parent)):
            findings.append(_outside(path))
            continue
        root, found = _read(source, path)
        findings += found
        if root is not None:
            layers.append(Layer(source, str(path), root))
    return layers, findings


def _places(user_file: Path | None, project: Path | None) -> Iterator[tuple[Source, Path]]:
    if user_file is not None:
        yield "user", user_file
    if project is not None:
        yield from ((source, project / name) for name, source in PROJECT_FILES)


def _exists(path: Path) -> bool:
    """Whether there is a file, readable or not: one that is closed to us must not go unnoticed."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _outside(path: Path) -> Finding:
    problem = "leads out of the project; it is not opened"
    remedy = "Put the file itself into the project."
    return Finding(str(path), 0, "", problem, remedy, "warning", "outside-project")


def _read(source: Source, path: Path) -> tuple[Node | None, list[Finding]]:
    text, findings = read_text(path)
    if text is None:
        return None, findings
    root, more = read_prose(text, str(path)) if source == "prose" else read_yaml(text, str(path))
    if root is not None and source == "session":
        root, unread = _session_block(root, str(path))
        more = [*more, *unread]
    return root, findings + more


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
