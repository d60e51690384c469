"""Claude Code: a fork twin for every declared skill, and its agents with the `model:` that the client obeys.

    skills/mapper/SKILL.md             model: {preferred: haiku, …}    the source, whose mapping is ignored
    skills/mapper-on-haiku/SKILL.md    context: fork, model: haiku     the twin: made, and obeyed on the wire

A string `model:` is ignored when the model calls a skill, and obeyed with `context: fork`. So the twin is the
skill once more, its body word for word, with the folder of its files named: arguments and dynamic commands
are filled in as in the skill itself, which they are not if an agent preloads it.

The twin takes the skill's own name where the client does not see the skill. Where it does, the twin is called
`NAME-on-TIER`, and its description says only that it is to be preferred: two skills with one description
would be a coin toss. It stays callable by the model, because a hook may not lead a call to a skill that is
not. `metadata: tierwise.twin-of` names the skill that a twin stands in for.

A coordinator gets no twin: forked, it would carry out its skills on its own tier.

Source: research/clients.md sections 3 to 5; tried with Claude Code 2.1.330.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tierwise.files.compile.artifacts import (
    COORDINATOR_NOTE,
    Artifacts,
    Made,
    Note,
    Source,
    name_findings,
    twin_name,
    unheeded,
)
from tierwise.files.compile.blocks import metadata_lines, metadata_of, sidecar_of
from tierwise.files.frontmatter_edit import scalar
from tierwise.files.frontmatter_head import Parts, UneditableError, parts_of
from tierwise.files.homes import METADATA_PREFIX, TWIN_OF
from tierwise.files.marks import mark, way
from tierwise.files.skill_files import SIDECAR_FILE, SKILL_FILE

PLATFORM: Final = "claude-code"
PLACES: Final = (f"skills/*/{SKILL_FILE}", f"skills/*/{SIDECAR_FILE}", "agents/*.md")
FORK_NOTE: Final = Note("", "a fork sees its arguments, not the conversation: pass on what it needs to know")
SKILL_FOLDER: Final = "${CLAUDE_SKILL_DIR}"
_NOT_KEPT: Final = frozenset(
    "name description model effort context metadata license compatibility version".split()
)
"""Keys of the source that the twin says anew, or that say nothing about how it runs."""


def claude_code(root: Path, sources: Iterable[Source]) -> Artifacts:
    """What `root`, a `.claude` folder or a plugin, is to hold for these sources."""
    declared = [s for s in sources if s.aim is not None and not _is_obeyed(s)]
    twins = [source for source in declared if source.kind != "coordinator"]
    names = {source.file.path: twin_name(source, PLATFORM) for source in twins}
    findings = list(name_findings(twins, names, apart=True))
    files: list[Made] = []
    for source in twins if not findings else ():
        try:
            files += _files_of(root, source, names[source.file.path])
        except UneditableError as uneditable:
            findings.append(uneditable.finding(str(source.file.path)))
    return Artifacts(root, tuple(files), tuple(_notes(declared)), tuple(findings), PLACES)


def _is_obeyed(source: Source) -> bool:
    """Whether the client obeys the source itself: an agent, or a fork, with its model as a plain word."""
    place = source.file.provenance.get("preferred")
    if place is None or place.home != "string" or PLATFORM not in source.in_sight:
        return False
    return source.kind == "agent" or parts_of(source.text).blocks.get("context", "").split() == [
        "context:",
        "fork",
    ]


def _files_of(root: Path, source: Source, name: str) -> Iterator[Made]:
    origin, parts = source.file.path, parts_of(source.text)
    if source.kind == "agent":
        path = root / "agents" / f"{name}.md"
        yield Made(path, _agent(path, source, parts, name).encode(), origin)
        return
    path = root / "skills" / name / SKILL_FILE
    yield Made(path, _twin(path, source, parts, name).encode(), origin)
    sidecar = sidecar_of(source.file.routing) if source.file.routing else None
    if sidecar is not None:
        beside = path.with_name(SIDECAR_FILE)
        yield Made(beside, f"{mark(beside, origin)}\n{sidecar}".encode(), origin)


def _twin(path: Path, source: Source, parts: Parts, name: str) -> str:
    """The skill once more, as a fork on its tier."""
    folder = f"{SKILL_FOLDER}/{way(path.parent, source.file.folder)}"
    head = [
        mark(path, source.file.path),
        f"name: {scalar(name)}",
        *_description(source, parts, name),
        *_kept(parts, without={"when_to_use"} if name != source.name else set()),
        "context: fork",
        *_how(source),
        *_metadata(source),
    ]
    where = f"The base directory of these instructions is `{folder}`: files that they name lie there."
    body = parts.body.replace(SKILL_FOLDER, folder)
    return _page(head, ["", where], body, parts.newline)


def _agent(path: Path, source: Source, parts: Parts, name: str) -> str:
    """The agent once more, with its tier as the client reads it."""
    head = [
        mark(path, source.file.path),
        f"name: {scalar(name)}",
        *_description(source, parts, name),
        *_kept(parts, without=set()),
        *_how(source),
        *_metadata(source),
    ]
    return _page(head, [], parts.body, parts.newline)


def _page(head: Iterable[str], opening: Iterable[str], body: str, newline: str) -> str:
    lines = ["---", *head, "---", *opening]
    return "".join(line + newline for line in lines) + body


def _description(source: Source, parts: Parts, name: str) -> list[str]:
    """The skill's own words under its own name; beside the skill, only which of the two to take."""
    assert source.aim is not None, "only what is declared is compiled"
    if name == source.name and "description" in parts.blocks:
        return parts.blocks["description"].splitlines()
    if name == source.name:
        return [f"description: {scalar(f'The {source.kind} `{source.name}`, run on {source.aim.tier}.')}"]
    whole = "; pass on all that it needs to know" if source.kind == "skill" else ""
    said = (
        f"The {source.kind} `{source.name}`, run on {source.aim.tier}. Prefer it to `{source.name}`{whole}."
    )
    return [f"description: {scalar(said)}"]


def _kept(parts: Parts, without: set[str]) -> list[str]:
    kept = (text for key, text in parts.blocks.items() if key not in _NOT_KEPT | without)
    return [line for text in kept for line in text.splitlines()]


def _how(source: Source) -> list[str]:
    assert source.aim is not None, "only what is declared is compiled"
    effort = [f"effort: {scalar(source.aim.effort)}"] if source.aim.effort else []
    return [f"model: {scalar(source.aim.model)}", *effort]


def _metadata(source: Source) -> list[str]:
    twin_of = {METADATA_PREFIX + TWIN_OF: source.file.name}
    return metadata_lines(twin_of | (metadata_of(source.file.routing) if source.file.routing else {}))


def _notes(declared: Iterable[Source]) -> Iterator[Note]:
    forked = False
    for source in declared:
        if source.kind == "coordinator":
            yield Note(source.name, COORDINATOR_NOTE)
            continue
        forked = forked or source.kind == "skill"
        if note := unheeded(source, PLATFORM):
            yield note
    if forked:
        yield FORK_NOTE
