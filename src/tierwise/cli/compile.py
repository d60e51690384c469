"""`tierwise compile`: what each platform can obey by itself, written from the blocks of a suite's skills.

    suite ──► sources ──► artifacts (values) ──► changes ──► the disk, unless --check or --diff

Exit 0: all is as it should be. Exit 1: something is in the way and nothing was written, or under --check
something would change. Exit 2: the command itself is wrong.

Source: rules.md sections 2 and 5.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli.findings_output import Report, as_text
from tierwise.core.figures import counted, printable
from tierwise.errors import TierwiseError
from tierwise.files.compile.agent_skills import copied, in_place
from tierwise.files.compile.artifacts import Artifacts, Source
from tierwise.files.compile.changes import Action, Change, carry_out, changes_of
from tierwise.files.compile.claude_code import claude_code
from tierwise.files.compile.codex import codex
from tierwise.files.compile.opencode import opencode
from tierwise.files.compile.sources import folder_for_claude, project_for, sources_of
from tierwise.files.findings import Finding
from tierwise.files.suites import read_suite
from tierwise.files.tier_words import TierWords
from tierwise.router.aims import PROVIDERS, Aims
from tierwise.router.routing import with_override
from tierwise.router.shelf import PROJECT_MARKS

TARGETS: Final = ("claude-code", "codex", "opencode", "agent-skills")
SIGNS: Final[dict[Action, str]] = {"made": "+", "changed": "~", "removed": "-", "unchanged": " "}


@dataclass(frozen=True, slots=True)
class Compiled:
    """What was planned for one target, and what that changes on the disk."""

    to: str
    artifacts: Artifacts
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]

    @property
    def is_blocked(self) -> bool:
        """Whether something is in the way, so that nothing may be written."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that change something."""
        return tuple(change for change in self.changes if change.action != "unchanged")


