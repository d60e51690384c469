"""`tierwise statusline`: one line, whatever stands behind it, as a client runs it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from gateway_harness import OPUS, Door, as_asked, door, request, typed
from hypothesis import given
from hypothesis import strategies as st

from tierwise import wiring
from tierwise.cli import main
from tierwise.errors import StoreError
from tierwise.statusline import asking, line

SAID: dict[str, Any] = {
    "session_id": "s1",
    "model": {"id": OPUS, "display_name": "Opus 5.5"},
    "cost": {"total_cost_usd": 0.5},
    "rate_limits": {"five_hour": {"used_percentage": 42, "resets_at": 4_000_000_000}},
}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def said(home: Path, stdin: Any = SAID, *arguments: str, **more: str) -> str:
    """What the program prints, run as a client runs it, with this home folder and nobody else's."""
    raw = stdin if isinstance(stdin, bytes) else json.dumps(stdin).encode()
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    env = {**kept, "TIERWISE_HOME": str(home), "HOME": str(home), **more}
    env.setdefault("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-m", "tierwise", "statusline", *arguments],
        input=raw,
        capture_output=True,
        env=env,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


async def asked(at: Door, stdin: Any = SAID, *arguments: str, **more: str) -> str:
    """The same, with the gateway of this door running."""
    home = at.project.parent / "home"
    return await asyncio.to_thread(lambda: said(home, stdin, *arguments, **more))


def play(tmp_path: Path, what: Any, budgets: str = "", **how: Any) -> None:
    (tmp_path / "budgets.yaml").write_text(budgets)
    how.setdefault("answering", as_asked())

    async def run() -> None:
        async with door(tmp_path, **how) as opened:
            await what(opened)

    asyncio.run(run())


def keeps(home: Path, command: str, settings: Path | None = None) -> None:
    """Keep a status line of the user's own, as `tierwise connect` does."""
    path = settings or home / ".claude" / "settings.json"
    kept = {"previous": {str(path): {"type": "command", "command": command}}}
    (home / "statusline.json").write_text(json.dumps(kept))


# -- with a gateway ----------------------------------------------------------------------------------------


def test_the_line_tells_skill_tier_zone_and_todays_money(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request(typed(at.skill(), "Map it.")), x_claude_code_session_id="s1")
        await at.recorded(1)
        parts = (await asked(at)).strip().split(" · ")

        assert parts[0] == "page-component-mapper"
        assert parts[1] == "opus→haiku, preferred"
        assert parts[2].startswith("green, week ")
        assert parts[3].startswith("today $0.0000")
        assert ", saved $0.000" in parts[3]

    play(tmp_path, what, "week: {limit: 5usd, window: weekly}\n")


