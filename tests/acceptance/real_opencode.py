"""The real opencode, installed and run headless: nothing of this machine's settings reaches it.

It looks for ripgrep to find its skills, and would download one from GitHub; a copy from npm is put on its
path.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from npm_client import NpmClient, run_client

VERSION = "1.18.33"
OPENCODE = NpmClient(
    "opencode-ai",
    VERSION,
    "opencode",
    VERSION,
    script="postinstall.mjs",
    beside=("@vscode/ripgrep@1.18.0",),
)
KEY = "sk-acceptance-test"
ANTHROPIC, COMPATIBLE = "anthropic", "tierwise"
MODELS = {
    ANTHROPIC: ("claude-opus-5-5", "claude-haiku-5-5"),
    COMPATIBLE: ("gpt-6.1-sol", "gpt-6-luna"),
}
"""What each provider runs on, and what it asks for titles."""


def installed() -> Path:
    """The client's binary, from the cache or freshly from npm; the test fails if it cannot be had."""
    return OPENCODE.installed()


def ripgrep(binary: Path) -> Path:
    """The ripgrep that was installed beside the client."""
    found = sorted((binary.parents[1] / "@vscode").glob("ripgrep-*/bin/rg*"))
    if not found:
        pytest.fail(f"npm brought no ripgrep for this machine into {binary.parents[1]}")
    return found[0]


@dataclass(frozen=True)
class Report:
    """What `opencode run --format json` told: its events, one object a line."""

    events: tuple[dict[str, Any], ...]

    @property
    def text(self) -> str:
        """The last thing that the agent said; "" if it said nothing."""
        said = [event["part"]["text"] for event in self.events if event["type"] == "text"]
        return said[-1] if said else ""

    @property
    def errors(self) -> list[str]:
        """What a person was told went wrong, in order."""
        return [json.dumps(event["error"]) for event in self.events if event["type"] == "error"]


@dataclass(frozen=True)
class Client:
    """opencode at work in one project, with a home of its own, pointed at a base URL.

    `provider` is `anthropic`, or `tierwise`: one that speaks Chat Completions. `model` is another
    than the settings have, chosen by the user on the command line.
    """

    binary: Path
    project: Path
    home: Path
    base_url: str
    provider: str = ANTHROPIC
    model: str = ""

    def ask(self, prompt: str, *, again: bool = False, fails: bool = False, command: str = "") -> Report:
        """What the client reports after one prompt, in a new session or (`again`) in the last one.

        The prompt may be the arguments of a `command`.
        """
        (self.project / "opencode.json").write_text(json.dumps(self._settings()))
        line: list[str | Path] = [self.binary, "run", "--format", "json", "--auto"]
        line += [flag for one in self._chosen() for flag in ("--model", f"{self.provider}/{one}")]
        line += [*(["--continue"] if again else []), *(["--command", command] if command else []), prompt]
        said = run_client(line, self.project, self._environment(), fails=fails)
        return Report(tuple(json.loads(line) for line in said.splitlines() if line.startswith("{")))

    def _chosen(self) -> tuple[str, ...]:
        return (self.model,) if self.model else ()

    def _settings(self) -> dict[str, Any]:
        model, small = MODELS[self.provider]
        options = {"baseURL": f"{self.base_url}/v1", "apiKey": KEY}
        how: dict[str, Any] = {
            "options": options,
            "models": {one: {} for one in (model, small, *self._chosen())},
        }
        if self.provider == COMPATIBLE:
            how |= {"npm": "@ai-sdk/openai-compatible", "name": "tierwise"}
        return {
            "$schema": "https://opencode.ai/config.json",
            "model": f"{self.provider}/{model}",
            "small_model": f"{self.provider}/{small}",
            "share": "disabled",
            "provider": {self.provider: how},
        }

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{ripgrep(self.binary).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        }
