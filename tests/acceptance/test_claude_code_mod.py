"""The mod in the real Claude Code: the client itself asks for the decided model, and works without a gateway.

Where the wire is looked at, the client speaks to a simulator directly and the mod alone knows the gateway:
what the simulator was asked for is then the client's own doing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from npm_client import run_client
from real_client import CLAUDE_CODE, INSTALL_S, Client
from staging import Stage

from tierwise.simulator.log import LogEntry
from tierwise.simulator.script_reading import script_of
from tierwise.simulator.server import RunningSimulator

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

PLUGIN = Path(__file__).parents[2] / "src" / "tierwise" / "clients" / "plugin"
OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
MAPPER = "page-component-mapper"
READ = {"name": "Read", "input": {"file_path": "src/app.tsx"}}
SKILL = {"name": "Skill", "input": {"skill": MAPPER, "args": "src/app.tsx"}}
THANKS = {"match": {"prompt": "thanks"}, "respond": {"text": "Welcome."}}
STEPS = """---
name: stepper
description: Works in steps.
model: {preferred: sonnet, minimum: haiku}
---
Step 1: Scan all files.
  Model: haiku (mechanical)
Step 2: Find what is wrong.
  Model: opus (reasoning)
"""


def turn(prompt: str, *steps: dict[str, Any], **match: Any) -> dict[str, Any]:
    return {"match": {"prompt": prompt, **match}, "turn": list(steps)}


def calls(*tools: dict[str, Any], text: str = "") -> dict[str, Any]:
    return {"tool_calls": list(tools)} | ({"text": text} if text else {})


MODEL_INVOKED = [THANKS, turn("Map", calls(SKILL), calls(READ), {"text": "App, Nav"})]


def with_mod(played: Stage, **extra: str) -> Client:
    """The stage's client with the mod."""
    client: Client = played.client
    return replace(client, flags=("--plugin-dir", PLUGIN), extra=extra)


@contextmanager
def apart(played: Stage, script: list[dict[str, Any]]) -> Iterator[tuple[Client, RunningSimulator]]:
    """The client with the mod before a simulator of its own; only the mod knows the stage's gateway."""
    with RunningSimulator(script=script_of(script), keep_bodies=True) as simulator:
        client = with_mod(played, TIERWISE_URL=played.client.base_url)
        yield replace(client, base_url=simulator.url), simulator


def asked(simulator: RunningSimulator) -> list[LogEntry]:
    return [entry for entry in simulator.log if entry.api == "messages"]


def models(simulator: RunningSimulator) -> list[str]:
    return [entry.model for entry in asked(simulator)]


def skill(played: Stage, name: str, text: str) -> None:
    folder = played.client.project / ".claude" / "skills" / name
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(text)


def says(report: dict[str, Any]) -> tuple[str, bool]:
    return report["result"], report["is_error"]


# -- the client asks for the decided model ---------------------------------------------------------------


@pytest.mark.shows("skill called", "mod")
def test_a_skill_that_the_model_calls_makes_the_client_ask_for_its_tier_until_the_next_prompt(
    stage: Callable[..., Stage],
) -> None:
    played = stage([])
    with apart(played, MODEL_INVOKED) as (client, simulator):
        assert says(client.ask("Map the page src/app.tsx")) == ("App, Nav", False)
        assert says(client.ask("thanks, that is all", again=True)) == ("Welcome.", False)
        assert models(simulator) == [OPUS, HAIKU, HAIKU, OPUS]


@pytest.mark.shows("skill typed", "mod")
@pytest.mark.shows("words", "mod")
def test_a_skill_that_the_user_types_makes_the_client_ask_for_its_tier_or_the_users(
    stage: Callable[..., Stage],
) -> None:
    played = stage([])
    script = [THANKS, turn(f"<command-name>/{MAPPER}", calls(READ), {"text": "App, Nav"})]
    with apart(played, script) as (client, simulator):
        assert says(client.ask(f"/{MAPPER} src/app.tsx")) == ("App, Nav", False)
        assert says(client.ask(f"/{MAPPER} src/app.tsx using sonnet", again=True)) == ("App, Nav", False)
        assert says(client.ask("thanks, that is all", again=True)) == ("Welcome.", False)
        assert models(simulator) == [HAIKU, HAIKU, SONNET, SONNET, OPUS]


