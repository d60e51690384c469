"""Agent Skills: the portable form, in the sources themselves or as a copy of the suite.

    compile SUITE --to agent-skills               each SKILL.md (and its routing.yaml) is edited in place
    compile SUITE --to agent-skills --out DIR     every skill folder is copied to the same place below DIR

A copy is a suite of its own, to be handed on, and cannot always say that it is one (a picture, a script). So
a list at the top of DIR names every file that was copied with the hash of its bytes: what was changed since
is a person's.

Source: rules.md section 2; research/clients.md section 3.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tierwise.files.compile.artifacts import Artifacts, Made, Note, Source
from tierwise.files.compile.portable import Portable, portable, refusals
from tierwise.files.findings import Finding
from tierwise.files.frontmatter_head import UneditableError
from tierwise.files.marks import LIST_FILE, mark
from tierwise.files.skill_files import SIDECAR_FILE, SKILL_FILE
from tierwise.files.text_files import read_exact
from tierwise.files.tier_words import TierWords
from tierwise.files.walk import SKIPPED

PLATFORM: Final = "agent-skills"
MAX_NAME_CHARACTERS: Final = 64
MAX_DESCRIPTION_CHARACTERS: Final = 1024
LIST_TITLE: Final = "# Copied by tierwise compile; a file whose hash differs is left alone."
NOT_COPIED: Final = SKIPPED | {".claude", ".agents", ".codex", ".opencode"}
"""Folders that are nobody's part of a skill: tools' own, and what clients read, compiled files among it."""
MAX_COPIED_FILES: Final = 5_000
MAX_COPIED_BYTES: Final = 64 * 1024 * 1024
"""Of one suite; a larger one is no suite of skills, or holds what should not be copied."""


def in_place(suite: Path, sources: Iterable[Source], words: TierWords) -> Artifacts:
    """The sources themselves, with their blocks where the validator accepts them."""
    files: list[Made] = []
    notes: list[Note] = []
    findings: list[Finding] = []
    for source in _skills(sources):
        done = _portable(source, words, findings)
        if done is not None:
            files += _of_source(source, done)
            notes += [Note(source.name, text) for text in _refused(source, done)]
    return Artifacts(suite, tuple(files), tuple(notes), tuple(findings))


def copied(suite: Path, out: Path, sources: Iterable[Source], words: TierWords) -> Artifacts:
    """The folders of the skills once more below `out`, with their blocks where the validator accepts them."""
    files: list[Made] = []
    notes: list[Note] = []
    findings: list[Finding] = []
    copier = _Copier(suite, out, findings)
    for source in _skills(sources):
        done = _portable(source, words, findings)
        if done is not None:
            files += copier.copy(source, done)
            notes += [Note(source.name, text) for text in _refused(source, done)]
    if files and not findings:
        files.append(_list_of(suite, out, files))
    return Artifacts(out, tuple(files), tuple(notes), tuple(findings))


def _skills(sources: Iterable[Source]) -> list[Source]:
    return [source for source in sources if source.kind != "agent"]


def _portable(source: Source, words: TierWords, findings: list[Finding]) -> Portable | None:
    sidecar: str | None = None
    try:
        if len(source.file.sources) > 1:
            sidecar, wrong = read_exact(source.file.sources[1])
            if sidecar is None:
                findings += wrong
                return None
        if not source.text.removeprefix("\ufeff").startswith("---"):
            return Portable(source.text, sidecar)
        return portable(source.text, sidecar, words)
    except UneditableError as uneditable:
        findings.append(uneditable.finding(str(source.file.path)))
        return None


def _of_source(source: Source, done: Portable) -> Iterator[Made]:
    path = source.file.path
    yield Made(path, done.text.encode(), path, "source")
    if done.sidecar is not None:
        yield Made(path.with_name(SIDECAR_FILE), done.sidecar.encode(), path, "source")


def _refused(source: Source, done: Portable) -> Iterator[str]:
    """What the validator will say in spite of all: the author's to mend."""
    if not done.text.removeprefix("\ufeff").startswith("---"):
        yield "the validator wants a frontmatter with name and description"
        return
    yield from refusals(done.text)
    name, called = source.file.name, source.file.folder.absolute().name
    if not _is_portable(name):
        yield "the validator wants a name of at most 64 lower-case letters, digits and single hyphens"
    elif name != called:
        yield f"the validator wants the name `{name}` to be that of its folder, `{called}`"
    if not 0 < len(source.description) <= MAX_DESCRIPTION_CHARACTERS:
        yield f"the validator wants a description of 1 to {MAX_DESCRIPTION_CHARACTERS} characters"


def _is_portable(name: str) -> bool:
    words = name.split("-")
    return len(name) <= MAX_NAME_CHARACTERS and name == name.lower() and all(map(str.isalnum, words))


