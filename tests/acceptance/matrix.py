"""What the acceptance tests show, kept as a report: `--acceptance-report FILE`.

    @pytest.mark.shows("skill called", "gateway")

The client and its version are those that the test's fixtures bring, or what the mark says: `of=` one of
these fixtures, or `client=` and `version=`. A claim is passed when every test that makes it is; a test that
was not run is not. The report holds nothing that would differ between two runs with the same outcome.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest
import real_client
import real_codex
import real_opencode
from clients_table import CLIENTS, PLANES, SITUATIONS

MARK = "shows"
CLAUDE_CODE = "Claude Code"
OF_FIXTURE = {
    "claude": (CLAUDE_CODE, real_client.VERSION),
    "old_claude": (CLAUDE_CODE, real_client.OLD_VERSION),
    "codex": ("Codex", real_codex.VERSION),
    "opencode": ("opencode", real_opencode.VERSION),
}
"""The client that comes with a fixture. `either_stage` has its version as a parameter instead."""


class Claim(NamedTuple):
    """That a client at a version did, in a situation, what was decided, by way of a plane."""

    client: str
    version: str
    what: str
    plane: str


def claims_of(item: pytest.Item) -> list[Claim]:
    """What a test shows; pytest.UsageError where its marks use words that the guide does not know."""
    return [_claim(item, mark) for mark in item.iter_markers(MARK)]


def _claim(item: pytest.Item, mark: pytest.Mark) -> Claim:
    given = mark.kwargs
    client, version = OF_FIXTURE[given["of"]] if "of" in given else _client_of(item)
    what, plane = mark.args
    claim = Claim(given.get("client", client), given.get("version", version), what, plane)
    for word, known in ((claim.client, CLIENTS), (what, SITUATIONS), (plane, PLANES)):
        if word not in known:
            raise pytest.UsageError(f"{item.nodeid} shows {word!r}; tools/clients_table.py knows {[*known]}")
    return claim


def _client_of(item: pytest.Item) -> tuple[str, str]:
    assert isinstance(item, pytest.Function)
    version = item.callspec.params.get("either_stage") if hasattr(item, "callspec") else None
    if isinstance(version, str):
        return CLAUDE_CODE, version
    return next((OF_FIXTURE[name] for name in OF_FIXTURE if name in item.fixturenames), ("", ""))


def note(items: list[pytest.Item]) -> None:
    """Note on each test what it shows, for the reports of its phases to carry."""
    for item in items:
        item.user_properties += [(MARK, [*claim]) for claim in claims_of(item)]


class Matrix:
    """Collects what the tests of a run showed, or did not."""

    def __init__(self, report: Path) -> None:
        self.report = report
        self.passed: dict[Claim, dict[str, bool]] = defaultdict(dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Nothing has passed yet."""
        for item in session.items:
            for claim in claims_of(item):
                self.passed[claim][item.nodeid] = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test passes as it is called, and fails in any phase."""
        if report.when != "call" and report.passed:
            return
        for name, claim in report.user_properties:
            if name == MARK and isinstance(claim, list):
                self.passed[Claim(*map(str, claim))][report.nodeid] = report.passed

    def pytest_sessionfinish(self) -> None:
        """Write the report, whatever the outcome."""
        shown = [
            claim._asdict() | {"passed": all(tests.values()), "tests": sorted({_short(one) for one in tests})}
            for claim, tests in sorted(self.passed.items())
        ]
        lines = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in shown)
        self.report.write_text(f'{{"shown": [\n{lines}\n]}}\n', "utf-8")


def _short(nodeid: str) -> str:
    """A test as the report names it: its file and function, without folder and parameters."""
    return nodeid.rpartition("/")[2].partition("[")[0]