@pytest.mark.shows("skill forked", "mod")
@pytest.mark.parametrize("how", ["typed", "called"])
def test_a_skill_that_forks_runs_on_its_tier_in_its_own_loop_alone(
    stage: Callable[..., Stage], how: str
) -> None:
    forks = "---\nname: forker\ndescription: Forks.\ncontext: fork\nmodel: {preferred: haiku}\n---\nLook.\n"
    script = [
        turn("ARGUMENTS: src/app.tsx|Base directory", calls(READ), {"text": "Forked."}),
        turn(
            "Map",
            calls({"name": "Skill", "input": {"skill": "forker", "args": "src/app.tsx"}}),
            {"text": "Done."},
        ),
    ]
    played = stage([])
    skill(played, "forker", forks)
    with apart(played, script) as (client, simulator):
        report = client.ask("/forker src/app.tsx" if how == "typed" else "Map the page")
        assert says(report) == ("Forked." if how == "typed" else "Done.", False)
        expected = [HAIKU, HAIKU] if how == "typed" else [OPUS, HAIKU, HAIKU, OPUS]
        assert models(simulator) == expected


@pytest.mark.shows("agents", "mod")
@pytest.mark.shows("agent", "mod")
@pytest.mark.shows("skill preloaded", "mod")
def test_agents_side_by_side_each_run_where_their_own_skill_says(stage: Callable[..., Stage]) -> None:
    def agent(kind: str, prompt: str) -> dict[str, Any]:
        return {"name": "Agent", "input": {"description": "look", "prompt": prompt, "subagent_type": kind}}

    played = stage([])
    agents = played.client.project / ".claude" / "agents"
    agents.mkdir()
    (agents / "mapper.md").write_text(
        f"---\nname: mapper\ndescription: Maps.\nskills: [{MAPPER}]\n---\nMap.\n"
    )
    (agents / "judge.md").write_text(
        "---\nname: judge\ndescription: Judges.\nmodel: {preferred: sonnet}\n---\nJudge.\n"
    )
    script = [
        {"match": {"agent": True}, "turn": [calls(READ), {"text": "Found."}]},
        {"match": {"prompt": "task-notification"}, "respond": {"text": "Noted."}},
        turn(
            "Look",
            calls(agent("mapper", "A."), agent("judge", "B."), agent("Explore", "C.")),
            {"text": "Done."},
        ),
    ]
    with apart(played, script) as (client, simulator):
        client.ask("Look around")
        found = {(entry.agent, entry.model) for entry in asked(simulator)}
        assert sorted(model for agent, model in found if agent) == [HAIKU, OPUS, SONNET]
        assert {model for agent, model in found if not agent} == {OPUS}


