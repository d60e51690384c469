"""Doctor at the files and the ledger: what is wrong in either, and what the last day's calls show.

Source: rules.md sections 1, 3 and 11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from tierwise import wiring
from tierwise.cli.budget_views import budgets_path, defined
from tierwise.cli.doctor_gateway import Found
from tierwise.cli.doctor_lines import Line, State
from tierwise.core.figures import counted
from tierwise.core.ledger import Execution
from tierwise.core.records import charged_to
from tierwise.core.windows import DAY_US
from tierwise.errors import StoreError
from tierwise.files.findings import Finding
from tierwise.router.config_findings import findings_of
from tierwise.store.log import Storage

MOST_CALLS: Final = 50_000
"""The newest calls of the last day that are looked at."""
WALKED_BYTES: Final = 64 * 1024 * 1024
"""A larger ledger is not walked here: it would take more than a few seconds."""
SQLITE: Final = "sqlite:"


def file_lines(project: Path) -> Iterator[Line]:
    """The configuration and the budgets, as they are read for this project."""
    config = wiring.configuration(project)
    day = wiring.day_of(wiring.now_us())
    findings = [*wiring.catalog_findings(), *findings_of(config, wiring.load_catalog(), day)]
    remedy = "tierwise config show says what is in force, tierwise config explain KEY why"
    yield _found("files", "configuration", findings, remedy)
    budgets = defined(project)
    text = f"{counted(len(budgets.budgets), 'budget')} can be read"
    line = _found("files", "budgets", list(budgets.findings), f"Mend {budgets_path()}", text)
    yield line if line.state == "ok" else _not_in_force(line)


def _not_in_force(line: Line) -> Line:
    text = f"{line.text} A gateway does not start with such a file."
    return Line(line.section, line.name, "fail", text, line.remedy, line.facts)


def _found(section: str, name: str, findings: list[Finding], remedy: str, good: str = "") -> Line:
    """The findings as one line: a failure if one of them is an error."""
    if not findings:
        return Line(section, name, "ok", good or "nothing is wrong")
    worst = sorted(findings, key=lambda finding: finding.severity != "error")
    facts = {"findings": [str(finding) for finding in findings]}
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    state: State = "fail" if worst[0].severity == "error" else "warn"
    return Line(section, name, state, f"{worst[0]}{more}", remedy, facts)


# -- the ledger --------------------------------------------------------------------------------------------


def ledger_lines(found: Found, store_url: str | None) -> Iterator[Line]:
    """The ledger that was named, else the gateway's, else the usual one."""
    said = str(found.about.get("store", ""))
    url = store_url or (said if said.startswith(SQLITE) else None)
    if store_url is None and said and not said.startswith(SQLITE):
        if said != "memory":
            text = f"not looked at: {said} needs its credentials"
            yield Line("ledger", "ledger", "warn", text, "tierwise doctor --store URL")
        return
    path = _path_of(url or wiring.store_name(None))
    if path is not None and not path.exists():
        text = f"none yet at {path}: it begins with the first call"
        yield Line("ledger", "ledger", "ok", text)
        return
    try:
        with closing(wiring.open_store(url)) as store:
            yield from _day(store)
            yield _verified(store, path)
    except StoreError as error:
        yield Line("ledger", "ledger", "fail", str(error), "Mend that first: no call can be recorded")


def _path_of(url: str) -> Path | None:
    """The file of a SQLite ledger; None for another store."""
    return Path(url.removeprefix(SQLITE).removeprefix("//")).expanduser() if url.startswith(SQLITE) else None


def _day(store: Storage) -> Iterator[Line]:
    """What the last day's calls show."""
    calls = list(store.executions(since_us=wiring.now_us() - DAY_US, last=MOST_CALLS))
    failed = [call for call in calls if call.outcome in ("error", "unreachable", "cut")]
    text = f"{counted(len(calls), 'call')} in the last day, {len(failed)} failed or broke off"
    yield Line("ledger", "calls", "ok", text, facts={"calls": len(calls), "failed": len(failed)})
    pairs = _most((call.decided_model, call.served_model) for call in calls if call.mismatch)
    if pairs:
        (decided, served), number = pairs[0]
        wrong = counted(sum(count for _, count in pairs), "call")
        text = (
            f"{wrong} answered by another model than was decided, most ({number}) by {served} for {decided}"
        )
        remedy = "tierwise audit shows them; the provider, or a proxy before it, changes the model"
        facts = {"pairs": [{"decided": one, "served": other, "calls": n} for (one, other), n in pairs]}
        yield Line("ledger", "mismatches", "warn", text, remedy, facts)
    else:
        yield Line("ledger", "mismatches", "ok", "none: what was decided is what answered")
    yield _unpriced(calls)


def _unpriced(calls: list[Execution]) -> Line:
    """Calls that used tokens and have no price: no budget in dollars counts them."""
    without = (call for call in calls if call.cost_nanousd is None and call.usage.total_tokens)
    models = _most((charged_to(call)[1],) for call in without)
    if not models:
        return Line("ledger", "prices", "ok", "every call has a price")
    names = ", ".join(name for (name,), _ in models[:3])
    text = f"{counted(sum(count for _, count in models), 'call')} without a known price: {names}"
    remedy = f"Name its price in {wiring.home_dir() / 'prices.yaml'}; until then no budget counts it"
    return Line("ledger", "prices", "warn", text, remedy, {"models": {name: n for (name,), n in models}})


def _most(values: Iterable[tuple[str, ...]]) -> list[tuple[tuple[str, ...], int]]:
    return Counter(values).most_common()


def _verified(store: Storage, path: Path | None) -> Line:
    """Whether the chain of hashes holds, where walking it takes no longer than a few seconds."""
    size = path.stat().st_size if path is not None else None
    if size is None or size > WALKED_BYTES:
        return Line("ledger", "chain", "ok", "not walked here: tierwise ledger verify walks all of it")
    verdict = store.verify()
    if not verdict.problem:
        text = f"{verdict.entries:,} {'entry' if verdict.entries == 1 else 'entries'}, all sound"
        return Line("ledger", "chain", "ok", text, facts={"entries": verdict.entries, "head": verdict.head})
    remedy = "Keep the file and restore a copy; tierwise ledger verify says more"
    return Line("ledger", "chain", "fail", verdict.problem, remedy, {"broken_seq": verdict.broken_seq})
