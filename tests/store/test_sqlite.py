"""What the SQLite file promises beyond the contract: it survives, it refuses, it says what is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest
from click.testing import CliRunner

from ledger_samples import NOON_US, execution, numbered
from tierwise.cli import main
from tierwise.core.entries import Charge, Entry
from tierwise.errors import StoreError
from tierwise.store.sqlite import SqliteStore
from tierwise.store.sqlite_file import APPLICATION_ID, MIGRATIONS

CHILD = """
import sys
from pathlib import Path
from ledger_samples import execution
from tierwise.store.sqlite import SqliteStore

path, name, count = sys.argv[1:]
store = SqliteStore(Path(path))
print("ready", flush=True)
sys.stdin.readline()
for n in range(int(count)):
    batch = [execution(id=f"{name}-{n}-{k}") for k in range(3)]
    store.append(batch)
    for entry in batch:
        print(entry.id, flush=True)
store.close()
"""


def child(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that has opened the ledger, waits for a line, then writes and prints what is durable."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CHILD, str(path), name, str(count)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def stored(path: Path) -> list[str]:
    store = SqliteStore(path)
    found = [entry.id for entry in store.executions()]
    store.close()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_no_acknowledged_record_is_lost_or_doubled_by_kill_9(path: Path) -> None:
    acknowledged: list[str] = []
    for life in range(5):
        writing = child(path, f"life{life}", 100_000)
        assert writing.stdin is not None
        assert writing.stdout is not None
        go(writing)
        acknowledged += [writing.stdout.readline().strip() for _ in range(20 + 17 * life)]
        writing.send_signal(signal.SIGKILL)
        acknowledged += writing.stdout.read().split()
        writing.stdin.close()
        writing.stdout.close()
        assert writing.wait() == -signal.SIGKILL

        found = stored(path)
        complete = [name for name in acknowledged if name.count("-") == 2 and name[-1].isdigit()]
        assert set(complete) <= set(found)
        assert len(found) == len(set(found))
        assert len(found) % 3 == 0, "a batch is written whole or not at all"

    store = SqliteStore(path)
    assert store.append([execution(id=name) for name in found]) == 0
    store.close()


def test_two_processes_append_to_one_file(path: Path) -> None:
    both = [child(path, name, 200) for name in ("a", "b")]
    for process in both:
        go(process)
    printed = [process.communicate()[0].split() for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert sorted(stored(path)) == sorted(printed[0] + printed[1])
    assert len(printed[0] + printed[1]) == 1_200


class Dawdling:
    """A connection that lets the other threads run before each of its calls."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        time.sleep(0.0005)
        return getattr(self._connection, name)


def test_threads_take_turns_with_whole_transactions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(path)
    monkeypatch.setattr(store, "_db", Dawdling(store._db))
    with ThreadPoolExecutor(4) as pool:
        writes = [
            pool.submit(store.append, [execution(id=f"{n}-a"), execution(id=f"{n}-b")]) for n in range(20)
        ]
        reads = [pool.submit(lambda: len(list(store.executions()))) for _ in range(20)]

    assert [write.result() for write in writes] == [2] * 20
    assert all(read.result() % 2 == 0 for read in reads), "a reader never sees half of an append"
    store.close()


def test_what_was_written_is_there_after_opening_again(path: Path) -> None:
    store = SqliteStore(path)
    store.append(numbered(2))
    store.close()

    assert stored(path) == ["call-0", "call-1"]


REPLACE = """
    INSERT OR REPLACE INTO execution
    SELECT {seq}, {id}, at_us, session, run, agent, skill, project, key, model, tier, 0, 0, answered, record
    FROM execution
"""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE execution SET cost_nanousd = 0",
        "DELETE FROM execution",
        REPLACE.format(seq="seq", id="id"),
        REPLACE.format(seq="seq", id="'new-' || id"),
        REPLACE.format(seq="seq + 100", id="id"),
    ],
    ids=["update", "delete", "replace", "replace by number", "replace by id"],
)
def test_the_database_itself_refuses_to_change_or_lose_a_record(path: Path, statement: str) -> None:
    store = SqliteStore(path)
    store.append(numbered(3))
    store.close()
    outsider = apsw.Connection(str(path))
    before = outsider.execute("SELECT * FROM execution").fetchall()

    if "INSERT" in statement:
        outsider.execute(statement)
    else:
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            outsider.execute(statement)

    assert outsider.execute("SELECT * FROM execution").fetchall() == before
    outsider.close()


def test_the_folder_and_the_file_are_made_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state" / "ledger.sqlite"
    store = SqliteStore(path)
    store.append([execution()])

    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    store.close()


def test_the_file_is_durable_and_marked_as_ours(path: Path) -> None:
    store = SqliteStore(path)

    assert store._db.pragma("journal_mode") == "wal"
    assert store._db.pragma("synchronous") == 2
    assert store._db.pragma("application_id") == APPLICATION_ID
    assert store._db.pragma("user_version") == len(MIGRATIONS)
    store.close()


