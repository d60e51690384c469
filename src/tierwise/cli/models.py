"""`tierwise models`: which models are known, on which tier they stand, and what they cost.

Without arguments: the model that each tier means on each platform today. With a platform or a tier: all that
still answer there. With names: those models, wherever they are listed.

Source: rules.md section 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import click

from tierwise import wiring
from tierwise.cli.findings_output import printable
from tierwise.core.prices import Price, Rates
from tierwise.core.tiers import BUILT_IN, Ladder, ladder_of
from tierwise.files.findings import did_you_mean

if TYPE_CHECKING:
    from rich.table import Table

    from tierwise.catalog.listings import Listing
    from tierwise.catalog.models import Catalog

CLASSES: Final = {
    "input": "In",
    "output": "Out",
    "cache_read": "Read",
    "cache_write_5m": "Write",
    "cache_write_1h": "1h",
}
"""Price class → its heading. A short cache write lasts 5 minutes (at OpenAI 30), a long one an hour."""
PIPE_WIDTH: Final = 200
"""Columns when the output is no terminal: wide enough that no line is folded."""
UNKNOWN: Final = "–"


@click.command("models")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--platform", metavar="P", help="Only this platform, such as claude_code or codex.")
@click.option("--tier", metavar="T", help="Only this tier, such as haiku or light.")
@click.option("--all", "everything", is_flag=True, help="Also models that no longer answer.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def command(
    names: tuple[str, ...], platform: str | None, tier: str | None, everything: bool, as_json: bool
) -> None:
    """Show which model each tier means, and what the models cost.

    \b
    Examples:
      tierwise models                            what each tier means, on each platform
      tierwise models --platform codex           every model of one platform
      tierwise models claude-opus-5-5 --json     one model, wherever it is listed
    """
    catalog, day = wiring.load_catalog(), _today()
    picked = _picked(catalog, day)
    if names:
        rows = _named(catalog, names, platform)
    else:
        chosen = catalog.listings if everything or platform or tier else picked
        rows = [listing for listing in chosen if everything or listing.served(day)]
    rows = _filtered(catalog, rows, platform, tier)
    if as_json:
        click.echo(json.dumps(_document(rows, picked, day), indent=2))
    else:
        _print_tables(rows, picked, day)
    _report_findings()


def _today() -> str:
    return datetime.fromtimestamp(wiring.now_us() / 1_000_000, UTC).date().isoformat()


def _ladder(catalog: Catalog) -> Ladder:
    """The built-in rungs, and after them those that the user's own prices name."""
    own = {listing.model.tier for listing in catalog.listings} - {rung.name for rung in BUILT_IN.rungs}
    names = [rung.name for rung in BUILT_IN.rungs] + sorted(tier for tier in own if tier)
    return ladder_of(tuple(names), BUILT_IN.premium)


def _picked(catalog: Catalog, day: str) -> list[Listing]:
    """The listing that each tier means on each platform, in the order of platforms and tiers."""
    ladder, picked = _ladder(catalog), []
    for platform in catalog.platforms:
        cards = [cards[0] for cards in catalog.candidates(platform, ladder, {}, day).values()]
        picked += [listing for card in cards if (listing := catalog.find(card.id, platform))]
    return picked


def _named(catalog: Catalog, names: Iterable[str], platform: str | None) -> list[Listing]:
    """What the names mean; ClickException (exit 1) for names that mean nothing, all at once."""
    platforms = [platform] if platform else list(catalog.platforms)
    rows: dict[int, Listing] = {}
    problems = []
    for name in names:
        found = [listing for each in platforms if (listing := catalog.find(name, each))]
        rows |= {id(listing): listing for listing in found}
        if not found:
            problems.append(_unknown(catalog, name, platform))
    if problems:
        raise click.ClickException("\n".join(problems))
    return list(rows.values())


def _unknown(catalog: Catalog, name: str, platform: str | None) -> str:
    close = did_you_mean(name, [x.id for x in catalog.listings if platform in (None, x.platform)])
    place = f" of {platform}" if platform else ""
    hint = f"did you mean `{close}`?" if close else "`tierwise models --all` lists them."
    return printable(f"`{name}` is not a known model{place}; {hint}")


def _filtered(
    catalog: Catalog, rows: Iterable[Listing], platform: str | None, tier: str | None
) -> list[Listing]:
    if platform is not None and platform not in catalog.platforms:
        raise click.BadParameter(_not_one_of(platform, tuple(catalog.platforms)), param_hint="--platform")
    rung = _ladder(catalog).get(tier) if tier else None
    if tier and rung is None:
        raise click.BadParameter(_not_one_of(tier, _ladder(catalog).words()), param_hint="--tier")
    return [x for x in rows if platform in (None, x.platform) and (rung is None or x.model.tier == rung.name)]


def _not_one_of(word: str, known: tuple[str, ...]) -> str:
    close = did_you_mean(word, known)
    hint = f"did you mean `{close}`?" if close else f"known: {', '.join(known)}"
    return printable(f"`{word}` is not known; {hint}")


