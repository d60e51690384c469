"""The real Claude Code, installed and run headless: nothing of this machine's settings reaches it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

VERSION = "2.1.330"
PACKAGE = f"@anthropic-ai/claude-code@{VERSION}"
REPOSITORY = Path(__file__).parents[2]
INSTALL_S = 600
RUN_S = 90


def installed() -> Path:
    """The client's binary, from the cache or freshly from npm; the test fails if it cannot be had."""
    cache = Path(os.environ.get("TIERWISE_CACHE", REPOSITORY / ".cache" / "clients"))
    home = cache / f"claude-code-{VERSION}"
    binary = home / "node_modules" / ".bin" / "claude"
    if not _works(binary):
        _install(home, binary)
    return binary


def _install(home: Path, binary: Path) -> None:
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.fail(f"the acceptance tests run {PACKAGE}, which needs npm and node to install: none is found")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    npm = ["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", PACKAGE]
    said = _run(npm)
    script = home / "node_modules" / "@anthropic-ai" / "claude-code" / "install.cjs"
    if script.exists() and not _works(binary):  # npm may be told to run no install scripts
        said += _run(["node", str(script)])
    if not _works(binary):
        pytest.fail(f"{PACKAGE} could not be installed into {home}:\n{said}")


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired:
        return f"{command[0]} took longer than {INSTALL_S} s\n"
    return f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n"


def _works(binary: Path) -> bool:
    if not binary.exists():
        return False
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (subprocess.TimeoutExpired, OSError):
        return False
    return done.stdout.startswith(VERSION)


@dataclass(frozen=True)
class Client:
    """Claude Code at work in one project, with a home of its own, pointed at a base URL."""

    binary: Path
    project: Path
    home: Path
    base_url: str
    hints: bool = True

    def ask(self, prompt: str, *, again: bool = False, fails: bool = False) -> dict[str, Any]:
        """What the client reports after one prompt, in a new session or (`again`) in the last one.

        The client must end well, or (`fails`) with the exit code that says it could not go on.
        """
        command = [self.binary, *(["--continue"] if again else []), "-p", prompt]
        command += ["--output-format", "json", "--model", "opus", "--dangerously-skip-permissions"]
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        assert done.returncode == int(fails), (
            f"claude -p {prompt!r} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        report = json.loads(done.stdout)
        assert isinstance(report, dict)
        return report

    def _environment(self) -> dict[str, str]:
        said = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "IS_SANDBOX": "1",  # lets root skip permission prompts
            "ANTHROPIC_BASE_URL": self.base_url,
            "ANTHROPIC_API_KEY": "sk-ant-acceptance-test",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        return said | ({"CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"} if self.hints else {})
