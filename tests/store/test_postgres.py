"""What PostgreSQL promises beyond the contract: several gateways, lost connections, clear refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pg_server import PgServer

from ledger_samples import EXECUTIONS, NOON_US, execution, numbered
from tierwise import wiring
from tierwise.cli import main
from tierwise.core.entries import Charge, Entry
from tierwise.core.zones import Scope
from tierwise.errors import StoreError
from tierwise.store import postgres, postgres_connections
from tierwise.store.postgres import PostgresStore
from tierwise.store.postgres_connections import SESSION, Connections

PATIENCE_S = 30


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    with closing(PostgresStore(postgres_url)) as opened:
        yield opened


def entry(id: str, nanousd: int = 7) -> Entry:
    return Entry(id, id, "import", NOON_US, NOON_US, posted=Charge(nanousd))


def written(store: PostgresStore) -> list[str]:
    return [found.id for _, found in store.entries()]


def write(store: PostgresStore, *ids: str) -> int:
    with store.exclusive() as turn:
        return turn.append([entry(id) for id in ids], [])


def outside(url: str, *statements: str) -> None:
    """Say something to the database past the store."""
    with psycopg.connect(url, autocommit=True) as outsider:
        for statement in statements:
            outsider.execute(statement.encode())


@settings(max_examples=10)
@given(executions=st.lists(EXECUTIONS, max_size=4, unique_by=lambda entry: entry.id))
def test_any_record_is_read_back_unchanged(postgres_server: PgServer, executions) -> None:
    with closing(PostgresStore(postgres_server.empty_database())) as store:
        assert store.append(executions) == len(executions)
        assert list(store.executions()) == sorted(executions, key=lambda entry: entry.at_us)
        assert store.verify().problem == ""


@pytest.mark.parametrize("text", ["nul \0 inside", "long " * 5_000, "\0" * 9_000, "ℕ" * 400])
def test_a_text_that_no_column_can_hold_is_still_found_and_counted_by_its_name(
    store: PostgresStore, text: str
) -> None:
    odd = execution(id=text, session=text, skill=text, cost_nanousd=5)

    assert store.append([odd, execution(id="plain")]) == 2
    assert store.append([odd]) == 0
    assert list(store.executions(session=text)) == [odd]
    assert list(store.executions(id=text, skill=text)) == [odd]
    assert store.spent("usd", Scope("session", text), since_us=0) == 5
    assert store.sessions()[0].calls == 1
    assert store.verify().problem == ""


def test_an_entry_with_such_an_id_is_kept_and_verified(store: PostgresStore) -> None:
    write(store, "a\0b", "x" * 5_000, "ünï")

    assert written(store) == ["a\0b", "x" * 5_000, "ünï"]
    assert store.verify().problem == ""


@pytest.mark.parametrize("table", ["execution", "entry"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_itself_refuses_to_change_or_lose_a_record(
    store: PostgresStore, postgres_url: str, table: str, change: str
) -> None:
    store.append([execution()])
    write(store, "a")

    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        outside(postgres_url, change.format(f"tierwise.{table}"))

    assert len(list(store.executions())) == len(written(store)) == 1


@pytest.mark.parametrize(
    ("change", "broken_seq", "problem"),
    [
        ("UPDATE tierwise.entry SET record = replace(record, '7', '6') WHERE seq = 2", 2, "changed"),
        ("UPDATE tierwise.entry SET id = 'z' WHERE seq = 3", 3, "id"),
        ("UPDATE tierwise.entry SET id = 'nul ␀' WHERE seq = 3", 3, "id"),
        ("DELETE FROM tierwise.entry WHERE seq = 2", 2, "missing"),
    ],
)
def test_a_change_behind_the_triggers_is_found(
    store: PostgresStore, postgres_url: str, change: str, broken_seq: int, problem: str
) -> None:
    write(store, "a", "b", "c", "d")
    assert store.verify().entries == 4

    outside(postgres_url, "ALTER TABLE tierwise.entry DISABLE TRIGGER USER", change)

    verdict = store.verify()
    assert (verdict.broken_seq, verdict.entries) == (broken_seq, broken_seq - 1)
    assert problem in verdict.problem


def test_an_entry_that_is_there_already_is_refused_and_changes_nothing(store: PostgresStore) -> None:
    write(store, "a")

    with pytest.raises(StoreError, match="there already"):
        write(store, "b", "a")

    assert written(store) == ["a"]


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.append([execution(id="new")]),
        lambda store: list(store.executions()),
        lambda store: write(store, "new"),
        lambda store: store.verify(),
    ],
    ids=["append", "read", "write", "verify"],
)
def test_a_lost_connection_is_replaced_before_anyone_notices(
    store: PostgresStore, postgres_server: PgServer, use: Callable[[PostgresStore], object]
) -> None:
    write(store, "old")

    assert postgres_server.disconnect_all() >= 1

    use(store)
    assert "old" in written(store)


def test_a_connection_lost_within_a_turn_writes_nothing_and_says_so(
    store: PostgresStore, postgres_server: PgServer
) -> None:
    def write_and_lose() -> None:
        with store.exclusive() as turn:
            turn.append([entry("half")], [execution(id="half")])
            postgres_server.disconnect_all()

    with pytest.raises(StoreError, match="cannot write to the ledger postgresql:"):
        write_and_lose()

    assert write(store, "whole") == 1
    assert written(store) == ["whole"]
    assert list(store.executions()) == []


def test_a_turn_that_ends_by_an_exception_writes_nothing(store: PostgresStore) -> None:
    def write_and_fail() -> None:
        with store.exclusive() as turn:
            turn.append([entry("a")], [execution(id="a")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()

    assert written(store) == []
    assert list(store.executions()) == []


def test_several_gateways_may_open_a_new_database_at_once(postgres_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(PostgresStore, [postgres_url] * 6))

    assert [write(each, f"from {n}") for n, each in enumerate(opened)] == [1, 2, 3, 4, 5, 6]
    for each in opened:
        each.close()


def test_gateways_take_turns_and_see_what_the_others_wrote(postgres_url: str) -> None:
    def count_up(name: int) -> None:
        with closing(PostgresStore(postgres_url)) as own:
            seen = 0
            for n in range(15):
                with own.exclusive() as turn:
                    fresh = turn.since(seen)
                    assert [seq for seq, _ in fresh] == [*range(seen + 1, seen + 1 + len(fresh))]
                    seen = turn.append([entry(f"{name}-{n}")], [execution(id=f"{name}-{n}")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(4)))

    with closing(PostgresStore(postgres_url)) as store:
        assert store.verify().entries == 60
        assert sorted(written(store)) == sorted(call.id for call in store.executions())


CHILD = """
import sys
from tierwise.core.entries import Charge, Entry
from tierwise.store.postgres import PostgresStore