def _document(rows: Sequence[Listing], picked: Sequence[Listing], day: str) -> dict[str, Any]:
    """`{day, models: […], findings: […]}`; money in USD per million tokens, null where it is not known."""
    from dataclasses import asdict

    findings = [asdict(finding) for finding in wiring.catalog_findings()]
    return {"day": day, "models": [_record(x, x in picked, day) for x in rows], "findings": findings}


def _record(listing: Listing, picked: bool, day: str) -> dict[str, Any]:
    card, model = listing.card(day), listing.model
    price = card.price or Price(Rates())
    long = {"above_tokens": price.long_prompt_tokens, "usd_per_mtok": _usd_by_class(price.long)}
    return {
        "tier": card.tier,
        "model": card.id,
        "platform": card.platform,
        "picked": picked,
        "family": card.family,
        "window_tokens": card.window_tokens,
        "max_output_tokens": card.max_output_tokens,
        "released": model.released or None,
        "retired": model.retired or None,
        "usd_per_mtok": _usd_by_class(price.base),
        "long_prompt": long if price.long else None,
        "since": price.since or None,
        "source": price.source or None,
    }


def _usd_by_class(rates: Rates | None) -> dict[str, float | None]:
    found = {name: getattr(rates, name, None) for name in CLASSES}
    return {name: None if rate is None else rate / 1_000_000 for name, rate in found.items()}


def _print_tables(rows: Sequence[Listing], picked: Sequence[Listing], day: str) -> None:
    """A table for each platform, then what the columns mean and where the prices come from."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    with console.capture() as capture:
        for platform in dict.fromkeys(listing.platform for listing in rows):
            here = [listing for listing in rows if listing.platform == platform]
            console.print(_table(platform, here, picked, day))
            console.print()
        for line in _legend(rows, day):
            console.print(line, style="dim", markup=False)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _table(platform: str, rows: Sequence[Listing], picked: Sequence[Listing], day: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    dated = any(price.since for x in rows if (price := x.card(day).price))
    table = Table(
        title=platform,
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    table.add_column("  Tier")
    table.add_column("Model", overflow="fold")
    for heading in ("Window", *CLASSES.values(), "Long prompt"):
        table.add_column(heading, justify="right", no_wrap=True)
    if dated:
        table.add_column("Since", no_wrap=True)
    order = {rung.name: rung.rank for rung in BUILT_IN.rungs}
    for listing in sorted(rows, key=lambda x: order.get(x.model.tier or "", len(order))):
        mark, style = ("→ ", "") if listing in picked else ("  ", "dim")
        cells = [mark + printable(listing.model.tier or UNKNOWN), *_cells(listing, day)]
        table.add_row(*(Text(cell, style=style) for cell in (cells if dated else cells[:-1])))
    return table


def _cells(listing: Listing, day: str) -> list[str]:
    card = listing.card(day)
    price = card.price or Price(Rates())
    return [
        printable(card.id),
        _tokens(card.window_tokens),
        *(_usd(getattr(price.base, name)) for name in CLASSES),
        _step(price),
        price.since,
    ]


def _step(price: Price) -> str:
    if price.long is None:
        return ""
    return f"{_usd(price.long.input)}/{_usd(price.long.output)} > {_tokens(price.long_prompt_tokens)}"


def _usd(pico: int | None) -> str:
    """USD per million tokens, exact, with at least two decimals."""
    if pico is None:
        return UNKNOWN
    text = f"{Decimal(pico) / 1_000_000:f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _tokens(tokens: int | None) -> str:
    """`200K`, `1M`, `1.05M`; in full where it is no whole number of thousands."""
    if tokens is None:
        return UNKNOWN
    if tokens % 1_000:
        return f"{tokens:,}"
    return f"{tokens / 1_000_000:g}M" if tokens >= 1_000_000 else f"{tokens // 1_000}K"


def _legend(rows: Sequence[Listing], day: str) -> list[str]:
    """What the columns mean, then each source with the models that it priced, the commonest without."""
    by_source: dict[str, dict[str, None]] = {}
    for listing in rows:
        price = listing.card(day).price
        source = price.source.partition(": ")[0] if price else "no known price"
        by_source.setdefault(source, {})[listing.id] = None
    commonest = max(by_source, key=lambda source: len(by_source[source]), default="")
    rest = [f"        {source}: {', '.join(ids)}" for source, ids in by_source.items() if source != commonest]
    if not rows:
        return ["No model fits."]
    return [
        f"→ what the tier means on {day}; USD per million tokens.",
        "Read, write, 1h: the prompt cache. Long prompt: input/output of a call with a larger prompt.",
        f"Prices: {commonest}",
        *map(printable, rest),
    ]


def _report_findings() -> None:
    """What is wrong in the user's own prices goes to stderr; exit 1 if none of them could be used."""
    findings = wiring.catalog_findings()
    for finding in findings:
        click.echo(printable(str(finding)), err=True)
    if any(finding.severity == "error" for finding in findings):
        raise click.exceptions.Exit(1)