def test_the_client_reshapes_the_request_for_a_model_of_another_family(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    played = stage([])
    routing = Path(played.environment["TIERWISE_HOME"]) / "model-routing.yaml"
    routing.write_text("tiers: {haiku: {claude_code: claude-haiku-4-5}}\n")
    with apart(played, MODEL_INVOKED) as (client, simulator):
        assert says(client.ask("Map the page src/app.tsx")) == ("App, Nav", False)
        assert models(simulator) == [OPUS, "claude-haiku-4-5", "claude-haiku-4-5"]
        large, small = (entry.body or {} for entry in asked(simulator)[:2])
        betas = [entry.headers["anthropic-beta"] for entry in asked(simulator)[:2]]
        assert (large["max_tokens"], large["thinking"]["type"]) == (128_000, "adaptive")
        assert (small["max_tokens"], small["thinking"]["type"]) == (32_000, "enabled")
        assert "output_config" not in small
        assert "effort-2025-11-24" in betas[0]
        assert "effort-2025-11-24" not in betas[1]


@pytest.mark.shows("effort", "mod")
def test_the_effort_that_a_skill_declares_is_asked_for_while_it_runs(stage: Callable[..., Stage]) -> None:
    played = stage([])
    skill(
        played,
        "thinker",
        "---\nname: thinker\ndescription: x\nmodel: {preferred: opus, effort: low}\n---\nThink.\n",
    )
    script = [THANKS, turn("<command-name>/thinker", calls(READ), {"text": "Done."})]
    with apart(played, script) as (client, simulator):
        client.ask("/thinker now")
        client.ask("thanks, that is all", again=True)
        efforts = [(entry.body or {})["output_config"]["effort"] for entry in asked(simulator)]
        assert (models(simulator), efforts) == ([OPUS] * 3, ["low", "low", "medium"])


@pytest.mark.shows("step", "mod")
def test_a_step_is_followed_from_the_request_after_its_announcement(stage: Callable[..., Stage]) -> None:
    played = stage([])
    skill(played, "stepper", STEPS)
    script = [
        turn(
            "<command-name>/stepper",
            calls(READ, text="I begin."),
            calls(READ, text="**Step 1: Scan all files.**\nReading."),
            calls(READ, text="Step 1 is done, as step 2 will need it."),
            calls(READ, text="## Step 2 - Find what is wrong"),
            {"text": "Done."},
        )
    ]
    with apart(played, script) as (client, simulator):
        assert says(client.ask("/stepper now")) == ("Done.", False)
        assert models(simulator) == [SONNET, SONNET, HAIKU, HAIKU, OPUS]


@pytest.mark.shows("skills nested", "mod")
def test_of_skills_that_call_each_other_the_last_one_counts(stage: Callable[..., Stage]) -> None:
    def launch(name: str) -> dict[str, Any]:
        return calls({"name": "Skill", "input": {"skill": name, "args": "src/app.tsx"}})

    investigator = "ui-bug-investigator"
    script = [
        turn("Map", launch(MAPPER), launch(investigator), launch(MAPPER), calls(READ), {"text": "Done."})
    ]
    with apart(stage([]), script) as (client, simulator):
        assert says(client.ask("Map the page src/app.tsx")) == ("Done.", False)
        assert models(simulator) == [OPUS, HAIKU, OPUS, HAIKU, HAIKU]


@pytest.mark.shows("compaction", "mod")
@pytest.mark.shows("resume", "mod")
def test_after_a_compaction_and_in_a_session_taken_up_again_skills_run_on_their_tier(
    stage: Callable[..., Stage],
) -> None:
    with apart(stage([]), MODEL_INVOKED) as (client, simulator):
        assert says(client.ask("Map the page src/app.tsx")) == ("App, Nav", False)
        client.ask("/compact", again=True)
        assert says(client.ask("Map the page again", again=True)) == ("App, Nav", False)
        found = [entry.model for entry in asked(simulator) if entry.request_class != "compaction"]
        assert found == [OPUS, HAIKU, HAIKU] * 2


@pytest.mark.shows("switch", "mod")
def test_a_model_that_the_user_switches_to_in_mid_session_is_what_the_next_turns_ask_for(
    stage: Callable[..., Stage],
) -> None:
    with apart(stage([]), MODEL_INVOKED) as (client, simulator):
        client.ask("Map the page src/app.tsx")
        switched = replace(client, flags=(*client.flags, "--model", "sonnet"))
        switched.ask("thanks, that is all", again=True)
        switched.ask("Map the page again", again=True)
        assert models(simulator) == [OPUS, HAIKU, HAIKU, SONNET, SONNET, HAIKU, HAIKU]


# -- through the gateway ---------------------------------------------------------------------------------


def test_through_the_gateway_nothing_is_decided_twice_and_all_is_recorded(
    stage: Callable[..., Stage],
) -> None:
    played = stage(MODEL_INVOKED)
    client = with_mod(played)
    assert says(client.ask("Map the page src/app.tsx")) == ("App, Nav", False)
    assert says(client.ask("thanks, that is all", again=True)) == ("Welcome.", False)
    seen = [(call.skill, call.asked, call.sent) for call in played.seen()]
    assert seen == [(None, OPUS, OPUS), (MAPPER, OPUS, HAIKU), (MAPPER, OPUS, HAIKU), (None, OPUS, OPUS)]
    assert [record["mismatch"] for record in played.recorded()] == [False] * 4
    headers = {name for entry in played.provided() for name in entry["headers"]}
    assert not [name for name in headers if name.startswith("x-tierwise")]


def test_a_typed_skill_that_forks_is_recorded_under_the_agent_that_the_wire_does_not_name(
    stage: Callable[..., Stage],
) -> None:
    played = stage([turn("Base directory", calls(READ), {"text": "Forked."})])
    skill(
        played,
        "forker",
        "---\nname: forker\ndescription: x\ncontext: fork\nmodel: {preferred: haiku}\n---\nLook.\n",
    )
    assert says(with_mod(played).ask("/forker src/app.tsx")) == ("Forked.", False)
    records = played.recorded()
    assert [(record["skill"], record["served_tier"]) for record in records] == [("forker", "haiku")] * 2
    assert len({record["agent"] for record in records}) == 1
    assert not records[0]["agent"].startswith("begun-")


@pytest.mark.shows("refusal", "mod")
def test_a_hard_budget_stops_the_client_with_a_plain_message_and_no_request(
    stage: Callable[..., Stage],
) -> None:
    budgets = "purse: {limit: 2messages, window: session, scope: all, hard: true}\n"
    played = stage([turn("Read", calls(READ), calls(READ), {"text": "x"})], budgets=budgets)
    report = with_mod(played).ask("Read the page")
    assert report["result"].startswith("tierwise: purse is exhausted.")
    assert "wait for the reset" in report["result"]
    assert len(played.seen()) == 2
    assert [record["outcome"] for record in played.recorded()] == ["ok", "ok", "refused"]


@pytest.mark.shows("agent refused", "mod")
def test_a_hard_budget_stops_a_subagent_and_its_parent_can_say_so(stage: Callable[..., Stage]) -> None:
    budgets = "purse: {limit: 1messages, window: session, scope: run, hard: true}\n"
    look = {"name": "Agent", "input": {"description": "look", "prompt": "Look.", "subagent_type": "Explore"}}
    played = stage([turn("Let", calls(look), {"text": "Done."})], budgets=budgets)
    report = with_mod(played).ask("Let an agent look around")
    assert report["result"].startswith("tierwise: purse is exhausted.")
    assert len(played.seen()) == 1
    refused = [record for record in played.recorded() if record["outcome"] == "refused"]
    assert {bool(record["agent"]) for record in refused} == {True, False}


@pytest.mark.shows("notice", "mod")
def test_a_notice_is_shown_once_as_the_zone_is_entered(stage: Callable[..., Stage]) -> None:
    reads = [calls(READ)] * 4
    budgets = "purse: {limit: 5messages, window: session}\n"
    played = stage([turn("Read", *reads, {"text": "Done."})], budgets=budgets)
    told = with_mod(played).events("Read the page")
    shown = [event["text"] for event in told if event.get("subtype") == "ui_log"]
    assert shown == ["tierwise: yellow zone, purse at 80%; it resets with a new session"]
    assert told[-1]["result"] == "Done."


@pytest.mark.parametrize("mode", ["key", "subscription", "tagged"])
def test_credentials_and_the_projects_tag_go_their_way_untouched(
    stage: Callable[..., Stage], mode: str
) -> None:
    """A hook that adds a header sees no credential, and leaves it where it is."""
    played = stage(MODEL_INVOKED)
    extra = {"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-acceptance-test"}
    client = with_mod(played, **(extra if mode == "subscription" else {}))
    if mode == "tagged":
        client = replace(client, base_url=f"{client.base_url}/p/shop")
    assert says(client.ask("Map the page src/app.tsx")) == ("App, Nav", False)
    assert [call.sent for call in played.seen()] == [OPUS, HAIKU, HAIKU]
    header = "authorization" if mode == "subscription" else "x-api-key"
    assert len({entry["headers"][header] for entry in played.provided()}) == 1
    assert {record["project"] for record in played.recorded()} == {"shop" if mode == "tagged" else ""}


def test_with_hooks_beside_it_an_agent_is_decided_once_and_recorded_by_name(
    stage: Callable[..., Stage],
) -> None:
    agent = {"description": "look", "prompt": "Look.", "subagent_type": "judge"}
    script = [
        {"match": {"agent": True}, "turn": [calls(READ), {"text": "Fine."}]},
        turn("Judge", calls({"name": "Agent", "input": agent}), {"text": "Done."}, agent=False),
    ]
    played = stage(script)
    folder = played.client.project / ".claude"
    to = {"type": "http", "url": f"{played.client.base_url}/tierwise/hooks/claude", "timeout": 5}
    hooks = {
        event: [{"matcher": "", "hooks": [to]}]
        for event in ("PreToolUse", "SubagentStart", "UserPromptSubmit")
    }
    (folder / "settings.json").write_text(json.dumps({"hooks": hooks}))
    (folder / "agents").mkdir()
    judge = "---\nname: judge\ndescription: Judges.\nmodel: {preferred: haiku}\n---\nJudge.\n"
    (folder / "agents" / "judge.md").write_text(judge)
    with_mod(played).ask("Judge the page")
    of_agent = [record for record in played.recorded() if record["agent"]]
    assert {(record["agent_name"], record["asked_model"], record["served_model"]) for record in of_agent} == {
        ("judge", OPUS, HAIKU)
    }


# -- fail open -------------------------------------------------------------------------------------------


def pid_of_gateway(played: Stage) -> int:
    return int(json.loads((Path(played.environment["TIERWISE_HOME"]) / "gateway.json").read_text())["pid"])


@pytest.mark.shows("gone", "mod")
@pytest.mark.parametrize("end", ["INT", "STOP"])
def test_a_gateway_that_ends_or_hangs_between_two_requests_does_not_end_the_run(
    stage: Callable[..., Stage], end: str
) -> None:
    played = stage([])
    pid = pid_of_gateway(played)
    kill = {"name": "Bash", "input": {"command": f"kill -{end} {pid}; sleep 1", "description": "x"}}
    script = [turn("Map", calls(SKILL), calls(kill), calls(READ), {"text": "App, Nav"})]
    with apart(played, script) as (client, simulator):
        try:
            assert says(client.ask("Map the page src/app.tsx")) == ("App, Nav", False)
        finally:
            if end == "STOP":
                os.kill(pid, signal.SIGCONT)
        assert models(simulator) == [OPUS, HAIKU, OPUS, OPUS]


@pytest.mark.shows("restart", "mod")
def test_a_gateway_that_comes_back_is_asked_again(stage: Callable[..., Stage]) -> None:
    played = stage([])
    pid = pid_of_gateway(played)

    def send(name: str) -> dict[str, Any]:
        return calls(
            {"name": "Bash", "input": {"command": f"kill -{name} {pid}; sleep 1", "description": "x"}}
        )

    script = [turn("Map", calls(SKILL), send("STOP"), send("CONT"), calls(READ), {"text": "App, Nav"})]
    with apart(played, script) as (client, simulator):
        try:
            assert says(client.ask("Map the page src/app.tsx")) == ("App, Nav", False)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert models(simulator) == [OPUS, HAIKU, OPUS, HAIKU, HAIKU]


@pytest.mark.parametrize("answer", [b"", b"null", b'{"id": 5}', b'{"id": "a", "model": ""}', b"\xff\xfe"])
def test_an_answer_that_is_none_changes_nothing(stage: Callable[..., Stage], answer: bytes) -> None:
    class Garbage(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    played = stage([])
    with ThreadingHTTPServer(("127.0.0.1", 0), Garbage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with apart(played, MODEL_INVOKED) as (client, simulator):
            client = replace(client, extra={"TIERWISE_URL": f"http://127.0.0.1:{server.server_port}"})
            assert says(client.ask("Map the page src/app.tsx")) == ("App, Nav", False)
            assert models(simulator) == [OPUS] * 3
        server.shutdown()


def test_nothing_is_sent_to_a_gateway_that_is_not_on_this_machine(stage: Callable[..., Stage]) -> None:
    played = stage([])
    with apart(played, MODEL_INVOKED) as (client, simulator):
        began = time.monotonic()
        elsewhere = replace(client, extra={"TIERWISE_URL": "http://tierwise.invalid:8787"})
        assert says(elsewhere.ask("Map the page src/app.tsx")) == ("App, Nav", False)
        assert models(simulator) == [OPUS] * 3
        assert time.monotonic() - began < 60


# -- the plugin ------------------------------------------------------------------------------------------


def test_the_plugin_passes_the_clients_strict_validation_and_installs_from_its_own_marketplace(
    stage: Callable[..., Stage],
) -> None:
    played = stage(MODEL_INVOKED)
    client: Client = played.client
    environment = client._environment()

    def run(*command: object) -> str:
        return run_client([client.binary, "plugin", *map(str, command)], client.project, environment)

    for manifest in (PLUGIN, PLUGIN / ".claude-plugin" / "plugin.json"):
        assert "Validation passed" in run("validate", "--strict", manifest)
        assert "Validation passed" in run("validate", "--profile", "directory", manifest)
    run("marketplace", "add", PLUGIN)
    run("install", "tierwise@tierwise")
    with apart(played, MODEL_INVOKED) as (mod, simulator):
        assert says(replace(mod, flags=()).ask("Map the page src/app.tsx")) == ("App, Nav", False)
        assert models(simulator) == [OPUS, HAIKU, HAIKU]


def test_the_mods_own_promises_hold_under_the_clients_kit_for_testing_mods(
    claude: Path, tmp_path: Path
) -> None:
    """`mod/mod.test.ts`: announcements of steps, answers that are none, addresses, loops."""
    mod = tmp_path / "mod"
    shutil.copytree(PLUGIN, mod)
    shutil.copytree(Path(__file__).parent / "mod", mod / "tests")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "IS_SANDBOX": "1"}
    run_client([claude, "plugin", "test", "."], mod, environment)


def test_a_client_that_knows_no_mods_passes_over_it(stage: Callable[..., Stage]) -> None:
    """2.1.197: no error, no question; the gateway is then all that routes."""
    old = replace(CLAUDE_CODE, version="2.1.197", said="2.1.197").installed()
    played = stage([])
    with apart(played, MODEL_INVOKED) as (client, simulator):
        assert says(replace(client, binary=old).ask("Map the page src/app.tsx")) == ("App, Nav", False)
        assert len(set(models(simulator))) == 1