def test_a_session_without_a_call_has_a_line_too(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        assert await asked(at) == "no call yet · no budget · today $0.000\n"

    play(tmp_path, what)


def test_each_session_has_its_own_decision_and_titles_are_none(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request(typed(at.skill(), "Map it.")), x_claude_code_session_id="s1")
        title = {"x_claude_code_session_id": "s1", "x_claude_code_request_class": "auxiliary"}
        await at.post(request([{"role": "user", "content": "Title?"}]), **title)
        await at.post(request([{"role": "user", "content": "Hi."}]), x_claude_code_session_id="s2")
        await at.recorded(3)

        assert (await asked(at)).startswith("page-component-mapper · opus→haiku, preferred")
        assert (await asked(at, {**SAID, "session_id": "s2"})).startswith("opus, as asked")

    play(tmp_path, what)


def test_quotas_of_the_client_reach_the_gateway(tmp_path: Path) -> None:
    budgets = "plan: {limit: 50%, quota: anthropic-5h, window: session}\n"

    async def what(at: Door) -> None:
        await at.post(request([{"role": "user", "content": "Hi."}]), x_claude_code_session_id="s1")
        await at.recorded(1)
        shown = json.loads(await asked(at, SAID, "--json"))

        assert (shown["source"], shown["status"]["zone"]) == ("gateway", "yellow")
        assert "yellow, plan 84%" in shown["line"]

    play(tmp_path, what, budgets)


def test_a_full_budget_is_coloured_unless_no_colour_is_wanted(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        for _ in range(2):
            await at.post(request([{"role": "user", "content": "Hi."}]), x_claude_code_session_id="s1")
        await at.recorded(2)

        assert "\x1b[35mexhausted, talk 200%\x1b[0m" in await asked(at)
        assert "\x1b" not in await asked(at, SAID, NO_COLOR="1")

    play(tmp_path, what, "talk: {limit: 1messages, window: session}\n")


def test_what_the_gateway_says_is_one_json_document(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request(typed(at.skill(), "Map it.")), x_claude_code_session_id="a b/1")
        await at.recorded(1)
        _, told = await at.get("/tierwise/status?session=a%20b%2F1")
        decision, gateway = told["session"], told["gateway"]

        assert (decision["asked_tier"], decision["decided_tier"], decision["served_tier"]) == (
            "opus",
            "haiku",
            "haiku",
        )
        assert (gateway["mode"], gateway["store"], gateway["simulator"]) == ("enforce", "memory", False)
        assert gateway["since_us"] <= wiring.now_us()
        assert told["today"]["calls"] == 1

        status, _ = await at.get("/tierwise/status?skill=x")
        assert status == 400

    play(tmp_path, what)


def test_a_store_that_is_slow_or_fails_costs_its_figures_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def what(at: Door) -> None:
        await at.post(request(typed(at.skill(), "Map it.")), x_claude_code_session_id="s1")
        await at.recorded(1)
        read = at.running.store.executions
        with monkeypatch.context() as patched:
            slow = lambda **asked: time.sleep(0.6) or read(**asked)  # noqa: E731
            patched.setattr(at.running.store, "executions", slow)
            assert await asked(at) == "page-component-mapper · opus→haiku, preferred\n"
        for _ in range(50):
            if " · no budget · today $0.0000" in await asked(at):
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("the reading never came")

        def broken(**_: Any) -> Any:
            raise StoreError("the disk is gone")

        with monkeypatch.context() as patched:
            patched.setattr(at.running.store, "executions", broken)
            _, told = await at.get("/tierwise/status?session=s2")
        assert told["problem"] == "the disk is gone"
        assert told["parts"] == []

    play(tmp_path, what)


def test_alarms_are_told_with_their_time(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request([{"role": "user", "content": "Hi."}], model="claude-nobody-knows"))
        await at.recorded(1)
        _, told = await at.get("/tierwise/status")
        (alarm,) = told["gateway"]["alarms"]

        assert "no price is known" in alarm["text"]
        assert 0 <= wiring.now_us() - alarm["at_us"] < 60_000_000

    play(tmp_path, what)


# -- without one -------------------------------------------------------------------------------------------


def test_without_a_gateway_the_last_line_is_shown_with_its_age(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request(typed(at.skill(), "Map it.")), x_claude_code_session_id="s1")
        await at.recorded(1)
        await asked(at)

    play(tmp_path, what)
    home = tmp_path / "home"
    last = json.loads((home / asking.LAST).read_text())
    last["sessions"]["s1"]["at"] -= 7_300
    (home / asking.LAST).write_text(json.dumps(last))

    assert said(home).startswith("page-component-mapper · opus→haiku, preferred · no budget · today $0.0000")
    assert said(home).endswith(" · no gateway; as of 2 h ago\n")
    assert said(home, {**SAID, "session_id": "other"}).endswith("tierwise: no gateway\n")


def test_without_anything_the_clients_own_figures_are_shown(tmp_path: Path) -> None:
    assert said(tmp_path) == "Opus 5.5 · $0.50 in this session · 5 h 42% · tierwise: no gateway\n"


@pytest.mark.parametrize("stdin", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"model": 3}', b"[" * 100_000])
def test_any_stdin_gets_a_line_and_no_error(tmp_path: Path, stdin: bytes) -> None:
    assert said(tmp_path, stdin) == "tierwise: no gateway\n"


@given(JSON_VALUES, JSON_VALUES)
def test_whatever_client_and_gateway_say_the_line_is_one_line(status: Any, told: Any) -> None:
    status = status if isinstance(status, dict) else {"parts": status}
    told = told if isinstance(told, dict) else {"model": told, "rate_limits": {"five_hour": told}}
    for source in ("gateway", "last", "client"):
        text = line.fitted(line.parts_of(status, source, 3.0, told), 40)
        assert text.isprintable()
        assert 0 < line.columns(text) <= 40


@given(st.lists(st.tuples(st.sampled_from(line.DROPPED_FIRST), st.text(min_size=1))), st.integers(1, 200))
def test_the_line_is_never_wider_than_the_terminal(parts: list[tuple[str, str]], width: int) -> None:
    assert line.columns(line.fitted([(kind, line.clean(text)) for kind, text in parts], width)) <= width


def test_a_narrow_terminal_keeps_tier_and_zone(tmp_path: Path) -> None:
    home = tmp_path
    texts = {"skill": "mapper", "tier": "opus→haiku, preferred", "zone": "red, week 95%", "forecast": "lasts"}
    parts = [{"kind": kind, "text": text} for kind, text in texts.items()]
    kept = {"s1": {"at": 4_000_000_000, "status": {"parts": parts}}}
    (home / asking.LAST).write_text(json.dumps({"sessions": kept}))

    assert said(home, COLUMNS="79").startswith("opus→haiku, preferred · red, week 95%")
    assert len(said(home, COLUMNS="20").strip()) == 20


def test_names_cannot_move_the_cursor(tmp_path: Path) -> None:
    parts = [{"kind": "skill", "text": "a\x1b[2Jb\u202ec\nd"}]
    kept = {"s1": {"at": 1, "status": {"parts": parts}}}
    (tmp_path / asking.LAST).write_text(json.dumps({"sessions": kept}))

    assert said(tmp_path).startswith("a [2Jb c d · no gateway")


# -- the user's own status line ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "before"),
    [
        ("echo mine", "mine\n"),
        ("grep -o 'Opus 5.5'", "Opus 5.5\n"),
        ("printf '\\033[1mbold\\033[0m'", "\x1b[1mbold\x1b[0m\n"),
        ("exit 3", ""),
        ("/nowhere/at/all", ""),
        ("exec tierwise-nobody", ""),
        ("echo first; cat >/dev/null; sleep 60", "first\n"),
    ],
)
def test_the_users_own_line_is_shown_first_whatever_it_does(
    tmp_path: Path, command: str, before: str
) -> None:
    keeps(tmp_path, command)
    assert said(tmp_path) == f"{before}Opus 5.5 · $0.50 in this session · 5 h 42% · tierwise: no gateway\n"


def test_a_flood_is_cut(tmp_path: Path) -> None:
    keeps(tmp_path, "yes")
    assert len(said(tmp_path)) < 20_000


def test_the_projects_own_line_wins_and_ours_is_not_called_in_circles(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    keeps(tmp_path, "echo projects", project / ".claude" / "settings.json")
    assert said(tmp_path, {**SAID, "workspace": {"project_dir": str(project)}}).startswith("projects\n")
    assert not said(tmp_path).startswith("projects")

    keeps(tmp_path, f"{sys.executable} -m tierwise statusline")
    assert said(tmp_path).count("\n") == 2


def test_a_connected_project_does_not_hide_the_users_own_line(tmp_path: Path) -> None:
    project, own = tmp_path / "shop" / ".claude", tmp_path / ".claude"
    for folder, command in ((project, "tierwise statusline"), (own, "echo mine")):
        folder.mkdir(parents=True)
        (folder / "settings.json").write_text(json.dumps({"statusLine": {"command": command}}))

    assert said(tmp_path, {**SAID, "cwd": str(project.parent)}).startswith("mine\n")
    assert said(tmp_path).startswith("Opus 5.5")


# -- itself ------------------------------------------------------------------------------------------------


def test_it_loads_nothing_that_costs_time() -> None:
    script = "import sys; import tierwise.statusline.program; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())

    assert not loaded & {"click", "typing", "dataclasses", "pathlib", "subprocess", "http.client", "asyncio"}
    assert {name for name in loaded if name.startswith("tierwise.")} == {
        "tierwise.statusline",
        *(f"tierwise.statusline.{name}" for name in ("program", "asking", "line", "previous")),
    }


def test_it_looks_where_the_other_commands_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for env in ({"TIERWISE_HOME": "~/x"}, {"XDG_DATA_HOME": "/data"}, {}):
        for name in ("TIERWISE_HOME", "XDG_DATA_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        assert asking.home_dir() == str(wiring.home_dir())


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu"])
def test_today_begins_at_midnight_where_the_person_lives(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for hour in range(0, 24 * 365, 5):
            at_us = (1_790_000_000 + hour * 3_600) * 1_000_000
            midnight = wiring.midnight_us(at_us)
            assert midnight <= at_us < midnight + 25 * 3_600_000_000
            assert time.localtime(midnight // 1_000_000)[:3] == time.localtime(at_us // 1_000_000)[:3]
            assert wiring.midnight_us(midnight) == midnight
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_command_line_knows_it() -> None:
    told = CliRunner().invoke(main, ["statusline", "--help"])
    assert told.exit_code == 0
    assert "status line" in told.output
    assert CliRunner().invoke(main, ["statusline", "--colour"]).exit_code == 2
