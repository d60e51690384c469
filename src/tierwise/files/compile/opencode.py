"""opencode: a subagent with its model for every declared skill, and a command that starts it.

    .opencode/agents/mapper.md      mode: subagent, model: anthropic/…, variant     what the model starts
    .opencode/commands/mapper.md    agent: mapper, subtask: true                    what the user types

opencode has no model for a skill. `variant` is its word for effort; it is obeyed where opencode knows the
model as one that reasons, and does nothing elsewhere. The subagent is called as the skill is: skills and
agents do not share names there.

Source: research/clients.md section 12; tried with opencode 1.18.33.
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
from tierwise.files.compile.delegation import agent_description, clipped, instructions
from tierwise.files.frontmatter_edit import scalar
from tierwise.files.marks import mark

PLATFORM: Final = "opencode"
AGENTS: Final = Path(".opencode", "agents")
COMMANDS: Final = Path(".opencode", "commands")
PLACES: Final = (f"{AGENTS}/*.md", f"{COMMANDS}/*.md")
VARIANT_NOTE: Final = Note("", "opencode obeys `variant` only for a model that it knows as one that reasons")


def opencode(root: Path, sources: Iterable[Source]) -> Artifacts:
    """What the project at `root` is to hold for these sources."""
    aimed = [source for source in sources if source.aim is not None]
    declared = [source for source in aimed if source.kind != "coordinator"]
    names = {source.file.path: twin_name(source, PLATFORM) for source in declared}
    findings = tuple(name_findings(declared, names))
    files = [file for s in declared if not findings for file in _files_of(root, s, names[s.file.path])]
    return Artifacts(root, tuple(files), tuple(_notes(aimed)), findings, PLACES)


def _files_of(root: Path, source: Source, name: str) -> Iterator[Made]:
    agent = root / AGENTS / f"{name}.md"
    yield Made(agent, _agent(agent, source, root, name).encode(), source.file.path)
    if source.kind == "skill":
        command = root / COMMANDS / f"{name}.md"
        yield Made(command, _command(command, source, name).encode(), source.file.path)


def _agent(path: Path, source: Source, root: Path, name: str) -> str:
    assert source.aim is not None, "only what is declared is compiled"
    head = [
        f"description: {scalar(agent_description(source, source.description))}",
        "mode: subagent",
        f"model: {scalar(source.aim.model)}",
        *([f"variant: {scalar(source.aim.effort)}"] if source.aim.effort else []),
    ]
    return _page(path, source, head, instructions(source, root, name))


def _command(path: Path, source: Source, name: str) -> str:
    own = source.description or f"The skill `{source.name}`."
    head = [f"description: {scalar(clipped(own))}", f"agent: {scalar(name)}", "subtask: true"]
    return _page(path, source, head, f"Carry out the skill `{source.name}`. $ARGUMENTS")


def _page(path: Path, source: Source, head: Iterable[str], body: str) -> str:
    return "\n".join(["---", mark(path, source.file.path), *head, "---", "", body, ""])


def _notes(aimed: list[Source]) -> Iterator[Note]:
    for source in aimed:
        if source.kind == "coordinator":
            yield Note(source.name, COORDINATOR_NOTE)
        elif note := unheeded(source, PLATFORM):
            yield note
    if any(source.aim is not None and source.aim.effort for source in aimed):
        yield VARIANT_NOTE