@click.command(name="compile")
@click.argument("suite", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", required=True, type=click.Choice(TARGETS), help="The platform to write for.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where to write.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if anything would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, line by line.")
@click.option("--provider", type=click.Choice(list(PROVIDERS)), help="opencode's. [default: anthropic]")
@click.option("--project", type=click.Path(path_type=Path), help="Whose configuration holds.")
@click.option("--json", "as_json", is_flag=True, help="For programs, with stable keys.")
def command(
    suite: Path,
    to: str,
    out: Path | None,
    check: bool,
    diff: bool,
    provider: str | None,
    project: Path | None,
    as_json: bool,
) -> None:
    """Write what a platform can obey by itself, from the `model:` blocks of the skills below SUITE.

    \b
    claude-code   fork twins and agents with a model, in the .claude folder or the plugin that SUITE
                  lies in, else in SUITE/.claude
    codex         .codex/agents and .agents/skills, in the project that SUITE lies in, else in SUITE
    opencode      .opencode/agents and .opencode/commands, likewise
    agent-skills  blocks as flat metadata, in the sources themselves; with --out, in a copy of them

    Files that were made say so; only these are ever replaced or removed.
    """
    if provider is not None and to != "opencode":
        raise click.UsageError(f"--provider is for --to opencode, not {to}")
    try:
        compiled = compile_suite(suite, to, out, provider or "anthropic", project)
        if not (check or diff or compiled.is_blocked):
            carry_out(compiled.pending, compiled.artifacts.root)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error
    written = not (check or diff or compiled.is_blocked)
    if as_json:
        click.echo(json.dumps(_json(compiled, written, diff), indent=2))
    else:
        click.echo("\n".join(_text(compiled, written, diff)))
    if compiled.is_blocked or (check and compiled.pending):
        raise click.exceptions.Exit(1)


def compile_suite(suite: Path, to: str, out: Path | None, provider: str, project: Path | None) -> Compiled:
    """What `to` is to have for the suite, and what is in the way. Writes nothing. Raises TierwiseError."""
    suite = suite.absolute()
    project = project or project_for(suite, PROJECT_MARKS)
    catalog = wiring.load_catalog()
    config = wiring.router_for(project).configs.of(project)
    ladder = config.settings.ladder
    found = read_suite(suite, ladder, catalog.tier_of)
    sources, findings = sources_of(found, lambda file: with_override(file, file.name, config))
    findings += [finding for finding in config.findings if finding.severity == "error"]
    if to == "agent-skills":
        words = TierWords(ladder, catalog.tier_of)
        made = copied(suite, out.absolute(), sources, words) if out else in_place(suite, sources, words)
    else:
        aims = Aims(catalog, config, wiring.day_of(wiring.now_us()))
        aimed = [_aimed(source, to, aims, provider, findings) for source in sources]
        made = _artifacts(to, suite, out, aimed)
    changes, conflicts = changes_of(made, suite, named=out is not None)
    return Compiled(to, made, tuple(changes), (*findings, *made.findings, *conflicts))


def _aimed(source: Source, to: str, aims: Aims, provider: str, findings: list[Finding]) -> Source:
    """The source with its aim; without one if it declares nothing, or (told) if there is no model for it."""
    if not source.skill.declared:
        return source
    aim = aims.at(to, source.skill, provider)
    if aim is None:
        tier = aims.tier_of(source.skill)
        remedy = f"Name one under `tiers.{tier}` in model-routing.yaml."
        problem = f"{to} has no known model for {tier}"
        findings.append(Finding(str(source.file.path), 0, "model", problem, remedy, "error", "no-model"))
    return replace(source, aim=aim)


def _artifacts(to: str, suite: Path, out: Path | None, sources: list[Source]) -> Artifacts:
    if to == "claude-code":
        return claude_code((out or folder_for_claude(suite)).absolute(), sources)
    root = (out or project_for(suite, PROJECT_MARKS)).absolute()
    return codex(root, sources) if to == "codex" else opencode(root, sources)


# -- printing ----------------------------------------------------------------------------------------------


def _text(compiled: Compiled, written: bool, diff: bool) -> Iterator[str]:
    root = compiled.artifacts.root
    if compiled.findings:
        yield as_text(Report(len({finding.path for finding in compiled.findings}), compiled.findings))
    for change in compiled.pending:
        yield f"{SIGNS[change.action]} {printable(_below(change.path, root))}"
        if diff:
            yield from map(printable, _diff(change, root))
    for note in compiled.artifacts.notes:
        yield f"note: {printable(f'{note.name}: {note.text}' if note.name else note.text)}"
    counts = Counter(change.action for change in compiled.changes)
    told = ", ".join(f"{counts[action]} {action}" for action in SIGNS if counts[action]) or "nothing to make"
    outcome = "" if written else "nothing was written: " if compiled.is_blocked else "would be: "
    yield f"{compiled.to} in {printable(str(root))}: {outcome}{told}"


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _diff(change: Change, root: Path) -> Iterator[str]:
    """The change as a unified diff; files that are no text by their sizes."""
    name = _below(change.path, root)
    try:
        before, after = ((text or b"").decode("utf-8") for text in (change.before, change.after))
    except UnicodeDecodeError:
        yield f"  no text: {counted(len(change.before or b''), 'byte')} → {len(change.after or b''):,}"
        return
    old, new = "/dev/null" if change.before is None else name, "/dev/null" if change.after is None else name
    yield from difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm="")


def _json(compiled: Compiled, written: bool, diff: bool) -> dict[str, Any]:
    root = compiled.artifacts.root
    return {
        "to": compiled.to,
        "out": str(root),
        "written": written,
        "files": [
            {
                "path": str(change.path),
                "action": change.action,
                "from": str(change.origin),
                **({"diff": list(_diff(change, root))} if diff and change.action != "unchanged" else {}),
            }
            for change in compiled.changes
        ],
        "notes": [asdict(note) for note in compiled.artifacts.notes],
        "findings": [asdict(finding) for finding in compiled.findings],
    }
