"""What acceptance tests stand on: the real client, a stage for it, and its calls as tables at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from real_client import installed
from staging import Stage, staged, table_of

TABLES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def claude() -> Path:
    return installed()


@pytest.fixture
def stage(claude: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Stage]]:
    """Sets the stage for a script; what was played is shown as a table when all is over."""
    with ExitStack() as stack:
        set_up: list[Stage] = []

        def set_stage(script: object, *, hints: bool = True, budgets: str = "") -> Stage:
            set_up.append(stack.enter_context(staged(claude, tmp_path, script, hints, budgets)))
            return set_up[-1]

        yield set_stage
        tables = [table_of(request.node.name, played.seen()) for played in set_up]
        request.config.stash[TABLES].extend(tables)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for table in config.stash[TABLES]:
        terminalreporter.write_line("")
        terminalreporter.write_line(table)
