"""What acceptance tests stand on: the real clients, a stage for each, their calls as tables at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matrix
import pytest
import real_client
import real_codex
import real_opencode
from staging import Stage, staged, table_of

TABLES: list[str] = []


@pytest.fixture(scope="session")
def claude() -> Path:
    return real_client.installed()


@pytest.fixture(scope="session")
def old_claude() -> Path:
    return real_client.installed(real_client.OLD_VERSION)


@pytest.fixture(scope="session")
def codex() -> Path:
    return real_codex.installed()


@pytest.fixture(scope="session")
def opencode() -> Path:
    return real_opencode.installed()


@pytest.fixture
def stage(claude: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Stage]]:
    """Sets the stage for Claude Code and a script; what was played is shown as a table when all is over."""
    with playing(request) as play:

        def set_stage(script: object, *, hints: bool = True, budgets: str = "") -> Stage:
            client = partial(real_client.Client, claude, hints=hints)
            return play(staged(client, tmp_path, script, budgets))

        yield set_stage


@pytest.fixture
def old_stage(
    old_claude: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Stage]]:
    """Sets the stage for an older Claude Code and a script."""
    with playing(request) as play:

        def set_stage(script: object, *, budgets: str = "") -> Stage:
            client = partial(real_client.Client, old_claude)
            return play(staged(client, tmp_path, script, budgets))

        yield set_stage


@pytest.fixture(params=[real_client.VERSION, real_client.OLD_VERSION])
def either_stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Stage]]:
    """Sets the stage for Claude Code at each of its versions, the older one told of the newer models."""
    version: str = request.param
    binary: Path = request.getfixturevalue("claude" if version == real_client.VERSION else "old_claude")
    extra = {} if version == real_client.VERSION else real_client.NEWER_MODELS
    with playing(request) as play:

        def set_stage(script: object, *, hints: bool = True, budgets: str = "", upstream: str = "") -> Stage:
            client = partial(real_client.Client, binary, hints=hints, extra=extra)
            return play(staged(client, tmp_path, script, budgets, upstream=upstream))

        yield set_stage


@pytest.fixture
def codex_stage(
    codex: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Stage]]:
    """Sets the stage for Codex and a script; what was played is shown as a table when all is over."""
    with playing(request) as play:

        def set_stage(script: object, *, budgets: str = "", upstream: str = "", **how: Any) -> Stage:
            client = partial(real_codex.Client, codex, **how)
            where = {"skills_in": ".agents/skills", "upstream": upstream}
            return play(staged(client, tmp_path, script, budgets, **where))

        yield set_stage


@pytest.fixture
def opencode_stage(
    opencode: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Stage]]:
    """Sets the stage for opencode and a script; what was played is shown as a table when all is over."""
    with playing(request) as play:

        def set_stage(script: object, *, budgets: str = "", upstream: str = "", **how: Any) -> Stage:
            client = partial(real_opencode.Client, opencode, **how)
            return play(staged(client, tmp_path, script, budgets, upstream=upstream))

        yield set_stage


@pytest.fixture
def own_stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Stage]]:
    """Sets the stage for a program of one's own: its client is no more than the places that it must know."""

    def places(project: Path, home: Path, base_url: str) -> SimpleNamespace:
        return SimpleNamespace(project=project, home=home, base_url=base_url)

    with playing(request) as play:

        def set_stage(script: object, *, budgets: str = "", upstream: str = "") -> Stage:
            return play(staged(places, tmp_path, script, budgets, upstream=upstream))

        yield set_stage


@contextmanager
def playing(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Stage]]:
    """Enters stages; at the end all are left, and their calls kept as tables."""
    with ExitStack() as stack:
        set_up: list[Stage] = []

        def enter(stage: Any) -> Stage:
            set_up.append(stack.enter_context(stage))
            return set_up[-1]

        yield enter
        tables = [table_of(request.node.name, played.seen()) for played in set_up]
        request.node.user_properties.extend(("table", table) for table in tables)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--acceptance-report", type=Path, help="write there what the tests showed, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    report: Path | None = config.getoption("acceptance_report", None)
    if report is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(matrix.Matrix(report), "acceptance matrix")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    matrix.note(items)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        TABLES.extend(str(text) for name, text in report.user_properties if name == "table")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for table in TABLES:
        terminalreporter.write_line("")
        terminalreporter.write_line(table)
