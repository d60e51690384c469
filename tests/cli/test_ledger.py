"""`tierwise ledger`: what a person sees of the ledger of money, and what they can put into it."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner, Result

from ledger_samples import execution
from tierwise import wiring
from tierwise.cli import main
from tierwise.cli.moments import local_minute
from tierwise.core.entries import Charge, Purse, Reserve, Tags
from tierwise.core.windows import DAY_US
from tierwise.store.ledger import Ledger
from tierwise.store.sqlite import SqliteStore

AT_US = 1_795_000_000_000_000
USAGE = {
    "id": "batch-7",
    "at": "2026-11-20T14:30:00Z",
    "model": "claude-opus-5-5",
    "session": "s1",
    "usage": {"input_tokens": 1_000, "output_tokens": 100},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    tags = Tags(session="=s1", model="opus-5", tier="opus")
    with closing(SqliteStore(path)) as store, closing(Ledger(store, lambda: AT_US)) as ledger:
        for id in ("a", "b"):
            ledger.reserve(Reserve(id, tags, Charge(5_000, 50, 1), (), AT_US * 2)).result(10)
        ledger.settle("a", Charge(4_000, 40, 1), tags).result(10)
    return path


def run(path: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["ledger", *words, "--store", f"sqlite:{path}"])


def imported(path: Path, *lines: object, words: tuple[str, ...] = ("--json",)) -> Result:
    file = path.parent / "usage.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return run(path, "import", str(file), *words)


def posted(path: Path) -> int:
    purse = Purse("all", "all", "", "usd", None)
    with closing(SqliteStore(path)) as store, closing(Ledger(store, lambda: AT_US)) as ledger:
        return ledger.peek([purse])[0].posted


def test_verify_says_that_all_is_sound(path: Path) -> None:
    found = run(path, "verify")
    assert found.exit_code == 0
    assert found.output.startswith("3 entries, all sound.")
    assert json.loads(run(path, "verify", "--json").output)["broken_seq"] is None


def test_verify_names_the_first_changed_entry_and_fails(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as database:
        database.execute("DROP TRIGGER entry_is_never_changed")
        database.execute("UPDATE entry SET record = replace(record, '50', '51') WHERE seq = 2")

    found = run(path, "verify")
    assert found.exit_code == 1
    assert "entry 2: its text or its hash was changed" in found.output
    assert json.loads(run(path, "verify", "--json").output)["broken_seq"] == 2


def test_export_streams_every_entry_as_json(path: Path) -> None:
    entries = [json.loads(line) for line in run(path, "export").output.splitlines()]
    assert [(entry["seq"], entry["kind"], entry["hold"]) for entry in entries] == [
        (1, "reserve", "a"),
        (2, "reserve", "b"),
        (3, "post", "a"),
    ]
    assert entries[2]["posted"] == {"nanousd": 4_000, "tokens": 40, "messages": 1}


def test_export_since_a_moment_has_what_was_written_since_then(path: Path) -> None:
    assert run(path, "export", "--since", "2026-11-17").output.count("\n") == 3
    assert run(path, "export", "--since", "2027-01-01").output == ""


def test_exported_csv_runs_no_formula(path: Path) -> None:
    rows = list(csv.DictReader(run(path, "export", "--format", "csv").output.splitlines()))
    assert rows[2]["posted_nanousd"] == "4000"
    assert rows[2]["tags_session"] == "'=s1"


def test_imported_usage_is_priced_counted_and_counts_once(path: Path) -> None:
    assert json.loads(imported(path, USAGE).output) == {"lines": 1, "new": 1}
    after = posted(path)
    assert after == 4_000 + 1_000 * 4_000 + 100 * 20_000  # $4 and $20 per million tokens

    assert json.loads(imported(path, USAGE).output) == {"lines": 1, "new": 0}
    assert posted(path) == after


def test_a_correction_changes_what_was_posted_by_its_amount(path: Path) -> None:
    fix = {"id": "fix-1", "of": "a", "nanousd": -1_500, "note": "credited"}
    assert "1 new entries from 1 lines" in imported(path, fix, words=()).output
    assert posted(path) == 2_500


def test_every_bad_line_is_named_and_nothing_is_imported(path: Path) -> None:
    found = imported(
        path,
        USAGE,
        {**USAGE, "id": "no-zone", "at": "2026-11-20T14:30:00"},
        "{",
        {**USAGE, "id": "typo", "sesion": "x"},
        {**USAGE, "id": "unpriced", "model": "nobody-knows"},
        {**USAGE, "id": "negative", "nanousd": -1},
        {"id": "both", "of": "a", "at": "2026-11-20T14:30:00Z"},
    )
    assert found.exit_code == 1
    assert [finding["line"] for finding in json.loads(found.output)["findings"]] == [2, 3, 4, 5, 6, 7]
    assert posted(path) == 4_000


def test_a_line_that_contradicts_the_ledger_is_named_and_nothing_is_imported(path: Path) -> None:
    found = imported(path, USAGE, {**USAGE, "id": "a"}, {"id": "fix", "of": "nobody", "nanousd": 1}, words=())
    assert found.exit_code == 1
    assert "usage.jsonl:2" in found.output
    assert "used for something else" in found.output
    assert "usage.jsonl:3" in found.output
    assert posted(path) == 4_000


def test_a_rebuild_makes_every_balance_again_and_finds_no_difference(path: Path) -> None:
    found = run(path, "rebuild")
    assert found.exit_code == 0
    assert "3 entries: 1 post, 2 reserve" in found.output
    assert "1 open holds" in found.output
    assert "0 differ" in found.output
    assert json.loads(run(path, "rebuild", "--json").output)["posted"]["nanousd"] == 4_000


OLD_US = AT_US - 100 * DAY_US
OLD_CALLS = ("before", "before-2")


@pytest.fixture
def aged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two calls of 100 days ago and one of today."""
    path = tmp_path / "aged.sqlite"
    monkeypatch.setattr(wiring, "now_us", lambda: AT_US)
    clock_us = OLD_US
    with closing(SqliteStore(path)) as store, closing(Ledger(store, lambda: clock_us)) as ledger:
        for id in (*OLD_CALLS, "today"):
            clock_us = OLD_US if id in OLD_CALLS else AT_US
            tags = Tags(session=id, tier="opus")
            ledger.reserve(Reserve(id, tags, Charge(5_000, 50, 1), (), AT_US * 2)).result(10)
            ledger.settle(
                id, Charge(4_000, 40, 1), tags, execution(id=id, session=id, at_us=clock_us)
            ).result(10)
    return path


