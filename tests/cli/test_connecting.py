"""`connect`, `disconnect` and `run` through the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tierwise.cli import main

Command = Callable[..., Result]


@pytest.fixture
def tierwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command in a home of its own."""
    for name in (
        "CLAUDE_CONFIG_DIR",
        "CODEX_HOME",
        "XDG_CONFIG_HOME",
        "OPENCODE_CONFIG",
        "ANTHROPIC_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "tierwise"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **how: Any) -> Result:
        return CliRunner().invoke(main, list(arguments), **how)

    return run


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{\n  "model": "opus",\n  "env": {"MY_TOKEN": "hunter2hunter2"}\n}\n')
    return path


def test_without_a_terminal_and_without_yes_it_only_shows(tierwise: Command, settings: Path) -> None:
    before = settings.read_bytes()
    shown = tierwise("connect", "claude")
    assert shown.exit_code == 1
    assert '"ANTHROPIC_BASE_URL": "http://127.0.0.1:8787"' in shown.stdout
    assert "say --yes" in shown.stderr
    assert settings.read_bytes() == before


@pytest.mark.parametrize(("said", "code"), [(b"n\n", 1), (b"y\n", 0)])
def test_in_a_terminal_it_asks(
    said: bytes, code: int, tierwise: Command, settings: Path, tmp_path: Path
) -> None:
    before = settings.read_bytes()
    typed, terminal = os.openpty()
    os.write(typed, said)
    command = [sys.executable, "-m", "tierwise", "connect", "claude"]
    done = subprocess.run(command, stdin=terminal, capture_output=True, timeout=60, check=False)
    os.close(typed)
    os.close(terminal)
    assert b"Write this?" in done.stdout
    assert done.returncode == code
    assert (settings.read_bytes() == before) == bool(code)


def test_a_dry_run_writes_nothing_and_is_no_failure(tierwise: Command, settings: Path) -> None:
    before = settings.read_bytes()
    assert tierwise("connect", "claude", "--dry-run").exit_code == 0
    assert tierwise("connect", "claude", "--dry-run", "--yes", "--json").exit_code == 0
    assert settings.read_bytes() == before


def test_no_secret_is_shown(tierwise: Command, settings: Path) -> None:
    shown = tierwise("connect", "claude", "--dry-run").stdout
    assert "MY_TOKEN" in shown
    assert "hunter2" not in shown
    assert "hunter2" not in tierwise("connect", "claude", "--dry-run", "--json").stdout


def test_connect_says_what_has_to_run_and_disconnect_leaves_no_trace(
    tierwise: Command, settings: Path, tmp_path: Path
) -> None:
    before = settings.read_bytes()
    done = tierwise("connect", "claude", "--yes")
    assert done.exit_code == 0
    assert f"Claude Code is connected: {settings} → http://127.0.0.1:8787" in done.stdout
    assert "Start it: tierwise serve\n" in done.stdout
    assert "connected already" in tierwise("connect", "claude").stdout
    assert "is disconnected" in tierwise("disconnect", "claude", "-y").stdout
    assert settings.read_bytes() == before
    assert "is not connected" in tierwise("disconnect", "claude").stdout


def test_the_document_of_a_connection_is_stable(tierwise: Command, settings: Path) -> None:
    told = json.loads(tierwise("connect", "claude", "--yes", "--json", "--port", "9001").stdout)
    assert told.pop("diff")[0].startswith("--- ")
    assert told == {
        "client": "claude",
        "path": str(settings),
        "action": "changed",
        "notes": [],
        "kept": [],
        "refused": [],
        "written": True,
        "url": "http://127.0.0.1:9001",
        "upstream": "https://api.anthropic.com",
        "serve": "tierwise serve --port 9001",
    }
    told = json.loads(tierwise("disconnect", "claude", "--yes", "--json").stdout)
    assert (told["action"], told["written"]) == ("changed", True)
    told = json.loads(tierwise("disconnect", "claude", "--json").stdout)
    assert (told["action"], told["written"]) == ("unchanged", False)


def test_json_without_yes_only_shows(tierwise: Command, settings: Path) -> None:
    before = settings.read_bytes()
    shown = tierwise("connect", "claude", "--json")
    assert shown.exit_code == 1
    assert json.loads(shown.stdout)["written"] is False
    assert settings.read_bytes() == before


def test_a_second_connection_keeps_its_port(tierwise: Command, settings: Path) -> None:
    tierwise("connect", "claude", "--yes", "--port", "9001")
    assert "connected already" in tierwise("connect", "claude", "--yes").stdout


def test_another_gateway_is_told_with_what_has_to_run(tierwise: Command, settings: Path) -> None:
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://llm.corp.example"}}')
    refused = tierwise("connect", "claude", "--yes")
    assert refused.exit_code == 1
    assert "llm.corp.example" in refused.stderr
    assert "tierwise serve --upstream https://llm.corp.example" in refused.stderr
    assert "127.0.0.1" not in settings.read_text()
    done = tierwise("connect", "claude", "--yes", "--replace")
    assert done.exit_code == 0
    assert "tierwise serve --upstream https://llm.corp.example" in done.stdout


def test_a_project_has_its_own_settings(tierwise: Command, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    assert tierwise("connect", "claude", "--project", "shop", "--yes").exit_code == 0
    env = json.loads((tmp_path / "shop" / ".claude" / "settings.json").read_text())["env"]
    assert env["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:8787/p/shop"
    assert not (tmp_path / ".claude").exists()
    assert tierwise("disconnect", "claude", "--project", "shop", "--yes").exit_code == 0
    assert list((tmp_path / "shop").iterdir()) == []


def test_a_project_only_says_its_name_where_the_user_is_connected(
    tierwise: Command, settings: Path, tmp_path: Path
) -> None:
    (tmp_path / "shop").mkdir()
    tierwise("connect", "claude", "--yes")
    done = tierwise("connect", "claude", "--project", "shop", "--yes")
    assert "is often committed" in done.stdout
    written = json.loads((tmp_path / "shop" / ".claude" / "settings.json").read_text())
    assert written.keys() == {"env"}
    assert written["env"].keys() == {"ANTHROPIC_BASE_URL", "TIERWISE_HOME"}


def test_a_project_hides_nothing_that_the_user_has_set(
    tierwise: Command, settings: Path, tmp_path: Path
) -> None:
    (tmp_path / "shop").mkdir()
    own = {
        "statusLine": {"type": "command", "command": "x"},
        "env": {"ANTHROPIC_CUSTOM_HEADERS": "X-Team: a", "ANTHROPIC_SMALL_FAST_MODEL": "m"},
    }
    settings.write_text(json.dumps(own))
    done = tierwise("connect", "claude", "--project", "shop", "--yes", "--without", "plugin")
    assert "speak of it: fallback, small-model, statusline" in done.stdout
    written = json.loads((tmp_path / "shop" / ".claude" / "settings.json").read_text())
    assert written.keys() == {"env", "hooks"}
    assert written["env"].keys() == {
        "ANTHROPIC_BASE_URL",
        "CLAUDE_CODE_GATEWAY_HINT_HEADERS",
        "TIERWISE_HOME",
    }
    assert json.loads(settings.read_text()) == own


def test_a_password_in_another_gateways_url_is_not_repeated(tierwise: Command, settings: Path) -> None:
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://me:hunter2hunter2@llm.corp.example"}}')
    for more in ((), ("--json",), ("--replace",), ("--replace", "--json")):
        assert "hunter2" not in tierwise("connect", "claude", "--yes", *more).output
        tierwise("disconnect", "claude", "--yes")


def test_parts_can_be_left_out(tierwise: Command, settings: Path) -> None:
    tierwise("connect", "claude", "--yes", "--without", "hooks, statusline,plugin")
    assert json.loads(settings.read_text()).keys() == {"model", "env", "fallbackModel"}


@pytest.mark.parametrize(
    ("client", "variable", "place"),
    [
        ("claude", "CLAUDE_CONFIG_DIR", "settings.json"),
        ("codex", "CODEX_HOME", "config.toml"),
        ("opencode", "XDG_CONFIG_HOME", "opencode/opencode.json"),
    ],
)
def test_where_a_client_keeps_its_settings_is_heeded(
    client: str, variable: str, place: str, tierwise: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert tierwise("connect", client, "--yes").exit_code == 0
    assert "127.0.0.1" in (tmp_path / "elsewhere" / place).read_text()


@pytest.mark.parametrize("client", ["claude", "codex", "opencode"])
def test_one_gateway_serves_every_client(client: str, tierwise: Command) -> None:
    done = tierwise("connect", client, "--yes")
    assert done.stdout.endswith("No gateway answers there yet. Start it: tierwise serve\n")


def test_a_gateway_that_goes_on_to_another_provider_is_told(
    tierwise: Command, settings: Path, tmp_path: Path
) -> None:
    with serving_health("https://llm.corp.example") as url:
        done = tierwise("connect", "claude", "--yes", "--url", url)
        assert "another provider. Needed: tierwise serve" in done.stdout
        assert "Needed" not in tierwise("connect", "codex", "--url", url, "--dry-run").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("connect", "emacs"),
        ("connect", "claude", "--port", "0"),
        ("connect", "claude", "--port", "1", "--url", "http://127.0.0.1:1"),
        ("connect", "claude", "--url", "https://tierwise.example"),
        ("connect", "claude", "--url", "http://10.0.0.1:8787"),
        ("connect", "claude", "--url", "http://127.0.0.1:x"),
        ("connect", "claude", "--url", "http://me:pw@127.0.0.1:1"),
        ("connect", "claude", "--without", "everything"),
        ("connect", "codex", "--without", "hooks"),
        ("connect", "codex", "--project", "."),
        ("connect", "claude", "--project", ".", "--user"),
        ("connect", "claude", "--project", "missing"),
        ("run", "emacs"),
        ("run", "--url", "http://127.0.0.1:1", "--upstream", "simulator", "claude"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_written(
    arguments: tuple[str, ...], tierwise: Command, tmp_path: Path
) -> None:
    assert tierwise(*arguments).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_is_told_with_its_line(tierwise: Command, settings: Path) -> None:
    settings.write_text('{\n"a": 1\n"b": 2\n}')
    done = tierwise("connect", "claude", "--yes")
    assert done.exit_code == 1
    assert f"{settings}:3 cannot be edited" in done.stderr
    assert "Traceback" not in done.output


def test_the_terminals_own_orders_are_not_repeated(tierwise: Command, settings: Path) -> None:
    settings.write_text('{"model": "\\u001b[2J", "a": "\u202e\u009b31m"}')
    shown = tierwise("connect", "claude", "--dry-run").stdout
    assert "\u202e" not in shown
    assert "\u009b" not in shown


def test_two_at_once_leave_one_connection(tierwise: Command, settings: Path) -> None:
    before = settings.read_bytes()
    command = [sys.executable, "-m", "tierwise", "connect", "claude", "--yes", "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    codes = {process.wait(timeout=60) for process in both}
    for process in both:
        process.communicate()
    assert codes <= {0, 1}
    assert 0 in codes
    json.loads(settings.read_text())
    tierwise("disconnect", "claude", "--yes")
    assert settings.read_bytes() == before


# -- run ---------------------------------------------------------------------------------------------------

CLIENT = """\
#!{python}
import json, os, signal, sys, time
from pathlib import Path
from urllib.request import urlopen
named = ("OPENCODE_CONFIG_CONTENT", "TIERWISE_URL")
told = {{"arguments": sys.argv[1:], **{{name: os.environ.get(name) for name in named}}}}
with urlopen(os.environ["TIERWISE_URL"] + "/tierwise/health", timeout=10) as answer:
    told["upstream"] = json.load(answer)["upstream"]
Path("told.json").write_text(json.dumps(told))
if "wait" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))
    Path("ready").touch()
    time.sleep(30)
if "die" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(7)
"""


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Clients that tell how they were started, and end with 7."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("claude", "codex", "opencode"):
        (folder / name).write_text(CLIENT.format(python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


@contextmanager
def serving_health(upstream: str) -> Iterator[str]:
    """Something that answers as a gateway with this upstream does."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"status": "ok", "upstream": upstream}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def gateway() -> Iterator[str]:
    with serving_health("http://127.0.0.1:1") as url:
        yield url


def told(folder: Path) -> dict[str, Any]:
    heard: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return heard


def test_run_gives_claude_code_its_settings_as_a_flag(
    tierwise: Command, clients: Path, gateway: str, settings: Path, tmp_path: Path
) -> None:
    own = {"command": "mine.sh", "type": "command"}
    settings.write_text(json.dumps({"statusLine": own, "env": {"ANTHROPIC_CUSTOM_HEADERS": "x-a: 1"}}))
    before = settings.read_bytes()
    done = tierwise("run", "--url", gateway, "claude", "--", "--settings", '{"model": "opus"}', "-p", "hi")
    assert done.exit_code == 7
    flag, said, *rest = told(tmp_path)["arguments"]
    values = json.loads(said)
    assert flag == "--settings"
    assert values["model"] == "opus"
    assert values["env"]["ANTHROPIC_BASE_URL"] == gateway
    assert values["env"]["ANTHROPIC_CUSTOM_HEADERS"] == "x-a: 1\nx-tierwise-fallbacks: sonnet,haiku"
    assert "statusLine" not in values
    assert rest[-2:] == ["-p", "hi"]
    assert settings.read_bytes() == before


def test_run_gives_codex_its_settings_as_flags(
    tierwise: Command, clients: Path, gateway: str, tmp_path: Path
) -> None:
    assert tierwise("run", "--url", gateway, "codex", "exec", "hello").exit_code == 7
    assert told(tmp_path)["arguments"] == [
        "-c",
        'model_provider="tierwise"',
        "-c",
        f'model_providers.tierwise={{ name = "tierwise", base_url = "{gateway}/v1", '
        'wire_api = "responses", requires_openai_auth = true }',
        "exec",
        "hello",
    ]


def test_run_gives_opencode_its_settings_in_the_environment(
    tierwise: Command, clients: Path, gateway: str, tmp_path: Path
) -> None:
    said = '{"share": "disabled"}'
    done = tierwise("run", "--url", gateway, "opencode", env={"OPENCODE_CONFIG_CONTENT": said})
    assert done.exit_code == 7
    assert json.loads(told(tmp_path)["OPENCODE_CONFIG_CONTENT"]) == {
        "share": "disabled",
        "provider": {"anthropic": {"options": {"baseURL": f"{gateway}/v1"}}},
    }


def test_run_starts_a_gateway_and_ends_it(tierwise: Command, clients: Path, tmp_path: Path) -> None:
    done = tierwise("run", "--upstream", "simulator", "claude", "die")
    assert done.exit_code == 128 + signal.SIGKILL
    url = told(tmp_path)["TIERWISE_URL"]
    assert url.startswith("http://127.0.0.1:")
    refused = tierwise("run", "--url", url, "claude")
    assert refused.exit_code == 1
    assert "no gateway answers" in refused.stderr


PROVIDERS = {
    "claude": "https://api.anthropic.com",
    "codex": "https://api.openai.com",
    "opencode": "https://api.anthropic.com",
}


@pytest.mark.parametrize("client", list(PROVIDERS))
def test_run_goes_on_to_the_provider_also_where_the_client_is_connected(
    client: str, tierwise: Command, clients: Path, tmp_path: Path
) -> None:
    more = ("--without", "hooks") if client == "claude" else ()
    tierwise("connect", client, "--yes", "--port", "1", *more)
    assert tierwise("run", client).exit_code == 7
    assert told(tmp_path)["upstream"] == PROVIDERS[client]


def test_run_goes_on_to_the_users_own_gateway(
    tierwise: Command, clients: Path, settings: Path, tmp_path: Path
) -> None:
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://llm.corp.example"}}')
    assert tierwise("run", "claude").exit_code == 7
    assert told(tmp_path)["upstream"] == "https://llm.corp.example"


def test_run_passes_signals_on(tierwise: Command, clients: Path, gateway: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tierwise", "run", "--url", gateway, "claude", "wait"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 42


def test_run_says_what_is_missing_as_a_shell_does(
    tierwise: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = tierwise("run", "claude")
    assert done.exit_code == 127
    assert "`claude` is not found" in done.stderr


def test_run_tells_settings_that_it_cannot_read(tierwise: Command, clients: Path, gateway: str) -> None:
    for given in ('{"a": ', "no-such-file.json"):
        done = tierwise("run", "--url", gateway, "claude", "--", "--settings", given)
        assert done.exit_code == 1
        assert "--settings cannot be read" in done.stderr
