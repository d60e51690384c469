"""How long a mod waits for `POST /v1/decide`, beside `GET /tierwise/health` on the same connection.

    python bench/decide_api.py [--questions N] [--json]

A gateway in a process of its own, with a SQLite ledger, three budgets (one of them hard) and a skill on disk,
is asked as the mod asks, one question after the other, each followed by the baseline: what HTTP itself costs
here. The very first question of the process stands apart. Figures are p50, p99 and the longest, in ms.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

SKILL = """---
name: page-component-mapper
description: Traces imports.
model:
  preferred: haiku
  acceptable: [haiku, sonnet]
  minimum: haiku
  reasoning_demand: low
---
# Mapper

Step 1: Scan all files.
  Model: haiku (mechanical)
"""
BUDGETS = """daily: {limit: 20usd, window: daily}
weekly: {limit: 100usd, window: weekly}
month: {limit: 400usd, window: monthly, hard: true}
"""


@contextmanager
def gateway(folder: Path) -> Iterator[tuple[HTTPConnection, Path]]:
    """A connection to a gateway, and the skill's file."""
    skill = folder / "shop" / ".claude" / "skills" / "page-component-mapper" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text(SKILL)
    home = folder / "home"
    home.mkdir()
    (home / "budgets.yaml").write_text(BUDGETS)
    command = [sys.executable, "-m", "tierwise", "serve", "--json", "--port", "0", "--upstream", "simulator"]
    command += ["--store", f"sqlite:{folder / 'ledger.sqlite'}", "--project", str(folder / "shop")]
    environment = {"HOME": str(home), "TIERWISE_HOME": str(home)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = urlsplit(json.loads(process.stdout.readline())["url"])
        try:
            yield HTTPConnection(str(url.hostname), url.port, timeout=30), skill
        finally:
            process.send_signal(signal.SIGINT)


def timed_ms(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> float:
    """How long one request takes until its answer is read."""
    start = time.perf_counter()
    connection.request(method, path, body, {"content-type": "application/json"})
    answer = connection.getresponse()
    read = answer.read()
    took = (time.perf_counter() - start) * 1_000
    assert answer.status == 200, read
    return took


def question(n: int, skill: Path) -> bytes:
    """The n-th question of a session: the skill begins a turn every ten."""
    turn, index = divmod(n, 10)
    asked = {
        "session": "bench",
        "model": "claude-opus-5-5",
        "effort": "medium",
        "turn": f"turn-{turn}",
        "index": index,
        "skill": "page-component-mapper",
        "skill_path": str(skill),
        "frontmatter": {"name": "page-component-mapper", "model": {"preferred": "haiku"}},
        "begins": index == 0,
        "words": "Map the components of the checkout page, please, and say what each of them imports. " * 5,
    }
    return json.dumps(asked).encode()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    took: dict[str, list[float]] = {"GET /tierwise/health": [], "POST /v1/decide": []}
    with (
        tempfile.TemporaryDirectory(prefix="tierwise-bench-") as folder,
        gateway(Path(folder)) as (connection, skill),
    ):
        first = timed_ms(connection, "POST", "/v1/decide", question(0, skill))
        for n in range(1, options.questions + 1):
            took["POST /v1/decide"].append(timed_ms(connection, "POST", "/v1/decide", question(n, skill)))
            took["GET /tierwise/health"].append(timed_ms(connection, "GET", "/tierwise/health"))
    figures = {
        name: {
            "p50_ms": statistics.median(seen),
            "p99_ms": sorted(seen)[int(len(seen) * 0.99)],
            "max_ms": max(seen),
        }
        for name, seen in took.items()
    }
    if options.json:
        print(json.dumps({"first_ms": first, **figures}))
        return
    print(f"the first question of a process: {first:.1f} ms")
    for name, figure in figures.items():
        ratio = figure["p50_ms"] / figures["GET /tierwise/health"]["p50_ms"]
        print(
            f"{name:<22} p50 {figure['p50_ms']:7.2f} ms   p99 {figure['p99_ms']:7.2f} ms   "
            f"longest {figure['max_ms']:7.2f} ms   {ratio:5.2f}x"
        )


if __name__ == "__main__":
    main()
