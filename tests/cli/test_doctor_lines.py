"""`tierwise doctor`: each kind of breakage has its line and its remedy, and a pass is a proof."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from gateway_harness import HAIKU, OPUS, SONNET, Door, as_asked, door, message, request, typed, whole
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_samples import execution
from tierwise import wiring
from tierwise.cli import main
from tierwise.cli.doctor import OF_CLIENT
from tierwise.cli.doctor_clients import Client
from tierwise.cli.doctor_gateway import Found
from tierwise.clients.in_force import environment_layer, read_layer
from tierwise.core.usage import Usage
from tierwise.wiring import client_layers

JSON = {"content_type": "application/json"}
KEYS = {"ANTHROPIC_API_KEY": "sk-doctor"}
UNSET = (
    *("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"),
    *("CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCODE_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
    *("CLAUDE_CODE_GATEWAY_HINT_HEADERS", "ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_SMALL_FAST_MODEL"),
)


@dataclass
class Seen:
    """What doctor said, by name; of several lines of one name the last."""

    exit_code: int
    document: dict[str, Any]

    def __getitem__(self, name: str) -> dict[str, Any]:
        section, _, wanted = name.rpartition("/")
        found = [one for one in self.document["lines"] if one["name"] == wanted and section in one["section"]]
        assert found, f"no line {name}"
        return found[-1]

    def states(self, *names: str) -> list[str]:
        return [self[name]["state"] for name in names]


@dataclass
class Place:
    """A person's machine: a home, a project, and which programs are on PATH."""

    root: Path

    def __post_init__(self) -> None:
        for folder in ("home", "me", "bin", "project"):
            (self.root / folder).mkdir(exist_ok=True)

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def user_settings(self) -> Path:
        return self.root / "me" / ".claude" / "settings.json"

    def program(self, name: str, says: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{says}\n")
        path.chmod(0o755)

    def settings(self, value: object, path: Path | None = None) -> Path:
        path = path or self.user_settings
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    def run(self, *arguments: str, **env: str) -> Result:
        own = {"HOME": str(self.root / "me"), "PATH": str(self.root / "bin")}
        where = {"TIERWISE_HOME": str(self.root / "home"), **own, **dict.fromkeys(UNSET)}
        return CliRunner(env={**where, **env}).invoke(main, arguments)

    def doctor(self, *arguments: str, **env: str) -> Seen:
        done = self.run("doctor", "--json", "--project", str(self.project), *arguments, **env)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        return Seen(done.exit_code, json.loads(done.output))


@pytest.fixture(autouse=True)
def _unmanaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine's owner manages must not count."""
    monkeypatch.setattr(client_layers, "MANAGED", {})
    monkeypatch.setattr(client_layers, "MANAGED_ELSEWHERE", str(tmp_path / "etc"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def with_gateway(tmp_path: Path, what: Callable[[Place, Door], None], budgets: str = "", **how: Any) -> None:
    """Run a gateway, and `what` in a thread beside it."""
    (tmp_path / "budgets.yaml").write_text(budgets)

    async def run() -> None:
        async with door(tmp_path, **how) as opened:
            await asyncio.to_thread(what, Place(tmp_path), opened)

    asyncio.run(run())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def connected(url: str, **more: Any) -> dict[str, Any]:
    """Settings of a client that is connected, but for what is changed."""
    hook = {"hooks": [{"type": "http", "url": f"{url}/tierwise/hooks/claude", "timeout": 5}]}
    events = ("PreToolUse", "SubagentStart", "SubagentStop", "UserPromptSubmit", "SessionEnd")
    env = {"ANTHROPIC_BASE_URL": url, "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"}
    return {
        "env": {**env, "ANTHROPIC_DEFAULT_HAIKU_MODEL": HAIKU, **more.pop("env", {})},
        "fallbackModel": ["sonnet", "haiku"],
        "hooks": {event: [hook] for event in events},
        "statusLine": {"type": "command", "command": "tierwise statusline"},
        "enabledPlugins": {"tierwise@tierwise": True},
        **more,
    }


# -- a pass is a proof -------------------------------------------------------------------------------------


def test_in_front_of_the_simulator_every_protocol_is_proved(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        seen = place.doctor()

        assert seen.exit_code == 0
        names = [f"probes/{name}" for name in ("messages", "chat", "responses", "mod", "hooks")]
        assert seen.states("running", "mode", "alarms", *names) == ["ok"] * 8
        facts = seen["messages"]["facts"]
        assert (facts["asked"], facts["decided"], facts["served"]) == (OPUS, HAIKU, HAIKU)
        assert at.models_asked_for() == [HAIKU]
        assert list((tmp_path / "home" / "probes").iterdir()) == []

    with_gateway(tmp_path, what)


def test_what_connect_writes_is_found_in_order(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        place.program("claude", "echo '2.1.330 (Claude Code)'")
        done = place.run("connect", "claude", "--yes", "--url", at.running.url)
        assert done.exit_code == 0, done.output
        seen = place.doctor()

        assert seen["Claude/program"]["text"].startswith("2.1.330, ")
        assert seen["calls"]["text"] == (f"they go to {at.running.url} (user settings {place.user_settings})")
        names = ("calls", "hint headers", "small model", "fallback", "Claude/hooks", "status line")
        assert seen.states(*names) == ["ok"] * 6

    with_gateway(tmp_path, what)


def test_a_page_for_people_says_the_same(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        done = place.run("doctor", "--project", str(place.project))

        assert done.exit_code == 0
        assert f"  ok    messages       asked {OPUS}, decided {HAIKU} (preferred), served" in done.output
        assert "→ " in done.output
        assert done.output.splitlines()[-1].endswith(" 0 fail")
        assert max(map(len, done.output.splitlines())) <= 100

    with_gateway(tmp_path, what)


# -- probes that fail --------------------------------------------------------------------------------------


def test_a_provider_that_answers_with_another_model_fails_the_probe(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        seen = place.doctor("--probe", **KEYS)

        assert (seen.exit_code, seen["messages"]["state"]) == (1, "fail")
        assert f"decided {HAIKU} (preferred), served {SONNET}" in seen["messages"]["text"]
        assert seen["alarms"]["state"] == "ok"
        assert place.doctor("--probe", ANTHROPIC_AUTH_TOKEN="sk-token")["alarms"]["state"] == "warn"
        assert at.provider is not None
        assert at.provider.seen[0].by_name["x-api-key"] == "sk-doctor"
        assert at.provider.seen[-1].by_name["authorization"] == "Bearer sk-token"

    with_gateway(tmp_path, what, answering=whole(200, message(SONNET), **JSON))


def test_a_probe_that_costs_money_is_only_announced(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        seen = place.doctor(**KEYS)

        assert (seen.exit_code, seen["probes/all"]["state"]) == (0, "warn")
        assert (
            "tierwise doctor --probe sends 3 tiny requests, for at most about $0.00"
            in (seen["probes/all"]["remedy"])
        )
        assert at.provider is not None
        assert at.provider.seen == []

    with_gateway(tmp_path, what, answering=as_asked())


def test_without_a_credential_nothing_is_sent(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        assert "ANTHROPIC_API_KEY" in place.doctor("--probe")["probes/all"]["remedy"]
        assert at.provider is not None
        assert at.provider.seen == []

    with_gateway(tmp_path, what, answering=as_asked())


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (401, "fail", "refused the credential (401): go away"),
        (404, "warn", "the provider does not serve it: go away"),
        (500, "fail", "answered 500: go away"),
    ],
)
def test_a_provider_that_refuses_is_told_in_its_words(
    tmp_path: Path, status: int, state: str, words: str
) -> None:
    def what(place: Place, at: Door) -> None:
        line = place.doctor("--probe", **KEYS)["messages"]
        assert (line["state"], words in line["text"]) == (state, True)

    body = json.dumps({"type": "error", "error": {"type": "api_error", "message": "go away"}}).encode()
    with_gateway(tmp_path, what, answering=whole(status, body, **JSON))


def test_a_provider_that_is_away_fails_the_probe(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        seen = place.doctor("--probe", **KEYS)
        assert (seen.exit_code, seen["messages"]["state"]) == (1, "fail")
        assert "cannot be reached" in seen["messages"]["text"]

    with_gateway(tmp_path, what, upstream=f"http://127.0.0.1:{free_port()}")


def test_a_full_hard_budget_refuses_the_probe_and_that_is_no_failure(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        seen = place.doctor()
        assert (seen.exit_code, seen["messages"]["state"]) == (0, "warn")
        assert "refused before a token was spent" in seen["messages"]["text"]
        assert at.models_asked_for() == []

    with_gateway(tmp_path, what, "none: {limit: 0messages, window: weekly, hard: true}\n")


@pytest.mark.parametrize("mode", ["observe", "off"])
def test_a_mode_that_changes_nothing_is_said(tmp_path: Path, mode: str) -> None:
    def what(place: Place, at: Door) -> None:
        seen = place.doctor()
        assert seen.states("mode", "messages", "mod") == ["warn"] * 3
        assert f"in mode {mode} nothing is changed" in seen["messages"]["text"]
        assert seen.exit_code == 0

    with_gateway(tmp_path, what, config=f"mode: {mode}\n")


def test_a_rule_that_is_stronger_than_the_skill_is_named(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        line = place.doctor()["messages"]
        assert (line["state"], "the skill prefers haiku" in line["text"]) == ("warn", True)
        assert line["facts"]["decided"] == OPUS

    with_gateway(tmp_path, what, config="force_model: opus\n")


# -- the gateway -------------------------------------------------------------------------------------------


def test_no_gateway_is_a_warning_while_nobody_needs_it(place: Place) -> None:
    seen = place.doctor("--url", f"http://127.0.0.1:{free_port()}")
    assert (seen.exit_code, seen["running"]["state"]) == (0, "warn")
    assert "tierwise serve --port" in seen["running"]["remedy"]
    assert seen["programs"]["state"] == "warn"


def test_another_program_at_its_port_is_a_failure(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        assert at.provider is not None
        seen = place.doctor("--url", at.running.upstream)
        assert (seen.exit_code, seen["running"]["text"]) == (
            1,
            f"another program answers at {at.running.upstream}",
        )

    with_gateway(tmp_path, what, answering=whole(200, b"{}", **JSON))


def test_a_gateway_of_another_version_is_to_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def what(place: Place, at: Door) -> None:
        monkeypatch.setattr("tierwise.cli.doctor.version", lambda _: "9.9.9")
        assert "this command is 9.9.9" in place.doctor()["version"]["text"]

    with_gateway(tmp_path, what)


def test_skills_outside_the_roots_are_named(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        outside = tmp_path / "elsewhere" / "mapper"
        outside.mkdir(parents=True)
        body = request(typed(str(outside), "Map it."))
        answer = place_asked(at, body)
        assert answer == 200
        line = place.doctor()["gateway/skills"]
        assert (line["state"], str(outside) in line["text"]) == ("warn", True)
        assert "--skill-root" in line["remedy"]

    with_gateway(tmp_path, what)


def place_asked(at: Door, body: dict[str, Any]) -> int:
    from tierwise.cli.doctor_gateway import asked

    return asked(at.running.url, "POST", "/v1/messages", body, {"x-api-key": "sk-test"}).status


def test_an_address_that_is_no_gateways_is_refused(place: Place) -> None:
    assert place.run("doctor", "--url", "https://example.com").exit_code == 2
    assert place.run("doctor", "--project", str(place.root / "nowhere")).exit_code == 2


# -- Claude Code -------------------------------------------------------------------------------------------


def test_a_client_whose_gateway_is_gone_cannot_work(place: Place) -> None:
    port = free_port()
    place.settings(connected(f"http://127.0.0.1:{port}"))
    seen = place.doctor()

    assert (seen.exit_code, seen["calls"]["state"]) == (1, "fail")
    assert seen["calls"]["remedy"] == f"tierwise serve --port {port}, or tierwise disconnect claude"


def test_the_stronger_file_wins_and_is_named(tmp_path: Path) -> None:
    managed = tmp_path / "etc" / "managed-settings.json"

    def what(place: Place, at: Door) -> None:
        url = at.running.url
        place.settings(connected(url))
        project = place.settings(
            {"env": {"ANTHROPIC_BASE_URL": "https://proxy.example"}},
            place.project / ".claude" / "settings.json",
        )
        line = place.doctor()["calls"]
        assert line["state"] == "warn"
        assert line["text"] == (
            f"they go to https://proxy.example, past tierwise (project settings {project}, over "
            f"user settings {place.user_settings})"
        )
        assert line["remedy"] == "tierwise connect claude --replace --project ."

        local = place.settings(
            {"env": {"ANTHROPIC_BASE_URL": url}}, place.project / ".claude" / "settings.local.json"
        )
        assert place.doctor()["calls"]["facts"]["by"] == f"local settings {local}"

        place.settings({"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}}, managed)
        seen = place.doctor(ANTHROPIC_BASE_URL="http://shell.example")
        assert seen["calls"]["facts"]["by"] == f"managed settings {managed}"
        assert seen["calls"]["facts"]["over"][-1] == "environment"

    with_gateway(tmp_path, what)


@pytest.mark.parametrize(
    ("change", "line", "state", "words"),
    [
        ({"fallbackModel": "sonnet"}, "fallback", "warn", "Claude Code ignores it"),
        ({"fallbackModel": None}, "fallback", "warn", "ignores it"),
        ({"disableAllHooks": True}, "Claude/hooks", "warn", "disableAllHooks"),
        ({"hooks": {}}, "Claude/hooks", "warn", "not told of PreToolUse, SubagentStart"),
        ({"env": {"CLAUDE_CODE_GATEWAY_HINT_HEADERS": "0"}}, "hint headers", "warn", "off"),
        ({"env": {"ANTHROPIC_DEFAULT_HAIKU_MODEL": ""}}, "small model", "warn", "not set"),
        ({"statusLine": {"command": "mine"}}, "status line", "ok", "another one"),
        ({"enabledPlugins": {}}, "Claude/mod", "warn", "not enabled"),
        ({"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}, "note", "warn", "past its base URL"),
        ({"allowedHttpHookUrls": []}, "note", "warn", "allowedHttpHookUrls"),
        ({"env": {"ANTHROPIC_BASE_URL": "nonsense"}}, "calls", "fail", "is no URL"),
    ],
)
def test_each_setting_that_is_missing_or_wrong_has_its_line(
    place: Place, change: dict[str, Any], line: str, state: str, words: str
) -> None:
    place.settings(connected("http://127.0.0.1:9", **change))
    found = place.doctor()[line]
    assert (found["state"], words in found["text"]) == (state, True), found
    assert found["state"] == "ok" or found["remedy"]


def test_hooks_that_are_told_to_another_gateway_are_found(place: Place) -> None:
    place.settings({**connected("http://127.0.0.1:9"), "env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8"}})
    line = place.doctor("--url", "http://127.0.0.1:8")["Claude/hooks"]
    assert (line["state"], "another gateway" in line["text"]) == ("warn", True)


@pytest.mark.parametrize(
    ("says", "state", "words"),
    [
        ("echo '2.1.330 (Claude Code)'", "ok", "enabled"),
        ("echo '2.1.287 (Claude Code)'", "ok", "enabled"),
        ("echo '2.1.197 (Claude Code)'", "warn", "mods need 2.1.287 or later"),
    ],
)
def test_what_a_version_cannot_do_is_said_with_the_remedy(
    place: Place, says: str, state: str, words: str
) -> None:
    place.program("claude", says)
    place.settings(connected("http://127.0.0.1:9"))
    seen = place.doctor()
    assert (seen["Claude/mod"]["state"], words in seen["Claude/mod"]["text"]) == (state, True)
    assert seen["hint headers"]["state"] == state


@pytest.mark.parametrize("says", ["echo hello", "exit 1", "printf '\\377\\376'"])
def test_a_program_that_does_not_say_its_version_is_a_warning(place: Place, says: str) -> None:
    place.program("claude", says)
    assert place.doctor()["Claude/program"]["state"] == "warn"


def test_a_mod_whose_folder_is_gone_is_a_failure(place: Place) -> None:
    source = {"source": {"source": "directory", "path": str(place.root / "gone")}}
    place.settings(connected("http://127.0.0.1:9", extraKnownMarketplaces={"tierwise": source}))
    line = place.doctor()["Claude/mod"]
    assert (line["state"], line["remedy"]) == ("fail", "tierwise connect claude")


@pytest.mark.parametrize(
    ("text", "words"),
    [('{"env": {\n"A": oops}}', "in line 2"), ("[1]", "no table"), ('{"a": ' * 200, "cannot be read")],
)
def test_settings_that_cannot_be_read_are_a_failure_with_their_place(
    place: Place, text: str, words: str
) -> None:
    path = place.settings(text)
    seen = place.doctor()
    assert (seen.exit_code, seen["settings"]["state"]) == (1, "fail")
    assert str(path) in seen["settings"]["text"]
    assert words in seen["settings"]["text"]


def test_a_settings_file_that_is_none_does_not_hang_or_end_it(place: Place) -> None:
    place.user_settings.mkdir(parents=True)
    assert "it is no file" in place.doctor()["settings"]["text"]
    place.user_settings.rmdir()
    os.mkfifo(place.user_settings)
    assert "it is no file" in place.doctor()["settings"]["text"]


def test_a_client_that_is_not_connected_is_told_how(place: Place) -> None:
    place.program("claude", "echo '2.1.330 (Claude Code)'")
    line = place.doctor()["calls"]
    assert (line["state"], line["remedy"]) == ("warn", "tierwise connect claude")


def test_a_credential_in_a_url_is_not_shown(place: Place) -> None:
    place.settings(connected("https://me:hunter22@proxy.example"))
    assert "hunter22" not in json.dumps(place.doctor().document)


# -- Codex and opencode ------------------------------------------------------------------------------------


def test_codex_is_found_by_its_provider(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        place.program("codex", "echo 'codex-cli 0.169.0'")
        assert place.doctor()["Codex/calls"]["state"] == "warn"
        base = f"{at.running.url}/v1"
        config = place.root / "me" / ".codex" / "config.toml"
        provider = f'[model_providers.tierwise]\nname = "tierwise"\nbase_url = "{base}"\n'
        place.settings(f'model_provider = "tierwise"\n{provider}', config)
        seen = place.doctor()
        assert seen.states("Codex/program", "Codex/calls") == ["ok", "ok"]

        place.settings(
            f'model_provider = "tierwise"\n{provider}[features]\nenable_request_compression = true\n', config
        )
        assert "enable_request_compression" in place.doctor()["Codex/note"]["text"]
        place.settings("model_provider = \n", config)
        assert place.doctor()["Codex/settings"]["state"] == "fail"

    with_gateway(tmp_path, what)


def test_opencode_is_found_by_each_provider(tmp_path: Path) -> None:
    def what(place: Place, at: Door) -> None:
        config = place.root / "me" / ".config" / "opencode" / "opencode.json"
        providers = {"anthropic": {"options": {"baseURL": f"{at.running.url}/v1"}}, "mine": {}}
        place.settings({"provider": providers}, config)
        seen = place.doctor()
        assert seen.states("opencode/calls", "opencode/note") == ["ok", "warn"]
        assert "`mine` is left alone" in seen["opencode/note"]["text"]

    with_gateway(tmp_path, what)


# -- files and ledger --------------------------------------------------------------------------------------


def test_mistakes_in_files_are_found(place: Place) -> None:
    assert place.doctor().states("configuration", "budgets") == ["ok", "ok"]
    (place.root / "home" / "model-routing.yaml").write_text("modee: observe\n")
    (place.root / "home" / "budgets.yaml").write_text("week: {limit: 5}\n")
    seen = place.doctor()
    assert seen["configuration"]["state"] in ("warn", "fail")
    assert "modee" in seen["configuration"]["text"]
    assert (seen["budgets"]["state"], seen.exit_code) == ("fail", 1)
    assert "does not start" in seen["budgets"]["text"]


def with_calls(place: Place, **changes: Any) -> str:
    """A ledger with a call of the last hour; its URL."""
    url = f"sqlite:{place.root / 'ledger.sqlite'}"
    with closing(wiring.open_store(url)) as store:
        store.append([execution(at_us=wiring.now_us() - 60_000_000, **changes)])
    return url


def test_calls_that_another_model_answered_are_found(place: Place) -> None:
    line = place.doctor("--store", with_calls(place, served_model="claude-opus-4-6"))["mismatches"]
    assert line["state"] == "warn"
    assert "1 call answered by another model than was decided" in line["text"]
    assert "most (1) by claude-opus-4-6 for claude-haiku-4-5" in line["text"]


def test_calls_without_a_price_are_found(place: Place) -> None:
    url = with_calls(place, cost_nanousd=None, served_model="mystery", usage=Usage(10, 10))
    line = place.doctor("--store", url)["prices"]
    assert (line["state"], "mystery" in line["text"], "prices.yaml" in line["remedy"]) == ("warn", True, True)


def test_a_sound_ledger_is_said_to_be_one(place: Place) -> None:
    seen = place.doctor("--store", with_calls(place))
    assert seen.states("ledger/calls", "mismatches", "prices", "chain") == ["ok"] * 4
    assert place.doctor()["ledger/ledger"]["text"].startswith("none yet at ")
    assert not (place.root / "home" / "ledger.sqlite").exists()


def test_a_ledger_that_cannot_be_opened_is_a_failure(place: Place) -> None:
    (place.root / "home" / "ledger.sqlite").write_bytes(b"this is no database, whatever its name may say" * 9)
    seen = place.doctor()
    assert (seen.exit_code, seen["ledger/ledger"]["state"]) == (1, "fail")


def test_a_changed_record_breaks_the_ledgers_line(place: Place) -> None:
    import apsw

    url = with_calls(place)
    with closing(apsw.Connection(url.removeprefix("sqlite:"))) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE execution SET cost_nanousd = 1")
    seen = place.doctor("--store", url)
    assert (seen.exit_code, seen["chain"]["state"]) == (1, "fail")


def test_the_document_has_stable_keys(place: Place) -> None:
    document = place.doctor().document
    assert set(document) == {"version", "python", "lines", "ok", "warn", "fail"}
    assert {key for line in document["lines"] for key in line} == {
        *("section", "name", "state", "text", "remedy", "facts")
    }
    assert all(line["remedy"] for line in document["lines"] if line["state"] != "ok")


# -- whatever stands in files ------------------------------------------------------------------------------

KEY = st.sampled_from(
    "env hooks statusLine fallbackModel enabledPlugins tierwise@tierwise extraKnownMarketplaces tierwise "
    "source ANTHROPIC_BASE_URL model_provider model_providers openai base_url provider anthropic options "
    "baseURL PreToolUse url command path disableAllHooks profile profiles features disabled_providers".split()
) | st.text(max_size=5)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(
    st.lists(st.dictionaries(KEY, VALUES, max_size=5).map(json.dumps) | st.text(max_size=60), max_size=3),
    st.binary(max_size=60),
)
def test_no_settings_whatever_they_hold_make_doctor_raise(texts: list[str], raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate([raw, *(text.encode(errors="replace") for text in texts)]):
            (Path(folder) / str(number)).write_bytes(content)
        for name, lines in OF_CLIENT.items():
            form = "toml" if name == "codex" else "json"
            read = [read_layer("user", path, form) for path in sorted(Path(folder).iterdir())]
            client = Client(name, None, (*read, environment_layer({})), Found("http://127.0.0.1:9"))
            assert all(line.state in ("ok", "warn", "fail") for line in lines(client))
