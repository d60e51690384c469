"""The real Claude Code, installed and run headless: nothing of this machine's settings reaches it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from npm_client import INSTALL_S, NpmClient, run_client, talking

__all__ = ["INSTALL_S", "NEWER_MODELS", "OLD_VERSION", "VERSION", "Client", "installed"]

VERSION = "2.1.330"
CLAUDE_CODE = NpmClient("@anthropic-ai/claude-code", VERSION, "claude", VERSION, script="install.cjs")


OLD_VERSION = "2.1.197"
"""Without mods and hint headers, and with another generation of models."""
NEWER_MODELS = {
    f"ANTHROPIC_DEFAULT_{tier.upper()}_MODEL": f"claude-{tier}-5-5" for tier in ("opus", "sonnet", "haiku")
}
"""Leads the old version's names for models to one family, within which a gateway may swap."""


def installed(version: str = VERSION) -> Path:
    """The client's binary, from the cache or freshly from npm; the test fails if it cannot be had."""
    return replace(CLAUDE_CODE, version=version, said=version).installed()


@dataclass(frozen=True)
class Client:
    """Claude Code at work in one project, with a home of its own, pointed at a base URL.

    `flags` go to its command line, `extra` into its environment.
    """

    binary: Path
    project: Path
    home: Path
    base_url: str
    hints: bool = True
    flags: tuple[str | Path, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    def ask(self, prompt: str, *, again: bool = False, fails: bool = False) -> dict[str, Any]:
        """What the client reports after one prompt, in a new session or (`again`) in the last one.

        The client must end well, or (`fails`) with the exit code that says it could not go on.
        """
        report = json.loads(self._said(prompt, ["json"], again=again, fails=fails))
        assert isinstance(report, dict)
        return report

    def events(self, prompt: str, *, again: bool = False) -> list[dict[str, Any]]:
        """Everything that the client tells while it works on one prompt."""
        said = self._said(prompt, ["stream-json", "--verbose"], again=again)
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def talk(self, *prompts: str) -> list[str]:
        """What one process of the client answers to prompts, each told when the last one was answered."""
        command: list[str | Path] = [self.binary, "-p", "--verbose", "--input-format", "stream-json"]
        command += ["--output-format", "stream-json", "--model", "opus", "--dangerously-skip-permissions"]
        with talking([*command, *self.flags], self.project, self._environment()) as running:
            return [_answer(running, prompt) for prompt in prompts]

    def _said(self, prompt: str, form: list[str], *, again: bool, fails: bool = False) -> str:
        command: list[str | Path] = [self.binary, *(["--continue"] if again else []), "-p", prompt]
        command += ["--output-format", *form, "--model", "opus", "--dangerously-skip-permissions"]
        command += self.flags
        return run_client(command, self.project, self._environment(), fails=fails)

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
        return said | ({"CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"} if self.hints else {}) | dict(self.extra)


def _answer(running: subprocess.Popen[str], prompt: str) -> str:
    assert running.stdin is not None
    assert running.stdout is not None
    told = {"type": "user", "message": {"role": "user", "content": prompt}}
    running.stdin.write(f"{json.dumps(told)}\n")
    running.stdin.flush()
    for line in running.stdout:
        event = json.loads(line)
        if event["type"] == "result":
            return str(event["result"])
    raise AssertionError(f"no answer to {prompt!r}")
