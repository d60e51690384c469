"""Connected clients: their own settings alone lead them through the gateway, and `run` does for one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from npm_client import INSTALL_S, run_client
from real_codex import KEY
from real_opencode import ripgrep
from staging import Stage

from tierwise.simulator.server import RunningSimulator

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
SOL = "gpt-6.1-sol"
MAPPER = "page-component-mapper"
CLAUDE_SETTINGS = """\
{
    "model": "opus",
    "env": {
        "ANTHROPIC_API_KEY": "sk-ant-acceptance-test",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1"
    }
}
"""
CODEX_SETTINGS = """\
model = "gpt-6.1-sol" # mine
check_for_update_on_startup = false
[analytics]
enabled = false
"""
OPENCODE_SETTINGS = """\
{
  // mine
  "$schema": "https://opencode.ai/config.json",
  "model": "anthropic/claude-opus-5-5",
  "small_model": "anthropic/claude-haiku-5-5",
  "share": "disabled",
  "autoupdate": false,
  "provider": {"anthropic": {"models": {}, "options": {"apiKey": "sk-acceptance-test"}}},
}
"""


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def alone(stage: Stage, *, path: str = "") -> dict[str, str]:
    """An environment that says nothing of a gateway, nor of anything else that a client must know."""
    places = [path, os.environ["PATH"]] if path else [os.environ["PATH"]]
    return {
        "PATH": os.pathsep.join(places),
        "HOME": str(stage.client.home),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "IS_SANDBOX": "1",
    }


def ask_claude(stage: Stage, prompt: str) -> str:
    command = [stage.client.binary, "-p", prompt, "--output-format", "json", "--dangerously-skip-permissions"]
    report: dict[str, Any] = json.loads(run_client(command, stage.client.project, alone(stage)))
    return str(report["result"])


def connected(stage: Stage, client: str, *more: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(stage.tierwise("connect", client, "--yes", "--json", *more))
    assert told["url"] == stage.client.base_url, "the gateway that runs is the one that is meant"
    assert told["written"]
    return told


@pytest.mark.shows("connect", "gateway")
@pytest.mark.shows("connect", "gateway")
def test_claude_code_goes_through_the_gateway_by_its_settings_alone(stage: Callable[..., Stage]) -> None:
    played = stage([{"match": {"request_class": "auxiliary"}, "respond": {"text": "A title"}}], hints=False)
    settings = written(played.client.home / ".claude" / "settings.json", CLAUDE_SETTINGS)
    connected(played, "claude")

    ask_claude(played, f"/{MAPPER} src/app.tsx")
    calls = {(call.request_class, call.skill, call.sent) for call in played.seen()}
    assert ("main", MAPPER, HAIKU) in calls, "hints are on: the gateway knows what each call is"
    assert {sent for kind, _, sent in calls if kind == "auxiliary"} <= {HAIKU}

    assert not json.loads(settings.read_text())["env"]["ANTHROPIC_BASE_URL"].endswith("/")
    played.tierwise("disconnect", "claude", "--yes")
    assert settings.read_text() == CLAUDE_SETTINGS


@pytest.mark.shows("connect", "gateway")
@pytest.mark.shows("connect", "gateway")
def test_an_older_claude_code_takes_the_settings_too(old_stage: Callable[..., Stage]) -> None:
    """It knows no mods, and may write the file anew: what is ours is taken out of that as well."""
    played = old_stage([])
    text = CLAUDE_SETTINGS.replace('    "model": "opus",\n', "")
    settings = written(played.client.home / ".claude" / "settings.json", text)
    connected(played, "claude")
    assert ask_claude(played, "hi").startswith("Simulated answer of ")
    assert [call.request_class for call in played.seen()].count("main") == 1
    played.tierwise("disconnect", "claude", "--yes")
    assert json.loads(settings.read_text()) == json.loads(text)


@pytest.mark.shows("connect", "mod")
@pytest.mark.shows("connect", "mod")
def test_the_mod_comes_with_the_settings(stage: Callable[..., Stage]) -> None:
    """The client's calls are led past the gateway here: what asks for another model is the client itself."""
    played = stage([], hints=False)
    settings = written(played.client.home / ".claude" / "settings.json", CLAUDE_SETTINGS)
    connected(played, "claude")
    with RunningSimulator() as simulator:
        values = json.loads(settings.read_text())
        values["env"] |= {"ANTHROPIC_BASE_URL": simulator.url, "TIERWISE_URL": played.client.base_url}
        settings.write_text(json.dumps(values))
        ask_claude(played, f"/{MAPPER} src/app.tsx")
        asked = [entry for entry in simulator.log if entry.api == "messages"]
    assert [entry.model for entry in asked if entry.request_class == "main"] == [HAIKU]