class _Copier:
    """Copies the folders of one suite; a skill that lies in another one's folder is copied for itself."""

    def __init__(self, suite: Path, out: Path, findings: list[Finding]) -> None:
        self._suite, self._out, self._findings = suite.absolute(), out, findings
        self._real_suite = Path(os.path.realpath(suite))
        self._files = self._bytes = 0

    def copy(self, source: Source, done: Portable) -> Iterator[Made]:
        """The files of one skill, at the same places below the copy."""
        path = source.file.path.absolute()
        target = self._target(path)
        if target is None:
            problem, remedy = "lies outside of the suite", "Compile the folder that it lies in."
            self._tell(path, "leads-out", problem, remedy)
            return
        yield Made(target, done.text.encode(), path, "list")
        if done.sidecar is not None:
            yield Made(target.with_name(SIDECAR_FILE), done.sidecar.encode(), path, "list")
        yield from self._others(path.parent)

    def _others(self, folder: Path) -> Iterator[Made]:
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            try:
                children = sorted(here.iterdir(), reverse=True)
            except OSError as failure:
                self._tell(
                    here, "unreadable", f"cannot be read: {failure.strerror}", "Check its permissions."
                )
                continue
            for child in children:
                if self._leads_out(child):
                    self._tell(child, "leads-out", "is a link that leads out of the suite", "Take it out.")
                elif child.is_dir():
                    waiting += [child] if self._is_part(child) else []
                elif child.name != LIST_FILE and not (
                    here == folder and child.name in (SKILL_FILE, SIDECAR_FILE)
                ):
                    yield from self._file(child)

    def _is_part(self, child: Path) -> bool:
        """Whether a folder in a skill's folder belongs to that skill."""
        own = child.name in NOT_COPIED or child.is_symlink() or (child / SKILL_FILE).exists()
        return not own and child.absolute() != self._out.absolute()

    def _file(self, path: Path) -> Iterator[Made]:
        target = self._target(path)
        assert target is not None, "what lies in a skill's folder lies in the suite"
        if not str(target).isprintable():
            self._tell(path, "bad-name", "the name cannot be listed", "Rename the file.")
            return
        try:
            self._count(path)
            content = path.read_bytes()
        except OSError as failure:
            self._unreadable(path, failure)
            return
        except OverflowError:
            return
        yield Made(target, content, path, "list", executable=os.access(path, os.X_OK))

    def _count(self, path: Path) -> None:
        self._files += 1
        self._bytes += path.stat().st_size
        if self._files > MAX_COPIED_FILES or self._bytes > MAX_COPIED_BYTES:
            if not any(finding.rule == "too-many-files" for finding in self._findings):
                limit = f"{MAX_COPIED_FILES:,} files or {MAX_COPIED_BYTES // 1024 // 1024} MiB"
                self._tell(
                    self._suite, "too-many-files", f"more than {limit} to copy", "Name a smaller suite."
                )
            raise OverflowError

    def _leads_out(self, path: Path) -> bool:
        return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(self._real_suite)

    def _target(self, path: Path) -> Path | None:
        try:
            return self._out / path.relative_to(self._suite)
        except ValueError:
            return None

    def _unreadable(self, path: Path, failure: OSError) -> None:
        self._tell(path, "unreadable", f"cannot be read: {failure.strerror}", "Check its permissions.")

    def _tell(self, path: Path, rule: str, problem: str, remedy: str) -> None:
        self._findings.append(Finding(str(path), 0, "", problem, remedy, "error", rule))


def _list_of(suite: Path, out: Path, files: Iterable[Made]) -> Made:
    """The list of what was copied, as `sha256sum` writes it."""
    path = out / LIST_FILE
    lines = [f"{digest(made.content)}  {made.path.relative_to(out).as_posix()}" for made in files]
    text = "".join(
        f"{line}\n" for line in [LIST_TITLE, mark(path, suite), *sorted(lines, key=lambda line: line[66:])]
    )
    return Made(path, text.encode(), suite, "list")


def digest(content: bytes) -> str:
    """The hash by which a copied file is known again."""
    return hashlib.sha256(content).hexdigest()


def listed(out: Path, content: bytes) -> dict[Path, str]:
    """Path → hash of what an earlier list names; nothing that lies outside of `out`."""
    lines = content.decode("utf-8", "replace").split("\n")
    if lines[0] != LIST_TITLE:
        return {}
    pairs = (line.partition("  ") for line in lines[1:] if line and line[0] != "#")
    found = {Path(os.path.normpath(out / name)): known for known, _, name in pairs}
    return {path: known for path, known in found.items() if path.is_relative_to(out)}
