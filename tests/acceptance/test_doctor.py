"""Doctor and the status line with the real Claude Code: its version, its settings, its terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from npm_client import INSTALL_S
from staging import Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

KEY = "sk-ant-acceptance-test-key"
SHOWN_WITHIN_S = 60
_ORDERS = re.compile(r"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b[=>()][0-9AB]?")
"""What moves the cursor; words that stand beside each other are drawn in pieces."""


def connected(stage: Stage, own: str = "") -> Path:
    """The user's settings, connected; `own` is the status line that he had before."""
    settings: Path = stage.client.home / ".claude" / "settings.json"
    settings.parent.mkdir(parents=True)
    before = {"statusLine": {"type": "command", "command": own}} if own else {}
    settings.write_text(json.dumps({"env": {"DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1"}, **before}))
    stage.tierwise("connect", "claude", "--yes", "--json")
    return settings


def doctor(stage: Stage) -> dict[str, dict[str, Any]]:
    """The lines about Claude Code and the probes, by name; with this client alone on PATH."""
    path = os.pathsep.join([str(Path(stage.client.binary).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    command = [sys.executable, "-m", "tierwise", "doctor", "--json", "--project", str(stage.client.project)]
    done = subprocess.run(
        command,
        env={**stage.environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    lines = json.loads(done.stdout)["lines"]
    assert done.returncode == 0, done.stdout
    return {f"{line['section']}: {line['name']}": line for line in lines}


def test_doctor_finds_the_connected_client_and_proves_each_protocol(stage: Callable[..., Stage]) -> None:
    played = stage([], hints=False)
    connected(played)
    lines = doctor(played)

    assert lines["Claude Code: program"]["facts"]["version"] == "2.1.330"
    about = {
        name: line["state"] for name, line in lines.items() if name.startswith(("Claude Code", "probes"))
    }
    assert set(about.values()) == {"ok"}, lines
    served = {entry["api"]: entry["model"] for entry in played.provided()}
    assert served == {"messages": "claude-haiku-5-5", "chat": "gpt-6-luna", "responses": "gpt-6-luna"}


def test_doctor_says_what_an_older_client_cannot_do(old_stage: Callable[..., Stage]) -> None:
    played = old_stage([])
    connected(played)
    lines = doctor(played)

    assert lines["Claude Code: program"]["facts"]["version"] == "2.1.197"
    assert lines["Claude Code: mod"]["state"] == "warn"
    assert lines["Claude Code: mod"]["remedy"] == "claude update"


def test_the_status_line_stands_in_the_clients_terminal(stage: Callable[..., Stage]) -> None:
    """The user's own line above, ours below; after a prompt it tells the call."""
    played = stage([], hints=False)
    connected(played, own="echo my-own-line")
    said = in_terminal(played, ["no call yet", "my-own-line"], "hello", ["as asked"])

    assert said.index("my-own-line") < said.index("no call yet")


def in_terminal(stage: Stage, first: list[str], prompt: str, then: list[str]) -> str:
    """What the client draws until all of `first` was seen, and after the prompt all of `then`."""
    home, project = stage.client.home, stage.client.project
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    (home / ".claude.json").write_text(
        json.dumps(
            {
                "hasCompletedOnboarding": True,
                "theme": "dark",
                "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
                "projects": {str(project): trusted},
            }
        )
    )
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    env |= {"ANTHROPIC_API_KEY": KEY, "IS_SANDBOX": "1", "COLUMNS": "140", "LINES": "40"}
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(project)
        os.execve(stage.client.binary, [str(stage.client.binary)], env)
    try:
        drawn = _drawn_until(terminal, first, "")
        os.write(terminal, prompt.encode())
        time.sleep(0.5)  # as one block it would be taken for pasted text
        os.write(terminal, b"\r")
        return drawn + _drawn_until(terminal, then, drawn)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)


def _drawn_until(terminal: int, wanted: list[str], before: str) -> str:
    raw, until = b"", time.monotonic() + SHOWN_WITHIN_S
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            raw += os.read(terminal, 65_536)
        drawn = re.sub(r"\s+", " ", _ORDERS.sub(" ", raw.decode(errors="replace")))
        if all(words in drawn for words in wanted):
            return drawn
    raise AssertionError(f"{wanted} was not drawn, but {drawn[-2_000:]}, after {before[-500:]}")
