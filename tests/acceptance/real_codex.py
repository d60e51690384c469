"""The real Codex CLI, installed and run headless: nothing of this machine's settings reaches it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npm_client import NpmClient, run_client

VERSION = "0.169.0"
CODEX = NpmClient("@openai/codex", VERSION, "codex", f"codex-cli {VERSION}")
KEY = "sk-acceptance-test"
CONFIG = """\
model = {model}
model_provider = "tierwise"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.tierwise]
name = "tierwise"
base_url = {base_url}
wire_api = "responses"
env_key = "TIERWISE_TEST_KEY"
request_max_retries = 1
stream_max_retries = 1
"""


def installed() -> Path:
    """The client's binary, from the cache or freshly from npm; the test fails if it cannot be had."""
    return CODEX.installed()


@dataclass(frozen=True)
class Report:
    """What `codex exec --json` told: its events, one object a line."""

    events: tuple[dict[str, Any], ...]

    @property
    def text(self) -> str:
        """The last thing that the agent said; "" if it said nothing."""
        said = [item["text"] for item in self.items if item["type"] == "agent_message"]
        return said[-1] if said else ""

    @property
    def items(self) -> list[dict[str, Any]]:
        """Everything that was completed: messages, commands, calls of tools."""
        return [event["item"] for event in self.events if event["type"] == "item.completed"]

    @property
    def errors(self) -> list[str]:
        """What a person was told went wrong, in order."""
        return [str(event.get("message", "")) for event in self.events if event["type"] == "error"]

    @property
    def usage(self) -> dict[str, int]:
        """The tokens that the client counted in the whole session by then."""
        return next(event["usage"] for event in self.events if event["type"] == "turn.completed")


@dataclass(frozen=True)
class Client:
    """Codex at work in one project, with a home of its own, pointed at a base URL."""

    binary: Path
    project: Path
    home: Path
    base_url: str
    model: str = "gpt-6.1-sol"
    trusted: bool = False

    def ask(self, prompt: str, *, again: bool = False, fails: bool = False) -> Report:
        """What the client reports after one prompt, in a new session or (`again`) in the last one."""
        self._configure()
        command: list[str | Path] = [self.binary, "exec", "--json", "--skip-git-repo-check"]
        command += [*(["resume", "--last"] if again else []), prompt]
        said = run_client(command, self.project, self._environment(), fails=fails)
        return Report(tuple(json.loads(line) for line in said.splitlines() if line.startswith("{")))

    def _configure(self) -> None:
        text = CONFIG.format(model=json.dumps(self.model), base_url=json.dumps(f"{self.base_url}/v1"))
        if self.trusted:
            text += f'[projects.{json.dumps(str(self.project))}]\ntrust_level = "trusted"\n'
        (self.home / "config.toml").write_text(text)

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CODEX_HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "TIERWISE_TEST_KEY": KEY,
        }
