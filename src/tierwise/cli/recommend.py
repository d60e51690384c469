"""`tierwise recommend`: for skills without a routing block, the block that their pages speak for, and why.

Exit 0: everything was looked at. Exit 1: with --write, a block could not be written. Exit 2: the command
itself is wrong.

Source: seed A§1.2, Appendix A; rules.md section 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import click

from tierwise import wiring
from tierwise.cli import ledger
from tierwise.cli.check import skill_of_path
from tierwise.cli.recommend_output import Outcome, as_json, as_text
from tierwise.core.recommending import ran
from tierwise.core.run_history import ended_at
from tierwise.errors import ConfigError
from tierwise.files.file_writing import as_written, replace_file
from tierwise.files.findings import Finding
from tierwise.files.frontmatter_edit import UneditableError
from tierwise.files.skill_files import SKILL_FILE, SkillFile, read_skill
from tierwise.files.suggestions import Suggestion, has_block, suggest, written
from tierwise.files.suites import coordinator_of
from tierwise.files.tier_words import TierWords
from tierwise.files.walk import skill_paths
from tierwise.router.histories import CALLS_READ
from tierwise.store.contract import Store


@click.command(name="recommend")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--write", is_flag=True, help="Write each block into its file; nothing else there changes.")
@click.option("--all", "everything", is_flag=True, help="Also compare the blocks that skills have.")
@ledger.store_option
@ledger.json_option
def command(
    paths: tuple[Path, ...], write: bool, everything: bool, store_url: str | None, as_json_: bool
) -> None:
    """Suggest a routing block for skills and agents that have none, with the reasons.

    Each PATH is a Markdown file, or a folder to search for SKILL.md and agents/*.md. The kind of work is read
    from name, description, headings, steps, tools and scripts; where they say too little, nothing is
    suggested. Nothing is written without --write, and a block that is there is never changed.

    \b
      tierwise recommend skills/
      tierwise recommend skills/changelog --write
      tierwise recommend --all skills/ --json
    """
    named = tuple(skill_of_path(path) for path in paths)
    with ExitStack() as stack:
        store = stack.enter_context(ledger.opened(store_url)) if _has_ledger(store_url) else None
        suggestions, skipped, findings = _suggestions(named, store, everything=everything)
    outcomes = [_written(one, named) if write else Outcome(one) for one in suggestions]
    click.echo((as_json if as_json_ else as_text)(outcomes, skipped, findings))
    if not outcomes and not skipped:
        click.echo(f"Nothing to recommend for: no {SKILL_FILE} and no agents/*.md there.", err=True)
    if any(outcome.failed for outcome in outcomes):
        raise click.exceptions.Exit(1)


def _has_ledger(store_url: str | None) -> bool:
    """Whether there is a ledger to look into: one that was named, or the one of the home folder, if it is."""
    return store_url is not None or (wiring.home_dir() / "ledger.sqlite").is_file()


def _suggestions(
    named: tuple[Path, ...], store: Store | None, *, everything: bool
) -> tuple[list[Suggestion], int, list[Finding]]:
    """A suggestion for every file without a block, how many were passed over, and what could not be read.

    If `everything` is asked for, no file is passed over.
    """
    words = TierWords(tier_of_model=wiring.tier_lookup())
    paths, findings = skill_paths(named)
    read = (read_skill(path, words.ladder, words.tier_of_model) for path in paths)
    files = [file for file in read if not file.is_made]
    coordinators = _coordinators(named, files, words)
    wanted = [file for file in files if everything or not has_block(file)]
    suggestions = []
    for file in wanted:
        runs = ended_at(store.executions(skill=file.name, last=CALLS_READ)) if store is not None else {}
        suggestions.append(suggest(file, coordinators, ran(runs, words.ladder), runs, words))
    return suggestions, len(files) - len(wanted), findings


def _coordinators(
    named: Iterable[Path], files: Iterable[SkillFile], words: TierWords
) -> tuple[SkillFile, ...]:
    """The coordinators among the files, and those beside or above a skill that was named by itself."""
    found = {file.path.resolve(): file for file in files if file.rows}
    roots = {(path / SKILL_FILE if path.is_dir() else path).resolve() for path in named}
    for file in files:
        if file.path.resolve() in roots and file.path.name == SKILL_FILE:
            coordinator = coordinator_of(file, words.ladder, words.tier_of_model)
            if coordinator is not None:
                found.setdefault(coordinator.path.resolve(), coordinator)
    return tuple(found.values())


def _written(suggestion: Suggestion, named: Iterable[Path]) -> Outcome:
    """The suggestion, and what became of writing it; nothing becomes of one without a block."""
    if not suggestion.is_open:
        return Outcome(suggestion)
    words = TierWords(tier_of_model=wiring.tier_lookup())
    within = _place_of(suggestion.path, named)
    try:
        before = as_written(suggestion.path)
        after = written(before, suggestion, words)
        if as_written(suggestion.path) != before:
            return Outcome(suggestion, failed="it changed meanwhile; run the command again")
        replace_file(suggestion.path, after, within)
    except UneditableError as refusal:
        return Outcome(suggestion, failed=f"{refusal.problem}. {refusal.remedy}")
    except ConfigError as failure:
        return Outcome(suggestion, failed=str(failure))
    return Outcome(suggestion, wrote=True)


def _place_of(path: Path, named: Iterable[Path]) -> Path:
    """The folder that may be written to: the one named, or that of the file that was named."""
    folders = [root if root.is_dir() else root.parent for root in named]
    return next((folder for folder in folders if path.is_relative_to(folder)), path.parent)
