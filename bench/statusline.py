"""What the status line costs a machine: its process time beside that of an interpreter that does nothing.

    python bench/statusline.py [--runs N] [--json]

`tierwise statusline` runs every few hundred milliseconds while somebody works. It is run as a client runs it,
with a client's JSON on stdin, in three situations: with a gateway (in front of the simulator, after one
call), with a gateway gone since, and with a status line of the user's own in front. The baselines are
`python -c pass` and `python -S -c pass`, taken in turns with it. Figures are medians of user and system time
of the process and its children; ratios hold for other machines, milliseconds do not. More than 60 ms without
a line of the user's own make the exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tierwise import wiring

SAID = {
    "session_id": "bench",
    "model": {"id": "claude-opus-5-5", "display_name": "Opus 5.5"},
    "cost": {"total_cost_usd": 0.5},
    "rate_limits": {"five_hour": {"used_percentage": 42, "resets_at": 4_000_000_000}},
}
CALL = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello."}]}
BASELINES = {"python -c pass": ["-c", "pass"], "python -S -c pass": ["-S", "-c", "pass"]}
SCRIPT = "import sys; from tierwise.__main__ import main; sys.exit(main())"
"""What the installed program `tierwise` is."""
LIMIT_MS = 60.0
"""What design.md allows."""


def process_ms(command: list[str], env: dict[str, str]) -> float:
    """User and system time of one run, in ms."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, input=json.dumps(SAID).encode(), stdout=subprocess.DEVNULL, env=env, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1_000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def measured(ways: dict[str, tuple[list[str], dict[str, str]]], runs: int) -> dict[str, float]:
    """The median of each way, the ways taken in turns so that all of them meet the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, (command, env) in ways.items():
            taken[name].append(process_ms(command, env))
    return {name: statistics.median(times) for name, times in taken.items()}


async def situations(home: Path, runs: int) -> dict[str, float]:
    """The medians, in ms, of baselines and situations."""
    bare = {name: value for name, value in wiring.environment().items() if not name.startswith("TIERWISE")}
    env = {**bare, "TIERWISE_HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / "claude")}
    env.pop("ANTHROPIC_BASE_URL", None)
    command = [sys.executable, "-c", SCRIPT, "statusline"]
    own = home / "own"
    own.mkdir()
    kept = {"previous": {str(home / "claude" / "settings.json"): {"type": "command", "command": "echo mine"}}}
    options = wiring.ServeOptions(store="memory", state=home)
    async with wiring.serving(options, alarm=print) as running:
        await asyncio.to_thread(call, running.url)
        (own / "statusline.json").write_text(json.dumps(kept))
        (own / "gateway.json").write_bytes((home / "gateway.json").read_bytes())
        baselines = {name: ([sys.executable, *arguments], env) for name, arguments in BASELINES.items()}
        with_own = {**env, "TIERWISE_HOME": str(own)}
        ways = {
            **baselines,
            "with a gateway": (command, env),
            "and the user's own line": (command, with_own),
        }
        found = await asyncio.to_thread(measured, ways, runs)
    return {**found, **measured({"without a gateway": (command, env)}, runs)}


def call(url: str) -> None:
    """One call of the session, so that there is something to tell."""
    headers = {"content-type": "application/json", "x-claude-code-session-id": "bench", "x-api-key": "sk-x"}
    request = urllib.request.Request(f"{url}/v1/messages", json.dumps(CALL).encode(), headers)
    with urllib.request.urlopen(request) as response:
        response.read()


def main() -> None:
    """Measure, and print one line a situation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tierwise-bench-") as home:
        found = asyncio.run(situations(Path(home), asked.runs))
    rows = {
        name: {"ms": ms, **{f"x {base}": ms / max(found[base], 1e-9) for base in BASELINES}}
        for name, ms in found.items()
    }
    slow = max(found["with a gateway"], found["without a gateway"]) > LIMIT_MS
    if asked.json:
        print(json.dumps(rows, indent=2))
        sys.exit(slow)
    print(f"{'':26}{'ms':>8}" + "".join(f"{f'x {base}':>22}" for base in BASELINES))
    for name, row in rows.items():
        print(f"{name:26}{row['ms']:8.1f}" + "".join(f"{row[f'x {base}']:22.2f}" for base in BASELINES))
    print(f"at most {LIMIT_MS:g} ms are allowed")
    sys.exit(slow)


if __name__ == "__main__":
    main()
