"""config set and unset: one value in one file, checked by the reader before it is written.

    the file ──► with the value ──► read and merged with the others ──► a finding: refused, nothing written
                                                                    └─► written; who overrules it is told

Source: rules.md section 5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from tierwise import wiring
from tierwise.cli import config_entries
from tierwise.cli.config_explain import unknown_key
from tierwise.cli.findings_output import printable
from tierwise.errors import TierwiseError
from tierwise.files.config import Config, Entry
from tierwise.files.config_keys import KEYS, KeyInfo, info_of, known_key, parts_of, standing_key
from tierwise.files.config_sources import SESSION_KEY
from tierwise.files.file_writing import as_written, replace_file
from tierwise.files.findings import Finding
from tierwise.files.frontmatter_edit import UneditableError
from tierwise.files.nodes import Node, read_yaml
from tierwise.files.yaml_edit import quoted_text, with_value, without_value
from tierwise.router.config_findings import findings_of

PROJECT_FILE: Final = Path(".claude", "model-routing.yaml")
SESSION_FILE: Final = Path(".claude", "session-config.yaml")
HARMLESS: Final = frozenset({"not-yet"})
"""Findings that are no mistake: the value is written, and they are told."""
_WORD: Final = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)
_GAPS: Final = re.compile(r"[\s,]+")
_ODD: Final = re.compile(r"[\r\n#]")
Command = TypeVar("Command", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Target:
    """The file that is written; `within` bounds where it may lie, `above` are the keys over ours in it."""

    path: Path
    project: Path
    within: Path | None = None
    above: tuple[str, ...] = ()


def place_options(command: Command) -> Command:
    """The options that say which file is written."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.option("--user", "place", flag_value="user", default=True, help="Your own file.  [default]"),
        click.option("--project", "place", flag_value="project", help=f"{PROJECT_FILE} of the project."),
        click.option("--session", "place", flag_value="session", help=f"{SESSION_FILE} of the project."),
        click.option(
            "--in",
            "folder",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            default=Path(),
            show_default="the current directory",
            help="The project's folder.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("set")
@click.argument("key")
@click.argument("value")
@place_options
def set_(key: str, value: str, place: str, folder: Path, as_json: bool) -> None:
    """Set KEY to VALUE, in your own model-routing.yaml if you do not say otherwise.

    Only that value changes: comments, order and all else stay. A value that the file may not say, or that
    cannot be read, is refused and nothing is written.

    \b
    Examples:
      tierwise config set conservation_mode aggressive
      tierwise config set overrides.ui-bug-investigator.minimum sonnet --project
      tierwise config set skill_overrides.page-component-mapper sonnet --session
      tierwise config set fallbacks sonnet,haiku
    """
    info, parts = info_of(key), parts_of(key)
    if info is None or parts is None or known_key(key) not in KEYS:
        raise click.BadParameter(printable(_no_setting(key)), param_hint="KEY")
    target = _target(place, folder)
    before = _text(target)
    edited = _edited(target, lambda: with_value(before, (*target.above, *parts), value_text(info, value)))
    config, findings = _judged(target, before, edited)
    _write(target, before, edited)
    entry = _entry(config, key)
    overruled = entry is None or entry.path != str(target.path) or not _is_said(target, edited, parts, entry)
    if as_json:
        click.echo(json.dumps(_document(target, key, entry, findings), indent=2))
        return
    click.echo(printable(f"{target.path}: {key}: {value}"))
    if overruled and entry is not None:
        stronger = (
            f"{config_entries.place(entry, folder)} is stronger and says {config_entries.text(entry.value)}"
        )
        click.echo(f"{stronger}: that still stands.")
    _tell(findings)


@click.command("unset")
@click.argument("key")
@place_options
def unset(key: str, place: str, folder: Path, as_json: bool) -> None:
    """Take KEY out of a file; what stands then is told. A whole section can be taken out by its name."""
    target = _target(place, folder)
    parts = parts_of(key) or tuple(key.split("."))
    before = _text(target)
    edited = _edited(target, lambda: without_value(before, (*target.above, *parts)))
    if edited == before:
        raise click.ClickException(printable(_not_there(target, key)))
    _write(target, before, edited)
    config = wiring.configuration(target.project)
    entry = _entry(config, key)
    if as_json:
        click.echo(json.dumps(_document(target, key, entry, ()), indent=2))
        return
    click.echo(printable(f"{target.path}: {key} is taken out"))
    if entry is not None:
        click.echo(f"{config_entries.text(entry.value)} stands now ({config_entries.place(entry, folder)}).")


def value_text(info: KeyInfo, value: str) -> str:
    """The value of the command line as YAML on one line: text in quotes where needed, words as a list."""
    value = value.strip()
    if info.kind in ("text", "url", "model"):
        return _quoted(value)
    if info.kind in ("tiers", "models") and not value.startswith("["):
        return f"[{', '.join(_quoted(word) for word in _GAPS.split(value) if word)}]"
    node, findings = read_yaml(value, "")
    if node is None or findings or _ODD.search(value):
        return quoted_text(value)
    return value


def _quoted(text: str) -> str:
    """The text, in quotes unless it is plainly a word."""
    node, _ = read_yaml(text, "") if _WORD.fullmatch(text) else (None, [])
    return text if node is not None and isinstance(node.value, str) else quoted_text(text)


# -- the file ----------------------------------------------------------------------------------------------


def _target(place: str, folder: Path) -> Target:
    match place:
        case "project":
            return Target(folder / PROJECT_FILE, folder, folder)
        case "session":
            return Target(folder / SESSION_FILE, folder, folder, (SESSION_KEY,))
        case _:
            return Target(wiring.user_file(), folder)


def _text(target: Target) -> str:
    try:
        return as_written(target.path)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error


def _edited(target: Target, edit: Callable[[], str]) -> str:
    try:
        return edit()
    except UneditableError as uneditable:
        raise click.ClickException(printable(str(uneditable.finding(str(target.path))))) from uneditable


def _write(target: Target, before: str, edited: str) -> None:
    if edited == before:
        return
    try:
        replace_file(target.path, edited, target.within)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error


def _judged(target: Target, before: str, edited: str) -> tuple[Config, list[Finding]]:
    """The configuration with the edited file, and what new is found in it; UsageError for a mistake."""
    known = {_mark(finding) for finding in _findings(_merged(target, before))} if before else set()
    config = _merged(target, edited)
    new = [finding for finding in _findings(config) if _mark(finding) not in known]
    refused = [one for one in new if one.path == str(target.path) and one.rule not in HARMLESS]
    if refused:
        raise click.UsageError("\n".join(_told(finding) for finding in refused))
    return config, new


def _merged(target: Target, text: str) -> Config:
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return wiring.configuration(target.project, {target.path: plain})


def _findings(config: Config) -> list[Finding]:
    return findings_of(config, wiring.load_catalog(), wiring.day_of(wiring.now_us()))


def _mark(finding: Finding) -> tuple[str, str, str, str]:
    """What a finding is, wherever its line has moved to."""
    return finding.path, finding.key, finding.rule, finding.problem


# -- what is told ------------------------------------------------------------------------------------------


def _entry(config: Config, key: str) -> Entry | None:
    name = standing_key(key, config.settings.ladder)
    return next((entry for entry in config.entries if entry.key == name), None)


def _is_said(target: Target, edited: str, parts: Iterable[str], entry: Entry) -> bool:
    """Whether what stands is said where the key was set."""
    node, _ = read_yaml(edited.removeprefix("\ufeff"), "")
    line = 0
    for part in (*target.above, *parts):
        line, node = (node or Node(None, 0)).entries.get(part, (0, None))
    return entry.line == line


def _document(target: Target, key: str, entry: Entry | None, findings: Iterable[Finding]) -> dict[str, Any]:
    """`{path, key, stands, findings}`: what stands under the key now, with all that it overrode."""
    stands = None if entry is None else config_entries.documented(entry)
    told = [
        {"path": one.path, "line": one.line, "key": one.key, "rule": one.rule, "problem": one.problem}
        for one in findings
    ]
    return {"path": str(target.path), "key": key, "stands": stands, "findings": told}


def _no_setting(key: str) -> str:
    if (known_key(key) or "").startswith("skills."):
        name = key.removeprefix("skills.")
        return f"`{key}` stands in the skill's own files; to overrule them set `overrides.{name}`."
    return unknown_key(key)


def _not_there(target: Target, key: str) -> str:
    entry = _entry(wiring.configuration(target.project), key)
    hint = f" It stands in {entry.path}:{entry.line}." if entry is not None and entry.path else ""
    return f"`{key}` is not set in {target.path}.{hint}"


def _tell(findings: Iterable[Finding]) -> None:
    for finding in findings:
        click.echo(printable(str(finding)), err=True)


def _told(finding: Finding) -> str:
    return printable(f"{finding.key}: {finding.problem}. {finding.remedy}")
