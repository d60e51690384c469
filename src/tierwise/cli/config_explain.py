"""config explain: what a key means, what it takes, who may say it, what stands and what that overrode.

Source: rules.md section 5.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli import config_entries
from tierwise.cli.config_entries import project_option
from tierwise.cli.findings_output import printable
from tierwise.core.tiers import Ladder
from tierwise.files.config import Config, Entry
from tierwise.files.config_keys import KEYS, SKILL_KEYS, info_of, known_key, standing_key, taken_by
from tierwise.files.config_schema import built_in_values
from tierwise.files.config_trust import Restraint, restraint_on
from tierwise.files.dynamic_block import DYNAMIC, LEGACY, PHASES
from tierwise.files.findings import did_you_mean
from tierwise.files.skill_values import SECTION, project_skills, skill_entries

HOMES: Final = {
    "user": "your own model-routing.yaml",
    "prose": "AGENTS.md and CLAUDE.md",
    "project": "pipeline/config/model-routing.yaml and .claude/model-routing.yaml",
    "session": ".claude/session-config.yaml, below model_routing",
}
PREFERENCES: Final = "GSD's PREFERENCES.md, yours and the project's"
SKILL_HOMES: Final = (
    "routing.yaml beside SKILL.md, `model:` or `metadata:` of its frontmatter, a row of its coordinator; a"
    " project overrules it under overrides.NAME"
)


@click.command("explain")
@click.argument("key")
@project_option
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def explain(key: str, project: Path, as_json: bool) -> None:
    """Explain a key: meaning, values, who may say it, what stands, and what that overrode.

    \b
    Examples:
      tierwise config explain conservation_mode
      tierwise config explain weekly_budget                   every key of a section
      tierwise config explain skills.my-skill.preferred       a key of a skill's own block
    """
    config = wiring.configuration(project)
    ladder = config.settings.ladder
    names = [name for name in (*KEYS, *SKILL_KEYS) if name.startswith(f"{key}.")]
    if names:
        told = [_about(name, ladder) for name in names]
        click.echo(json.dumps(told, indent=2) if as_json else "\n".join(_section(told)))
        return
    if info_of(key) is None:
        raise click.BadParameter(printable(unknown_key(key)), param_hint="KEY")
    entry = _standing(config, project, key)
    told_of_it = _about(key, ladder)
    stands = None if entry is None else config_entries.documented(entry)
    if as_json:
        click.echo(json.dumps({**told_of_it, "stands": stands}, indent=2))
    else:
        click.echo("\n".join(_page(told_of_it, entry, project)))


def unknown_key(key: str) -> str:
    """What to tell somebody who named a key that does not exist."""
    sections = {name.partition(".")[0] for name in KEYS} | {SECTION}
    head, _, last = key.rpartition(".")
    leaves = {name.rpartition(".")[2] for name in (*KEYS, *SKILL_KEYS)}
    beside = [f"{head}.{leaf}" for leaf in leaves if info_of(f"{head}.{leaf}")] if head else []
    close = did_you_mean(key, beside) or did_you_mean(key, {*KEYS, *sections}) or did_you_mean(last, KEYS)
    hint = f"did you mean `{close}`?" if close else "`tierwise config show` lists what is set."
    return f"there is no key `{key}`; {hint}"


def _standing(config: Config, project: Path, key: str) -> Entry | None:
    """What stands under the key; None if nobody says anything."""
    if known_key(key) not in SKILL_KEYS:
        name = standing_key(key, config.settings.ladder)
        return next((entry for entry in config.entries if entry.key == name), None)
    paths, _ = project_skills(project)
    skills = skill_entries(paths, config, wiring.tier_of_model)
    if not any(key.startswith(f"{SECTION}.{skill.file.name}.") for skill in skills):
        names = sorted({skill.file.name for skill in skills})
        name = key.removeprefix(f"{SECTION}.").rpartition(".")[0]
        close = did_you_mean(name, names)
        hint = f"did you mean `{close}`?" if close else f"it has {', '.join(names[:20]) or 'none'}."
        raise click.ClickException(printable(f"no skill `{name}` in {project}; {hint}"))
    return next((entry for skill in skills for entry in skill.entries if entry.key == key), None)


def _about(key: str, ladder: Ladder) -> dict[str, Any]:
    """What is known of a key whatever the files say."""
    name, info = known_key(key), info_of(key)
    assert name is not None, "only known keys are told about"
    assert info is not None, "only known keys are told about"
    default: Any = built_in_values(ladder).get(tuple(standing_key(key, ladder).split(".")))
    restraint = Restraint(()) if name in SKILL_KEYS else restraint_on(name)
    return {
        "key": key,
        "meaning": info.meaning,
        "takes": taken_by(info, ladder),
        "default": info.default or config_entries.plain(default),
        "said_in": _homes(name, restraint),
        "restraint": restraint.words or None,
    }


def _homes(name: str, restraint: Restraint) -> list[str]:
    if name in SKILL_KEYS:
        return [SKILL_HOMES]
    homes = [HOMES[source] for source in restraint.sources if source != "built-in"]
    return homes + ([PREFERENCES] if name.partition(".")[0] in (DYNAMIC, LEGACY, PHASES) else [])


def _page(told: dict[str, Any], entry: Entry | None, project: Path) -> Iterator[str]:
    yield printable(told["key"])
    yield f"  {told['meaning']}."
    yield ""
    yield f"  takes      {told['takes']}"
    yield f"  default    {config_entries.text(told['default'])}"
    if entry is None:
        yield "  stands     nobody says anything"
    else:
        yield f"  stands     {config_entries.text(entry.value)}  ({config_entries.place(entry, project)})"
        for one in config_entries.worth_telling(entry):
            yield f"    instead of {config_entries.text(one.value)}  ({config_entries.place(one, project)})"
    for at, home in enumerate(told["said_in"]):
        yield f"  {'' if at else 'said in':9}  {home}"
    if told["restraint"]:
        yield f"  trust      {told['restraint']}"


def _section(told: list[dict[str, Any]]) -> Iterator[str]:
    for one in told:
        yield one["key"]
        yield f"  {one['meaning']}: {one['takes']}"