def test_a_connected_project_is_recorded_under_its_name(stage: Callable[..., Stage]) -> None:
    played = stage([], hints=False)
    written(played.client.home / ".claude" / "settings.json", CLAUDE_SETTINGS)
    project: Path = played.client.project
    connected(played, "claude", "--project", str(project))
    ask_claude(played, "hi")
    assert {record["project"] for record in played.recorded()} == {project.name}
    played.tierwise("disconnect", "claude", "--yes", "--project", str(project))
    assert not (project / ".claude" / "settings.json").exists()
    assert (project / ".claude" / "skills").exists()


@pytest.mark.shows("connect", "gateway")
@pytest.mark.shows("connect", "gateway")
def test_codex_goes_through_the_gateway_by_its_settings_alone(codex_stage: Callable[..., Stage]) -> None:
    played = codex_stage([])
    settings = written(played.client.home / ".codex" / "config.toml", CODEX_SETTINGS)
    written(played.client.home / ".codex" / "auth.json", json.dumps({"OPENAI_API_KEY": KEY}))
    connected(played, "codex")

    command = [played.client.binary, "exec", "--skip-git-repo-check", "hello"]
    run_client(command, played.client.project, alone(played))
    assert [call.sent for call in played.seen()] == [SOL]

    played.tierwise("disconnect", "codex", "--yes")
    assert settings.read_text() == CODEX_SETTINGS


@pytest.mark.shows("connect", "gateway")
@pytest.mark.shows("connect", "gateway")
def test_opencode_goes_through_the_gateway_by_its_settings_alone(
    opencode_stage: Callable[..., Stage],
) -> None:
    played = opencode_stage([])
    settings = written(played.client.home / ".config" / "opencode" / "opencode.jsonc", OPENCODE_SETTINGS)
    connected(played, "opencode")

    place = alone(played, path=str(ripgrep(played.client.binary).parent))
    quiet = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"}
    run_client([played.client.binary, "run", "hello"], played.client.project, place | quiet)
    assert OPUS in {call.sent for call in played.seen()}

    played.tierwise("disconnect", "opencode", "--yes")
    assert settings.read_text() == OPENCODE_SETTINGS


# -- run ---------------------------------------------------------------------------------------------------


def run(
    stage: Stage, *arguments: str, more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    place = alone(stage, path=str(stage.client.binary.parent)) | {
        "TIERWISE_HOME": stage.environment["TIERWISE_HOME"]
    }
    return subprocess.run(
        [sys.executable, "-m", "tierwise", "run", *arguments],
        cwd=stage.client.project,
        env=place | (more or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_run_leads_claude_code_there_once_and_changes_no_file(stage: Callable[..., Stage]) -> None:
    played = stage([], hints=False)
    settings = written(played.client.home / ".claude" / "settings.json", CLAUDE_SETTINGS)
    asked = ["claude", "--", "-p", f"/{MAPPER} src/app.tsx", "--dangerously-skip-permissions"]
    done = run(played, *asked, "--settings", '{"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-mine: 1"}}')
    assert done.returncode == 0, done.stderr
    assert ("main", MAPPER, HAIKU) in {(c.request_class, c.skill, c.sent) for c in played.seen()}
    assert all(call["headers"]["x-mine"] == "1" for call in played.provided())
    assert settings.read_text() == CLAUDE_SETTINGS


def test_run_starts_a_gateway_of_its_own_where_none_is_meant(stage: Callable[..., Stage]) -> None:
    played = stage([], hints=False)
    written(played.client.home / ".claude" / "settings.json", CLAUDE_SETTINGS)
    done = run(played, "--upstream", "simulator", "claude", "--", "-p", "hi")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Simulated answer of ")
    assert played.provided() == []


def test_run_passes_the_exit_code_on(stage: Callable[..., Stage]) -> None:
    played = stage([])
    assert run(played, "claude", "--", "--no-such-flag").returncode == 1


def test_run_leads_codex_there_once(codex_stage: Callable[..., Stage]) -> None:
    played = codex_stage([])
    own = CODEX_SETTINGS.replace(
        "[analytics]",
        'model_provider = "k"\n[model_providers.k]\nname = "k"\nenv_key = "MY_KEY"\n[analytics]',
    )
    settings = written(played.client.home / ".codex" / "config.toml", own)
    asked = ["codex", "--", "exec", "--skip-git-repo-check", "hello"]
    done = run(played, *asked, more={"MY_KEY": KEY})
    assert done.returncode == 0, done.stderr
    assert [call.sent for call in played.seen()] == [SOL]
    assert settings.read_text() == own


def test_run_leads_opencode_there_once(opencode_stage: Callable[..., Stage]) -> None:
    played = opencode_stage([])
    settings = written(played.client.home / ".config" / "opencode" / "opencode.jsonc", OPENCODE_SETTINGS)
    more = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"}
    more["PATH"] = os.pathsep.join(
        (str(played.client.binary.parent), str(ripgrep(played.client.binary).parent), os.environ["PATH"])
    )
    done = run(played, "opencode", "--", "run", "hello", more=more)
    assert done.returncode == 0, done.stderr
    assert OPUS in {call.sent for call in played.seen()}
    assert settings.read_text() == OPENCODE_SETTINGS