def test_a_failed_append_writes_nothing_and_the_store_goes_on(path: Path) -> None:
    store = SqliteStore(path)
    store.append([execution(id="first")])
    pages = store._db.pragma("page_count")
    store._db.pragma("max_page_count", pages + 2)

    with pytest.raises(StoreError, match=rf"write to the ledger {path}.*disk is full"):
        store.append(numbered(200))

    assert [entry.id for entry in store.executions()] == ["first"]
    store._db.pragma("max_page_count", pages + 10_000)
    assert store.append(numbered(200)) == 200
    store.close()


def test_another_process_that_holds_the_file_is_reported(path: Path) -> None:
    store = SqliteStore(path)
    store._db.set_busy_timeout(10)
    outsider = apsw.Connection(str(path))
    outsider.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="another process"):
        store.append([execution()])

    outsider.execute("ROLLBACK")
    assert store.append([execution()]) == 1
    outsider.close()
    store.close()


def test_a_file_that_only_allows_reading_is_reported(path: Path) -> None:
    store = SqliteStore(path)
    store._db.pragma("query_only", True)

    with pytest.raises(StoreError, match="read-only"):
        store.append([execution()])
    store.close()


def test_a_closed_store_says_so(path: Path) -> None:
    store = SqliteStore(path)
    store.close()

    with pytest.raises(StoreError, match="has been closed"):
        store.append([execution()])


def test_a_record_that_is_no_longer_readable_is_reported(path: Path) -> None:
    store = SqliteStore(path)
    store.append([execution()])
    store._db.execute("DROP TRIGGER execution_is_never_changed")
    store._db.execute("UPDATE execution SET record = '{\"id\": 7}'")

    with pytest.raises(StoreError, match="cannot be read"):
        list(store.executions())
    store.close()


def test_a_record_of_another_version_is_read_as_far_as_it_is_known(path: Path) -> None:
    store = SqliteStore(path)
    store.append([execution()])
    store._db.execute("DROP TRIGGER execution_is_never_changed")
    store._db.execute(
        "UPDATE execution SET record = json_set(json_remove(record, '$.user_words'), '$.of_the_future', 1)"
    )

    assert list(store.executions()) == [execution()]
    store.close()


def a_folder(path: Path) -> None:
    path.mkdir()


def a_text(path: Path) -> None:
    path.write_text("Dear diary, this is no database. " * 40)


def a_stranger(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()


def a_marked_stranger(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.pragma("application_id", 4711)
    other.close()


def a_newer_ledger(path: Path) -> None:
    SqliteStore(path).close()
    newer = apsw.Connection(str(path))
    newer.pragma("user_version", 99)
    newer.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (a_folder, "it is a folder"),
        (a_text, "not a SQLite database"),
        (a_stranger, "of another program"),
        (a_marked_stranger, "of another program"),
        (a_newer_ledger, "newer tierwise.*schema 99.*upgrade"),
    ],
)
def test_what_is_not_our_ledger_is_refused_and_left_as_it_was(path: Path, make, message: str) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(StoreError, match=message) as refused:
        SqliteStore(path)

    assert str(path) in str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot open the ledger"):
        SqliteStore(tmp_path / "file" / "ledger.sqlite")


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    path.touch()

    assert stored(path) == []


@pytest.mark.parametrize(
    ("table", "statement", "where"),
    [
        ("entry", "UPDATE entry SET record = cast(x'7bff' AS TEXT) WHERE seq = 2", (2, "")),
        ("entry", "UPDATE entry SET id = cast(x'80' AS TEXT) WHERE seq = 2", (2, "")),
        ("execution", "UPDATE execution SET record = cast(x'7bff' AS TEXT)", (0, "the record of the call a")),
        ("execution", "UPDATE execution SET skill = cast(x'80' AS TEXT)", (0, "differ in skill")),
    ],
)
def test_a_bit_that_leaves_no_text_is_found_and_told_apart(
    tmp_path: Path, table: str, statement: str, where: tuple[int, str]
) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(SqliteStore(path)) as store, store.exclusive() as turn:
        entries = [Entry(id, id, "import", NOON_US, NOON_US, posted=Charge(7)) for id in "abc"]
        turn.append(entries, [execution(id="a")])
    outsider = apsw.Connection(str(path))
    outsider.execute(f"DROP TRIGGER {table}_is_never_changed; {statement}")
    outsider.close()

    verified = CliRunner().invoke(main, ["ledger", "verify", "--json", "--store", f"sqlite:{path}"])

    verdict = json.loads(verified.output)
    assert (verified.exit_code, verdict["broken_seq"] or 0) == (1, where[0])
    assert where[1] in verdict["problem"]


def test_reading_a_text_that_is_damaged_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(SqliteStore(path)) as store:
        store.append([execution(id="a")])
        store._db.execute("DROP TRIGGER execution_is_never_changed")
        store._db.execute("UPDATE execution SET record = cast(x'7bff' AS TEXT)")

    reported = CliRunner().invoke(main, ["report", "--store", f"sqlite:{path}"])

    assert reported.exit_code != 0
    assert "a text in it is damaged: `tierwise ledger verify` says which" in reported.output
    assert "Traceback" not in reported.output
