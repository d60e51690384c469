"""A stage for a real client: a project with the seeds' two skills, `tierwise serve`, and the simulator."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUITE = Path(__file__).parents[1] / "fixtures" / "skills" / "frontend-qa" / "skills"
SKILLS = ("page-component-mapper", "ui-bug-investigator")
GENERATING = ("messages", "chat", "responses")
STOP_S = 20
UNSENT = ("refused", "steered")
"""How calls end that the gateway answers itself."""


@dataclass(frozen=True)
class Seen:
    """One call: what the client asked the gateway for, and what the gateway asked the provider for."""

    n: int
    request_class: str
    skill: str | None
    asked: str
    sent: str


class Serving:
    """`tierwise serve`: started on any free port, and again, if it was killed, on the one it had.

    `alarm` is in every alarm that may be raised; "" allows none.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.command = [sys.executable, "-m", "tierwise", "serve", "--json", *arguments]
        self.environment = environment
        self.url = ""
        self.alarm = ""

    def start(self) -> None:
        port = self.url.rpartition(":")[2] or "0"
        self.process = subprocess.Popen(
            [*self.command, "--port", port],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first = self.process.stdout.readline() if self.process.stdout else ""
        if not first:
            raise AssertionError(f"tierwise serve did not start: {self.process.communicate()[1]}")
        self.url = json.loads(first)["url"]

    def kill(self) -> None:
        """End it at once, without a last word."""
        self.process.kill()
        self.process.communicate(timeout=STOP_S)

    def stop(self) -> None:
        """End it as a person does, and look that nothing was wrong."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=STOP_S)
        alarms = [line for line in errors.splitlines() if "alarm" in line]
        assert [line for line in alarms if not self.alarm or self.alarm not in line] == [], errors
        assert self.process.returncode == 0, errors


@dataclass(frozen=True)
class Stage:
    """A client in a project with the seeds' two skills, the gateway before it, the simulator behind that.

    `client` is the Client of one of the modules `real_…`. `cut` are the calls, by the provider's numbers,
    that the gateway took with it when it was killed: no record of them can be in the ledger.
    """

    client: Any
    log: Path
    store: Path
    environment: dict[str, str]
    gateway: Serving
    cut: set[int] = field(default_factory=set)

    def recorded(self) -> list[dict[str, Any]]:
        """Every call in the ledger, oldest first, refused ones too."""
        return _lines(self.tierwise("audit", "--json", "--last", "100", "--store", f"sqlite:{self.store}"))

    def provided(self) -> list[dict[str, Any]]:
        """Every call that the provider saw, as the simulator logged it."""
        return [entry for entry in _lines(self.log.read_text()) if entry["api"] in GENERATING]

    def seen(self) -> list[Seen]:
        """Every call that was made, in the provider's order: its model from the simulator's log, the rest
        from the ledger. The id that the simulator gave its answer begins with the number of the request.
        """
        provider = [entry for entry in self.provided() if entry["n"] not in self.cut]
        ledger = [record for record in self.recorded() if record["outcome"] not in UNSENT]
        of = {int(record["upstream_id"].removeprefix("req_")[:6]): record for record in ledger}
        assert len(ledger) == len(provider), "each call that the provider saw is in the ledger once"
        assert sorted(of) == [entry["n"] for entry in provider]
        return [
            Seen(n, record["request_class"], record["skill"], record["asked_model"], entry["model"])
            for n, (entry, record) in enumerate(((entry, of[entry["n"]]) for entry in provider), 1)
        ]

    def tierwise(self, *arguments: str) -> str:
        """What a tierwise command prints."""
        command = [sys.executable, "-m", "tierwise", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line]


@contextmanager
def staged(
    client_of: Callable[[Path, Path, str], Any],
    folder: Path,
    script: object,
    budgets: str = "",
    *,
    skills_in: str = ".claude/skills",
    upstream: str = "",
) -> Iterator[Stage]:
    """A stage for the client that `client_of` makes of project, home and the gateway's URL.

    The provider is a simulator inside the gateway's process that plays `script`, or that at `upstream`, whose
    log is then kept by whoever started it.
    """
    project, home = folder / "shop", folder / "home"
    home.mkdir()
    (folder / "tierwise").mkdir()
    (folder / "tierwise" / "budgets.yaml").write_text(budgets)
    _lay_out(project, skills_in)
    (folder / "script.json").write_text(json.dumps(script))
    log, store = folder / "simulator.jsonl", folder / "ledger.sqlite"
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TIERWISE_HOME": str(folder / "tierwise")}
    arguments = ["--upstream", upstream or "simulator", "--store", f"sqlite:{store}"]
    arguments += ["--skill-root", str(project), "--project", str(project)]
    if not upstream:
        arguments += ["--simulator-script", str(folder / "script.json"), "--simulator-log", str(log)]
    gateway = Serving(arguments, environment)
    gateway.start()
    try:
        yield Stage(client_of(project, home, gateway.url), log, store, environment, gateway)
    finally:
        gateway.stop()


def _lay_out(project: Path, skills_in: str) -> None:
    for skill in SKILLS:
        shutil.copytree(SUITE / skill, project / skills_in / skill)
    (project / "src").mkdir()
    (project / "src" / "app.tsx").write_text(
        'import { Nav } from "./nav";\nexport const App = () => <Nav />;\n'
    )


def table_of(title: str, calls: list[Seen]) -> str:
    rows = [(str(c.n), c.request_class, c.skill or "-", c.asked, c.sent) for c in calls]
    head = ("#", "class", "skill", "asked by the client", "asked of the provider")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]
    ]
    return "\n".join([title, *(f"  {line.rstrip()}" for line in lines)])
