"""`tierwise ledger`: verify what is written, export it, import usage, recount balances, prune what is old.

Source: rules.md section 11.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from tierwise import wiring
from tierwise.cli.findings_output import Report, as_text
from tierwise.cli.findings_output import as_json as findings_json
from tierwise.cli.ledger import json_option, opened, since_option, store_option
from tierwise.cli.moments import MOMENT, local_minute
from tierwise.core.prices import cost_nanousd
from tierwise.core.recounting import Recount, recount
from tierwise.core.retention import KEPT_DAYS, Cut, latest_us
from tierwise.core.usage import Usage
from tierwise.files.findings import Finding
from tierwise.files.text_files import read_text
from tierwise.files.usage_lines import Read, read_usage
from tierwise.store.ledger import Ledger
from tierwise.store.log import Numbered, Pruned
from tierwise.store.retention import planned

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
NANO_PER_USD: Final = 1_000_000_000


@click.group("ledger")
def command() -> None:
    """Look after the ledger of money: append-only entries, of which every balance is a sum."""


@command.command("verify")
@store_option
@json_option
def verify(store_url: str | None, as_json_: bool) -> None:
    """Walk the chain of hashes over all entries and hold each call's record against its columns.

    Exit 1 if anything was changed.

    Where older entries were pruned, it begins at the checkpoint that was left, and says so.

    Note the last hash elsewhere: the chain cannot show that its end was cut off.
    """
    with opened(store_url) as store:
        verdict = store.verify()
    if as_json_:
        click.echo(json.dumps(asdict(verdict), indent=2))
    elif not verdict.problem:
        after = f" after the {verdict.pruned:,} that were pruned" if verdict.pruned else ""
        click.echo(f"{verdict.entries:,} entries{after}, all sound. The last hash is {verdict.head}")
    else:
        where = f"entry {verdict.broken_seq:,}: " if verdict.broken_seq else ""
        click.echo(f"{where}{verdict.problem}", err=True)
        click.echo(f"{verdict.entries:,} entries are sound. Keep the file and restore a copy.", err=True)
    if verdict.problem:
        raise SystemExit(1)


@command.command("export")
@click.option("--format", "form", type=click.Choice(("jsonl", "csv")), default="jsonl", show_default=True)
@since_option
@store_option
def export(form: str, since_us: int | None, store_url: str | None) -> None:
    """Print the entries, oldest first; with --since those that were written since then.

    \b
      tierwise ledger export > entries.jsonl
      tierwise ledger export --format csv --since monday
    """
    lines = _as_csv if form == "csv" else _as_jsonl
    with opened(store_url) as store:
        wanted = (one for one in store.entries() if since_us is None or one[1].recorded_us >= since_us)
        for line in lines(wanted):
            click.echo(line)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_option
@json_option
def import_(file: Path, store_url: str | None, as_json_: bool) -> None:
    """Post usage that was learned of elsewhere or later, one JSON object a line; all of FILE or nothing.

    \b
      {"id": "batch-7", "at": "2026-11-20T14:30:00Z", "model": "claude-opus-5-5",
       "session": "s1", "skill": "mapper", "usage": {"input_tokens": 9000, "output_tokens": 700}}
      {"id": "fix-1", "of": "batch-7", "nanousd": -2000000, "note": "credited by the provider"}

    Each object stands on one line. `nanousd`, `tokens` (weighted) and `messages` are taken as given, else
    worked out from `usage`, whose other fields are cache_read_tokens, cache_write_5m_tokens and
    cache_write_1h_tokens. A line with `of` corrects what was posted before by its amounts. An id counts once:
    importing a file again changes nothing.
    """
    text, findings = read_text(file)
    read = read_usage(text, str(file), _priced) if text is not None else Read((), ())
    findings = [*findings, *read.findings]
    new = 0
    if not findings:
        with opened(store_url) as store, closing(Ledger(store, wiring.now_us)) as ledger:
            new, problems = ledger.import_all([command for _, command in read.commands]).result()
        findings = [
            Finding(
                str(file), line, "", problem, "Mend the line; nothing was imported", "error", "usage-conflict"
            )
            for (line, _), problem in zip(read.commands, problems, strict=True)
            if problem
        ]
    if findings:
        report = Report(1, tuple(findings))
        click.echo(findings_json(report) if as_json_ else as_text(report), err=not as_json_)
        raise SystemExit(1)
    counts = {"lines": len(read.commands), "new": new}
    known = counts["lines"] - counts["new"]
    text = f"{counts['new']:,} new entries from {counts['lines']:,} lines; {known:,} were known already."
    click.echo(json.dumps(counts) if as_json_ else text)


@command.command("rebuild")
@store_option
@json_option
def rebuild(store_url: str | None, as_json_: bool) -> None:
    """Make every balance again from the entries, and compare with their plain sums; exit 1 if any differs.

    Balances are never stored, so there is nothing to repair: this shows that what budgets are held against is
    what was written.
    """
    with opened(store_url) as store:
        counted = recount(entry for _, entry in store.entries())
    click.echo(json.dumps(asdict(counted), indent=2) if as_json_ else _as_text(counted))
    if counted.differences:
        raise SystemExit(1)


@command.command("prune")
@click.option(
    "--before",
    "before_us",
    type=MOMENT,
    metavar="WHEN",
    required=True,
    help=f"Remove what is older; at least {KEPT_DAYS} days ago: 60d, 2026-06-01 (local time).",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
@json_option
def prune(before_us: int, yes: bool, store_url: str | None, as_json_: bool) -> None:
    """Remove old records of calls and entries of money, for good; shows what would go, and asks.

    Whatever a budget may still count stays: the last 35 days, sessions in use since then, reservations that
    are open, and entries written after such a one. An id that was removed is new when it comes again.
    With --json nothing is asked: without --yes nothing is removed.
    """
    now_us = wiring.now_us()
    if before_us > latest_us(now_us):
        latest = local_minute(latest_us(now_us))
        problem = f"budgets still count what is younger than {KEPT_DAYS} days; the latest allowed is {latest}"
        raise click.BadParameter(problem, param_hint="--before")
    with opened(store_url) as store:
        cut = planned(store, before_us, now_us)
        old = store.prunable(cut)
        if not as_json_:
            click.echo(_to_prune(cut, old))
        wanted = any(old) and (yes or (not as_json_ and click.confirm("Remove them for good?", abort=True)))
        gone = store.prune(cut) if wanted else Pruned(0, 0)
    if as_json_:
        found = {"before_us": before_us, "old": old._asdict(), "removed": gone._asdict()}
        click.echo(json.dumps(found | {"stopped": cut.stopped}, indent=2))
    elif wanted:
        click.echo(f"Removed {gone.entries:,} entries and {gone.executions:,} records of calls.")


def _to_prune(cut: Cut, old: Pruned) -> str:
    counts = f"{old.entries:,} entries and {old.executions:,} records of calls"
    text = f"Before {local_minute(cut.before_us)}: {counts} may go."
    return f"{text}\nOlder entries stay, as {cut.stopped}." if cut.stopped else text


def _as_text(counted: Recount) -> str:
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(counted.kinds.items()))
    lines = [
        f"{counted.entries:,} entries{f': {kinds}' if kinds else ''}",
        f"{counted.open_holds:,} open holds, ${counted.pending.nanousd / NANO_PER_USD:,.4f} pending",
        f"${counted.posted.nanousd / NANO_PER_USD:,.4f} and {counted.posted.tokens:,} weighted tokens posted "
        f"in {counted.posted.messages:,} messages",
        f"{counted.balances:,} balances made again: {len(counted.differences):,} differ",
    ]
    return "\n".join([*lines, *counted.differences])


def _as_jsonl(entries: Iterator[Numbered]) -> Iterator[str]:
    for seq, entry in entries:
        yield json.dumps({"seq": seq, **asdict(entry)}, ensure_ascii=False)


def _as_csv(entries: Iterator[Numbered]) -> Iterator[str]:
    """A heading and one line an entry; text that a spreadsheet would run as a formula starts with `'`."""
    heading: list[str] = []
    for seq, entry in entries:
        flat = {"seq": seq, **_flat(asdict(entry))}
        if not heading:
            heading = list(flat)
            yield _csv_line(heading)
        yield _csv_line([_cell(value) for value in flat.values()])


def _flat(fields: dict[str, object]) -> dict[str, object]:
    """`{"tags": {"run": 1}}` as `{"tags_run": 1}`."""
    flat: dict[str, object] = {}
    for name, value in fields.items():
        inner = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name}_{part}" if part else name: deeper for part, deeper in inner.items()}
    return flat


def _csv_line(cells: list[str] | list[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _priced(model: str, usage: Usage, at: datetime) -> tuple[str | None, int | None]:
    """Tier and cost by the catalog, with the user's own prices over it."""
    catalog = wiring.load_catalog()
    price = catalog.price_at(model, wiring.day_of(int(at.timestamp() * 1_000_000)))
    return catalog.tier_of(model), cost_nanousd(usage, price)
