"""Codex: an agent with its model for every declared skill, and a skill that asks for this agent.

    .codex/agents/mapper.toml          model, model_reasoning_effort: obeyed, whatever else is asked for
    .agents/skills/mapper/SKILL.md     "start the agent `mapper`": Codex starts none unless a skill says so

A skill's own `model:` means nothing to Codex. The skill that is made takes the name of its source where Codex
does not see that one, else `NAME-on-TIER`. Skills without a block, and coordinators, are pointed to where
Codex does not see them, so that the suite is whole.

The skill that is made carries no block: the conversation that reads it only starts the agent, and the agent
reads the source with its block.

`.codex` is only read in a project that the user trusts (`codex exec --trust`).

Source: research/clients.md section 11; tried with Codex CLI 0.169.0.
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
from tierwise.files.compile.blocks import metadata_lines
from tierwise.files.compile.delegation import agent_description, clipped, instructions
from tierwise.files.frontmatter_edit import scalar
from tierwise.files.homes import METADATA_PREFIX, TWIN_OF
from tierwise.files.marks import mark, way
from tierwise.files.skill_files import SKILL_FILE

PLATFORM: Final = "codex"
SKILLS: Final = Path(".agents", "skills")
AGENTS: Final = Path(".codex", "agents")
PLACES: Final = (f"{SKILLS}/*/{SKILL_FILE}", f"{AGENTS}/*.toml")
TRUST_NOTE: Final = Note(
    "", "codex reads .codex only in a project that its user trusts: `codex exec --trust` once"
)


def codex(root: Path, sources: Iterable[Source]) -> Artifacts:
    """What the project at `root` is to hold for these sources."""
    wanted = [source for source in sources if _is_wanted(source)]
    names = {
        source.file.path: source.name if _is_plain(source) else twin_name(source, PLATFORM)
        for source in wanted
    }
    findings = tuple(name_findings(wanted, names))
    files = [file for s in wanted if not findings for file in _files_of(root, s, names[s.file.path])]
    return Artifacts(root, tuple(files), tuple(_notes(wanted)), findings, PLACES)


def _is_plain(source: Source) -> bool:
    """Whether the source is only pointed to: it is no agent, and no agent carries it out."""
    return source.kind != "agent" and (source.aim is None or source.kind == "coordinator")


def _is_wanted(source: Source) -> bool:
    if _is_plain(source):
        return PLATFORM not in source.in_sight
    return source.aim is not None


def _files_of(root: Path, source: Source, name: str) -> Iterator[Made]:
    origin, skill = source.file.path, root / SKILLS / name / SKILL_FILE
    if _is_plain(source):
        yield Made(skill, _pointer(skill, source, name).encode(), origin)
        return
    agent = root / AGENTS / f"{name}.toml"
    yield Made(agent, _agent(agent, source, root, name).encode(), origin)
    if source.kind == "agent":
        return
    yield Made(skill, _twin(skill, source, name).encode(), origin)


def _agent(path: Path, source: Source, root: Path, name: str) -> str:
    assert source.aim is not None, "only what is declared is compiled"
    values = {
        "name": name,
        "description": agent_description(source, source.description),
        "model": source.aim.model,
        **({"model_reasoning_effort": source.aim.effort} if source.aim.effort else {}),
        "developer_instructions": instructions(source, root, name),
    }
    lines = [mark(path, source.file.path), *(f"{key} = {toml_text(text)}" for key, text in values.items())]
    return "".join(f"{line}\n" for line in lines)


def toml_text(text: str) -> str:
    """The text as a TOML string: over several lines where it has several."""
    body = "".join(_escaped(char) for char in text)
    return f'"""\n{body}"""' if "\n" in text else f'"{body}"'


def _escaped(char: str) -> str:
    if char in '\\"':
        return "\\" + char
    if char == "\n" or char.isprintable():
        return char
    code = ord(char)
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}"


def _twin(path: Path, source: Source, name: str) -> str:
    """The skill that asks for the agent, which Codex does for a skill and not for an agent's description."""
    assert source.aim is not None, "only what is declared is compiled"
    own = source.description or f"The skill `{source.name}`."
    beside = f"The skill `{source.name}`, run on {source.aim.tier}. Prefer it to `{source.name}`."
    metadata = {METADATA_PREFIX + TWIN_OF: source.file.name}
    body = (
        f"Start the agent `{name}` for this (in Codex: `spawn_agent` with `agent_type` `{name}`).\n"
        "Tell it what the user asked for and everything that it needs to know. Name no model and no\n"
        "reasoning effort: it has its own. Wait for it, then answer with what it found. Do not do its\n"
        "work yourself.\n"
    )
    head = [f"description: {scalar(clipped(own if name == source.name else beside))}"]
    return _page(path, source, name, [*head, *metadata_lines(metadata)], body)


def _pointer(path: Path, source: Source, name: str) -> str:
    """The skill by its description, and where its instructions are."""
    file, folder = way(path.parent, source.file.path), way(path.parent, source.file.folder)
    body = (
        f"Read `{file}` and do what it says. Files that it names lie in `{folder}`.\n"
        "Both paths are relative to the folder of this file.\n"
    )
    own = source.description or f"The skill `{source.name}`."
    return _page(path, source, name, [f"description: {scalar(clipped(own))}"], body)


def _page(path: Path, source: Source, name: str, head: Iterable[str], body: str) -> str:
    lines = ["---", mark(path, source.file.path), f"name: {scalar(name)}", *head, "---", "", body]
    return "\n".join(lines)


def _notes(wanted: Iterable[Source]) -> Iterator[Note]:
    agents = False
    for source in wanted:
        if _is_plain(source):
            if source.aim is not None:
                yield Note(source.name, COORDINATOR_NOTE)
            continue
        agents = True
        if note := unheeded(source, PLATFORM):
            yield note
    if agents:
        yield TRUST_NOTE