url, name = sys.argv[1:]
store = PostgresStore(url)
for n in range(100_000):
    ids = [f"{name}-{n}-{k}" for k in range(3)]
    with store.exclusive() as turn:
        turn.append([Entry(id, id, "import", 0, 0, posted=Charge(1)) for id in ids], [])
    print(*ids, flush=True)
"""


def test_kill_9_loses_no_acknowledged_entry_and_leaves_no_lock_behind(postgres_url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    acknowledged: list[str] = []
    for life in range(3):
        command = [sys.executable, "-c", CHILD, postgres_url, f"life{life}"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as writing:
            assert writing.stdout is not None
            lines = [writing.stdout.readline() for _ in range(10 + 7 * life)]
            writing.send_signal(signal.SIGKILL)
            lines += writing.stdout.readlines()
        acknowledged += [id for line in lines if line.endswith("\n") for id in line.split()]

    with closing(PostgresStore(postgres_url)) as store:
        assert write(store, "after") % 3 == 1, "a turn is written whole or not at all"
        assert set(acknowledged) <= set(written(store))
        assert store.verify().problem == ""


def short(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    """The setting at 100 ms for every connection from here on."""
    monkeypatch.setattr(postgres_connections, "SESSION", f"SET {setting} = 100; {SESSION_WITHOUT[setting]}")


SESSION_WITHOUT = {
    setting: ";".join(part for part in SESSION.split(";") if setting not in part)
    for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
}


def test_a_lock_that_another_gateway_holds_for_too_long_is_reported(
    postgres_url: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch, "lock_timeout")
    with closing(PostgresStore(postgres_url)) as waiting:
        with store.exclusive(), pytest.raises(StoreError, match="another gateway has held"):
            write(waiting, "a")

        assert write(waiting, "a") == 1


def test_a_gateway_that_hangs_within_its_turn_is_put_out_by_the_server(
    postgres_url: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch, "idle_in_transaction_session_timeout")

    def hang() -> None:
        with hanging.exclusive() as turn:
            turn.append([entry("a")], [])
            assert write(store, "b") == 1, "waits until the server has ended the other turn"

    with closing(PostgresStore(postgres_url)) as hanging:
        with pytest.raises(StoreError, match="cannot write to"):
            hang()

        assert written(hanging) == ["b"]


def test_a_statement_that_takes_too_long_is_ended(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    short(monkeypatch, "statement_timeout")
    connections = Connections(postgres_url)

    with pytest.raises(StoreError, match="needs more than"):
        connections.read("SELECT pg_sleep(%s)", (PATIENCE_S,))
    assert connections.read("SELECT 1", ()) == [(1,)]
    connections.close()


def test_nobody_waits_for_ever_for_a_connection(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_connections, "CONNECTION_WAIT_S", 0.05)
    connections = Connections(postgres_url, limit=1)

    with connections.transaction("write to"), pytest.raises(StoreError, match=r"all 1 connections .* busy"):
        connections.read("SELECT 1", ())
    assert connections.read("SELECT 1", ()) == [(1,)]
    connections.close()


def test_a_commit_waits_for_the_disk_even_where_the_server_does_not_by_default(postgres_url: str) -> None:
    connections = Connections(f"{postgres_url}&options=-csynchronous_commit%3Doff")

    assert connections.read("SHOW synchronous_commit", ()) == [("on",)]
    connections.close()


def test_what_cannot_hold_the_ledger_is_refused(postgres_server: PgServer, postgres_url: str) -> None:
    other = postgres_server.new_database("ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(StoreError, match=r"texts in SQL_ASCII.*ENCODING 'UTF8'"):
        PostgresStore(other)

    PostgresStore(postgres_url).close()
    outside(postgres_url, "INSERT INTO tierwise.migration (name) VALUES ('9999_future.sql')")
    newest = len(postgres.MIGRATIONS)
    with pytest.raises(StoreError, match=rf"newer tierwise \(schema {newest + 1}, .* knows {newest}\)"):
        PostgresStore(postgres_url)


def test_a_database_that_only_allows_reading_is_reported(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="only allows reading: name the primary"):
        PostgresStore(f"{postgres_url}&options=-cdefault_transaction_read_only%3Don")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "postgresql://me:hunter2@127.0.0.1:1/ledger",
            r"cannot open the ledger postgresql://127.0.0.1:1/ledger: ",
        ),
        (
            "postgresql://me:hunter2@/ledger?host=/nowhere",
            "cannot open the ledger postgresql:///nowhere/ledger",
        ),
        ("postgresql://me:hunter 2@host/ledger", "URL cannot be read; write `postgresql://"),
        ("postgresql://me:hunter2@host/ledger?colour=hunter2", "URL cannot be read"),
    ],
)
def test_an_unreachable_server_is_named_without_the_password(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as refused:
        PostgresStore(url)

    assert "hunter" not in str(refused.value)


def test_a_closed_store_says_so(store: PostgresStore) -> None:
    store.close()

    with pytest.raises(StoreError, match="has been closed"):
        store.append([execution()])
    with pytest.raises(StoreError, match="has been closed"):
        list(store.executions())


def test_a_url_is_all_it_takes(postgres_url: str) -> None:
    for url in (postgres_url, postgres_url.replace("postgresql:", "postgres:")):
        with closing(wiring.open_store(url)) as store:
            store.append(numbered(3))
            assert [found.id for found in store.executions()] == ["call-0", "call-1", "call-2"]


def test_commands_read_it_and_never_show_user_or_password(postgres_url: str) -> None:
    with closing(PostgresStore(postgres_url)):
        url = postgres_url.replace("postgres@", "postgres:hunter2@")
        found = CliRunner().invoke(main, ["report", "--store", url])
        assert found.exit_code == 0
        assert "No calls recorded yet in postgresql:///postgres." in found.output

        refused = CliRunner().invoke(main, ["report", "--store", "redis://me:hunter2@host/1"])
        assert refused.exit_code == 1
        assert "`redis://host/1` is not a store; use `sqlite:PATH`, `postgresql://…`" in refused.output


def test_without_the_driver_the_url_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tierwise.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StoreError, match=r"pip install 'tierwise\[postgres\]'"):
        wiring.open_store("postgresql://localhost/ledger")
