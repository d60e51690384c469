"""The session summary as text in the shape of A§5.2, and as JSON.

The first four columns are the seed's; calls and the share of the prompt that came from the cache follow.
Sums of dollars leave out calls without a known price; a `?` marks where, and a note says how many.

Source: seed A§5.2; rules.md section 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tierwise.core.figures import clipped, counted, dollars, printable
from tierwise.core.prices import usd
from tierwise.core.records import timestamp
from tierwise.core.summaries import Comparison, Counts, Row, Summary
from tierwise.core.tiers import BUILT_IN
from tierwise.core.usage import Usage

NO_SKILL: Final = "(no skill)"
HEADINGS: Final = ("Skill", "Model", "Tokens", "Cost", "Calls", "Cached")
LEFT_COLUMNS: Final = 2
SKILL_WIDTH: Final = 40
MODEL_WIDTH: Final = 24
GAP: Final = "  "


def summary_text(summary: Summary, subject: str = "") -> str:
    """The report, lines without trailing space; `subject` says what it covers, in the title."""
    title = f"Session Token Summary{GAP}{printable(subject)}".rstrip()
    sections = [
        _table(summary, title),
        _section("Routing savings (estimates: the same tokens at other prices):", _savings(summary)),
        _section("Budget status:", [printable(line) for line in summary.budgets]),
        _section("Routing:", _routing(summary)),
        _section("Notes:", _notes(summary)),
    ]
    return "\n\n".join(section for section in sections if section)


def summary_json(summary: Summary) -> dict[str, object]:
    """The summary as JSON values with stable keys; dollars as floats, times as in a record."""
    return {
        "calls": summary.total.calls,
        "sessions": summary.sessions,
        "first": None if summary.first_us is None else timestamp(summary.first_us),
        "last": None if summary.last_us is None else timestamp(summary.last_us),
        "rows": [{"skill": row.skill, "model": row.model, **_row_json(row)} for row in summary.rows],
        "total": _row_json(summary.total),
        "unpriced_models": dict(summary.unpriced),
        "savings": {
            "against_asked": _comparison_json(summary.against_asked),
            "auxiliary": {"calls": summary.auxiliary_moved, **_comparison_json(summary.auxiliary)},
            "if_all": {entry.tier: _comparison_json(entry) for entry in summary.if_all},
        },
        "moved": summary.moved,
        "downgraded": summary.downgraded,
        "mismatched": summary.mismatched,
        "failed": summary.failed,
        "steered": summary.steered,
        "usage_estimated": summary.usage_estimated,
        "rules": dict(summary.by_rule),
        "zones": dict(summary.by_zone),
        "budget_status": list(summary.budgets),
    }


def _row_json(row: Row) -> dict[str, object]:
    usage = row.usage
    return {
        "calls": row.calls,
        "tokens": {
            "input": usage.prompt_tokens,
            "output": usage.output_tokens,
            "total": usage.total_tokens,
            "cache_read": usage.cache_read_tokens,
            "cache_write_5m": usage.cache_write_5m_tokens,
            "cache_write_1h": usage.cache_write_1h_tokens,
        },
        "cost_usd": usd(row.cost_nanousd) if row.unpriced_calls < row.calls or not row.calls else None,
        "unpriced_calls": row.unpriced_calls,
    }


def _comparison_json(entry: Comparison) -> dict[str, object]:
    return {
        "would_cost_usd": usd(entry.would_nanousd),
        "actual_usd": usd(entry.actual_nanousd),
        "saved_usd": usd(entry.saved_nanousd),
        "saved_pct": entry.saved_percent,
        "calls_left_out": entry.calls_left_out,
        "premium": entry.premium or None,
    }


def _table(summary: Summary, title: str) -> str:
    rows = [_cells(row.skill or NO_SKILL, row) for row in summary.rows]
    total = _cells("Total", summary.total)
    lines = (HEADINGS, *rows, total)
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    width = sum(widths) + len(GAP) * (len(widths) - 1)
    return "\n".join(
        [
            title,
            "━" * width,
            _line(HEADINGS, widths),
            "─" * width,
            *(_line(row, widths) for row in rows),
            "─" * width,
            _line(total, widths),
        ]
    )


def _cells(name: str, row: Row) -> tuple[str, ...]:
    return (
        clipped(name, SKILL_WIDTH),
        clipped(row.model, MODEL_WIDTH),
        f"{row.usage.total_tokens:,}",
        _cost(row),
        f"{row.calls:,}",
        _cached(row.usage),
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:LEFT_COLUMNS], widths, strict=False)]
    right = [
        cell.rjust(width) for cell, width in zip(cells[LEFT_COLUMNS:], widths[LEFT_COLUMNS:], strict=True)
    ]
    return GAP.join(left + right).rstrip()


def _cost(row: Row) -> str:
    if not row.unpriced_calls:
        return dollars(row.cost_nanousd)
    return "?" if row.unpriced_calls == row.calls else f"{dollars(row.cost_nanousd)} + ?"


def _cached(usage: Usage) -> str:
    return f"{usage.cache_read_tokens / usage.prompt_tokens:.0%}" if usage.prompt_tokens else ""


def _savings(summary: Summary) -> list[str]:
    """The main figure, then every tier that somebody named or that is not premium."""
    if summary.total.calls == summary.total.unpriced_calls:
        return []
    shown = [entry for entry in summary.if_all if entry.named or entry.tier not in BUILT_IN.premium]
    width = max((len(f"If all {entry.tier}:") for entry in shown), default=0)
    return [_against_asked(summary), *_auxiliary(summary), *(_if_all(entry, width) for entry in shown)]


def _against_asked(summary: Summary) -> str:
    entry = summary.against_asked
    percent = (entry.saved_percent or "").lstrip("-")
    share = f" ({percent})" if percent and entry.saved_nanousd else ""
    if entry.saved_nanousd < 0:
        words = f"Cost ~{dollars(-entry.saved_nanousd)}{share} more than what was asked"
    else:
        words = f"Saved ~{dollars(entry.saved_nanousd)}{share} against what was asked"
    moved = f"{summary.moved:,} of {counted(summary.total.calls, 'call')} moved to another tier"
    return f"{words}; {moved}{_left_out(entry)}"


def _auxiliary(summary: Summary) -> list[str]:
    """What of it came from titles and summaries; nothing if none was moved."""
    entry = summary.auxiliary
    if not summary.auxiliary_moved:
        return []
    saved = dollars(abs(entry.saved_nanousd))
    words = f"~{saved} more" if entry.saved_nanousd < 0 else f"~{saved}"
    calls = counted(summary.auxiliary_moved, "call")
    return [f"of that, titles and summaries: {words}; {calls} moved{_left_out(entry)}"]


def _if_all(entry: Comparison, width: int) -> str:
    name = printable(f"If all {entry.tier}:").ljust(width)
    if entry.saved_nanousd < 0:
        result = f"{entry.premium} premium".lstrip() + f": {dollars(-entry.saved_nanousd)}"
    else:
        result = f"saved: {entry.saved_percent or dollars(0)}"
    would, actual = dollars(entry.would_nanousd), dollars(entry.actual_nanousd)
    return f"{name} {would} → actual: {actual} → {result}{_left_out(entry)}"


def _left_out(entry: Comparison) -> str:
    return f" [{counted(entry.calls_left_out, 'call')} left out: no price]" if entry.calls_left_out else ""


def _routing(summary: Summary) -> list[str]:
    lowered, steered = counted(summary.downgraded, "call"), counted(summary.steered, "request")
    return [
        *(
            f"{label}: {printable(_counts(counts))}"
            for label, counts in (("Decided by", summary.by_rule), ("Zones", summary.by_zone))
            if counts
        ),
        *([f"Below the tier that was wished for: {lowered}"] if summary.downgraded else []),
        *([f"Led to another model by the client's own fallbacks: {steered}"] if summary.steered else []),
    ]


def _counts(counts: Counts) -> str:
    return " · ".join(f"{word} {number:,}" for word, number in counts)


def _notes(summary: Summary) -> list[str]:
    """What a reader must know to trust the figures; nothing if all is well."""
    models = printable(_counts(summary.unpriced))
    notes = (
        (summary.total.unpriced_calls, f"without a known price, not in the dollars: {models}"),
        (summary.mismatched, "answered by another model than decided; see `tierwise audit`"),
        (summary.failed, "failed"),
        (summary.usage_estimated, "with estimated usage: the provider did not report it in full"),
    )
    return [f"{counted(number, 'call')} {words}" for number, words in notes if number]


def _section(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([heading, *(f"{GAP}{line}" for line in lines)]) if lines else ""
