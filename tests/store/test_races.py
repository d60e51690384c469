"""A hard purse neither overshoots nor refuses wrongly, however many gateways spend from it at once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from racing import Race, run

from ledger_samples import execution
from tierwise.errors import StoreError
from tierwise.store import sqlite_file
from tierwise.store.sqlite import SqliteStore

LIMIT_NANOUSD = 5_000_000_000
PROCESSES = 3
THREADS = 10


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:{request.getfixturevalue('tmp_path') / 'ledger.sqlite'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


def test_racing_gateways_use_up_a_hard_purse_and_never_overdraw_it(url: str) -> None:
    outcome = run(Race(url, PROCESSES, THREADS, LIMIT_NANOUSD))

    assert outcome.calls > PROCESSES * THREADS
    assert outcome.overshoot_nanousd == 0
    assert outcome.share_at_first_refusal >= 0.97
    assert outcome.share_posted >= 0.97
    assert outcome.left_pending_nanousd == 0


def test_calls_that_cost_less_than_estimated_leave_their_rest_to_the_others(url: str) -> None:
    outcome = run(Race(url, PROCESSES, THREADS, LIMIT_NANOUSD, cost_share=(0.2, 1.0)))

    assert outcome.overshoot_nanousd == 0
    assert outcome.share_posted >= 0.97
    assert outcome.left_pending_nanousd == 0


def test_a_gateway_keeps_asking_for_its_turn_at_an_even_pace_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite"
    asked: list[int] = []
    wait = sqlite_file._wait_for_others

    def counted(tries: int) -> bool:
        asked.append(tries)
        return wait(tries)

    monkeypatch.setattr(sqlite_file, "_wait_for_others", counted)
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_MS", 40)
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as other:
        with one.exclusive(), pytest.raises(StoreError, match="another process has held it"):
            other.append([execution()])
        assert asked == list(range(40 // sqlite_file.BUSY_PAUSE_MS + 1))

        assert other.append([execution()]) == 1