def test_prune_shows_what_would_go_and_asks(aged: Path) -> None:
    words = ["ledger", "prune", "--before", "60d", "--store", f"sqlite:{aged}"]
    refused = CliRunner().invoke(main, words, input="n\n")
    assert refused.exit_code == 1
    assert "4 entries and 2 records of calls may go." in refused.output
    assert run(aged, "verify").output.startswith("6 entries, all sound.")

    agreed = CliRunner().invoke(main, words, input="y\n")
    assert agreed.exit_code == 0
    assert "Removed 4 entries and 2 records of calls." in agreed.output
    assert run(aged, "verify").output.startswith("2 entries after the 4 that were pruned, all sound.")
    assert json.loads(run(aged, "verify", "--json").output)["pruned"] == 4


def test_prune_with_yes_asks_nothing_and_finds_nothing_the_second_time(aged: Path) -> None:
    assert "Removed 4 entries" in run(aged, "prune", "--before", "35d", "--yes").output

    again = run(aged, "prune", "--before", "35d")
    assert again.exit_code == 0
    assert "0 entries and 0 records of calls may go." in again.output
    assert run(aged, "rebuild").exit_code == 0
    assert len(run(aged, "export").output.splitlines()) == 2


def test_prune_for_programs_never_asks_and_removes_only_with_yes(aged: Path) -> None:
    nothing, all_old = {"entries": 0, "executions": 0}, {"entries": 4, "executions": 2}
    for words, removed in (((), nothing), (("--yes",), all_old)):
        found = run(aged, "prune", "--before", "60d", "--json", *words)
        said = json.loads(found.output)
        assert (found.exit_code, said["old"], said["removed"]) == (0, all_old, removed)
        assert (said["before_us"], said["stopped"]) == (AT_US - 60 * DAY_US, "")


def test_prune_says_what_keeps_older_entries(aged: Path) -> None:
    with closing(SqliteStore(aged)) as store, closing(Ledger(store, lambda: AT_US)) as ledger:
        ledger.reserve(Reserve("x", Tags(session="before-2"), Charge(1), (), AT_US * 2)).result(10)

    said = run(aged, "prune", "--before", "60d", "--yes").output
    assert "Older entries stay, as entry 3 belongs to the session `before-2`" in said
    assert "Removed 2 entries" in said


@pytest.mark.parametrize("when", ["34d", "now", "today"])
def test_prune_refuses_what_budgets_still_count_and_names_the_latest_moment(aged: Path, when: str) -> None:
    refused = run(aged, "prune", "--before", when, "--yes")
    assert refused.exit_code == 2
    assert local_minute(AT_US - 35 * DAY_US) in " ".join(refused.output.replace("│", " ").split())
    assert run(aged, "verify").output.startswith("6 entries")


def test_prune_removes_nothing_from_a_damaged_ledger(aged: Path) -> None:
    with closing(apsw.Connection(str(aged))) as database:
        database.execute("DROP TRIGGER entry_is_never_changed")
        database.execute("UPDATE entry SET record = replace(record, '50', '51') WHERE seq = 6")

    refused = run(aged, "prune", "--before", "60d", "--yes")
    assert refused.exit_code == 1
    assert "damaged" in refused.output
