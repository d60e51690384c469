"""How long Claude Code waits for each of its hooks, beside `GET /tierwise/health` on the same connection.

    python bench/hooks_api.py [--events N] [--json]

A gateway in a process of its own, with a SQLite ledger, three budgets (one of them hard) and forty agents on
disk. Every event is sent N times, each followed by the baseline: what HTTP itself costs here. An agent that
starts in a session whose calls the gateway sees has money held for it, which is a wait for the disk. Figures
are p50, p99 and the longest, in ms.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from decide_api import gateway, timed_ms

PATH = "/tierwise/hooks/claude"
AGENTS = 40
SEEN, UNSEEN = "seen", "unseen"


def events(project: Path, n: int) -> dict[str, dict[str, Any]]:
    """One event of each kind, the n-th of its session."""
    common = {"session_id": UNSEEN, "prompt_id": f"p{n}", "cwd": str(project)}
    agent = {
        "tool_name": "Agent",
        "tool_use_id": f"toolu_{n}",
        "tool_input": {"description": "d", "prompt": "p" * 2_000, "subagent_type": f"agent-{n % AGENTS}"},
    }
    skill = {"tool_name": "Skill", "tool_input": {"skill": "page-component-mapper", "args": "a.tsx"}}
    who = {"agent_id": f"a{n}", "agent_type": f"agent-{n % AGENTS}"}
    named = {
        "UserPromptSubmit": {"prompt": "Map the page, please, and run everything on sonnet."},
        "PreToolUse(Agent)": agent,
        "PreToolUse(Agent), held": {**agent, "session_id": SEEN},
        "PreToolUse(Skill)": skill,
        "SubagentStart": {**who, "session_id": SEEN},
        "SubagentStop": {**who, "session_id": SEEN},
    }
    return {
        name: {**common, **fields, "hook_event_name": name.partition("(")[0]}
        for name, fields in named.items()
    }


def lay_out(project: Path) -> None:
    """Forty agents, each with a block of its own."""
    folder = project / ".claude" / "agents"
    folder.mkdir()
    for n in range(AGENTS):
        page = f"---\nname: agent-{n}\ndescription: d\nmodel: {{preferred: haiku}}\n---\nWork.\n"
        (folder / f"agent-{n}.md").write_text(page)


def make_seen(connection: HTTPConnection) -> None:
    """One call of the session, so that the gateway knows whose it is."""
    message = {"role": "user", "content": "Hello."}
    body = json.dumps({"model": "claude-opus-5-5", "max_tokens": 10, "messages": [message]}).encode()
    headers = {"content-type": "application/json", "x-claude-code-session-id": SEEN, "x-api-key": "k"}
    connection.request("POST", "/v1/messages", body, headers)
    assert connection.getresponse().read()


def measured(rounds: int) -> dict[str, list[float]]:
    """The waits of each event, and of the baseline."""
    waits: dict[str, list[float]] = {"GET /tierwise/health": []}
    with tempfile.TemporaryDirectory() as folder, gateway(Path(folder)) as (connection, skill):
        project = skill.parents[3]
        lay_out(project)
        make_seen(connection)
        for n in range(rounds):
            for name, event in events(project, n).items():
                body = json.dumps(event).encode()
                waits.setdefault(name, []).append(timed_ms(connection, "POST", PATH, body))
                waits["GET /tierwise/health"].append(timed_ms(connection, "GET", "/tierwise/health"))
    return waits


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300, help="how many of each")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = {}
    for name, waits in measured(asked.events).items():
        ordered = sorted(waits)
        p99 = ordered[int(len(ordered) * 0.99)]
        figures[name] = {"p50": statistics.median(ordered), "p99": p99, "longest": ordered[-1]}
    if asked.json:
        print(json.dumps(figures))
        return
    for name, ms in figures.items():
        print(f"{name:26} p50 {ms['p50']:6.2f}   p99 {ms['p99']:6.2f}   longest {ms['longest']:6.2f} ms")


if __name__ == "__main__":
    main()
