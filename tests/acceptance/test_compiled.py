"""Compiled artifacts in the real clients: each runs on its tier because the client itself asks for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from real_client import INSTALL_S
from staging import Seen, Stage

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 300)]

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
SOL, LUNA = "gpt-6.1-sol", "gpt-6-luna"
MAPPER = "page-component-mapper"
TWIN = f"{MAPPER}-on-haiku"
NOTES = "The nav lives in nav.tsx."
READ_NOTES = {
    "name": "Read",
    "input": {"file_path": f".claude/skills/{TWIN}/../{MAPPER}/references/notes.md"},
}
BEGUN = "Base directory for this skill"
IN_FORK = {"match": {"prompt": BEGUN, "last_user": NOTES}, "respond": {"text": "App, Nav"}}
FORK = {
    "match": {"prompt": BEGUN},
    "turn": [{"tool_calls": [READ_NOTES]}, {"text": "no notes were there"}],
}


def calls(name: str, **arguments: str) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "input": arguments}]}


def compiled(stage: Stage, target: str = "claude-code", where: str = ".claude/skills") -> Stage:
    """The stage with its suite compiled, one skill having a file of its own beside it."""
    skills: Path = stage.client.project / where
    (skills / MAPPER / "references").mkdir()
    (skills / MAPPER / "references" / "notes.md").write_text(f"{NOTES}\n")
    stage.tierwise("compile", str(skills.parent), "--to", target)
    stage.tierwise("compile", str(skills.parent), "--to", target, "--check")
    return stage


def asked(calls_seen: list[Seen]) -> list[tuple[str, str]]:
    """What the client asked for, call by call: its class and its model."""
    return [(call.request_class, call.asked) for call in calls_seen]


@pytest.mark.shows("skill called", "compiled")
def test_a_twin_that_the_model_calls_is_asked_for_on_its_tier_and_reads_its_skills_files(
    either_stage: Callable[..., Stage],
) -> None:
    prompt = {"match": {"prompt": "Map the page"}, "turn": [calls("Skill", skill=TWIN), {"text": "Done."}]}
    played = compiled(either_stage([IN_FORK, FORK, prompt]))
    assert played.client.ask("Map the page src/app.tsx")["result"] == "Done."
    assert asked(played.seen()) == [("main", OPUS), ("subagent", HAIKU), ("subagent", HAIKU), ("main", OPUS)]


@pytest.mark.shows("skill typed", "compiled")
def test_a_twin_that_the_user_types_is_asked_for_on_its_tier_and_reads_its_skills_files(
    either_stage: Callable[..., Stage],
) -> None:
    played = compiled(either_stage([IN_FORK, FORK]))
    assert played.client.ask(f"/{TWIN} src/app.tsx")["result"] == "App, Nav"
    assert asked(played.seen()) == [("subagent", HAIKU), ("subagent", HAIKU)]


def test_a_hook_may_lead_a_call_of_a_skill_to_its_twin(stage: Callable[..., Stage]) -> None:
    prompt = {"match": {"prompt": "Map the page"}, "turn": [calls("Skill", skill=MAPPER), {"text": "Done."}]}
    played = compiled(stage([IN_FORK, FORK, prompt]))
    hook_to_twin(played.client.project)
    assert played.client.ask("Map the page src/app.tsx")["result"] == "Done."
    assert asked(played.seen()) == [("main", OPUS), ("subagent", HAIKU), ("subagent", HAIKU), ("main", OPUS)]


def hook_to_twin(project: Path) -> None:
    """A hook that leads a skill to the one that names it in `tierwise.twin-of`, and knows nothing else."""
    (project / "hook.py").write_text(
        "import json, pathlib, sys\n"
        "event = json.load(sys.stdin)\n"
        "for page in pathlib.Path('.claude/skills').glob('*/SKILL.md'):\n"
        '    if f\'tierwise.twin-of: {event["tool_input"]["skill"]}\\n\' in page.read_text():\n'
        "        given = event['tool_input'] | {'skill': page.parent.name}\n"
        "        said = {'permissionDecision': 'allow', 'updatedInput': given}\n"
        "        said['hookEventName'] = 'PreToolUse'\n"
        "        print(json.dumps({'hookSpecificOutput': said}))\n"
    )
    hook = {"matcher": "Skill", "hooks": [{"type": "command", "command": "python3 hook.py"}]}
    settings = {"hooks": {"PreToolUse": [hook]}}
    (project / ".claude" / "settings.json").write_text(json.dumps(settings))


@pytest.mark.shows("agent", "compiled")
def test_a_compiled_agent_is_asked_for_on_its_tier(either_stage: Callable[..., Stage]) -> None:
    agent = calls("Agent", description="look", prompt="Review it.", subagent_type="reviewer-on-haiku")
    prompt = {"match": {"prompt": "Review the page"}, "turn": [agent, {"text": "Done."}]}
    played = either_stage([prompt, {"match": {"agent": True}, "respond": {"text": "Fine."}}])
    agents = played.client.project / ".claude" / "agents"
    agents.mkdir()
    block = "model:\n  preferred: haiku\n"
    (agents / "reviewer.md").write_text(
        f"---\nname: reviewer\ndescription: Reviews.\n{block}---\nReview it.\n"
    )
    compiled(played)
    assert played.client.ask("Review the page src/app.tsx")["result"] == "Done."
    assert ("subagent", HAIKU) in asked(played.seen())


def test_what_is_compiled_passes_the_clients_own_validation(stage: Callable[..., Stage]) -> None:
    played = compiled(stage([]))
    folder = played.client.project / ".claude"
    command = [played.client.binary, "plugin", "validate", "--strict", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# -- Codex and opencode ------------------------------------------------------------------------------------


CHILD = {"x-openai-subagent": "collab_spawn"}


def collaborates(name: str, **arguments: object) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "namespace": "collaboration", "input": arguments}]}


def runs(command: str) -> dict[str, Any]:
    """A call as the newer models make it: a script that runs a command."""
    script = f'const r = await tools.exec_command({{cmd: "{command}"}});\ntext(r.output);'
    return {"tool_calls": [{"name": "exec", "namespace": "functions", "input": script}]}


@pytest.mark.shows("agent", "compiled")
def test_codex_runs_a_compiled_agent_on_its_tier_and_it_reads_the_skill(
    codex_stage: Callable[..., Stage],
) -> None:
    notes = f".agents/skills/{MAPPER}/references/notes.md"
    reads = runs(f"cat .agents/skills/{MAPPER}/SKILL.md {notes}")
    task = {"agent_type": TWIN, "task_name": "map", "message": "Map src/app.tsx", "fork_turns": "none"}
    script = [
        {
            "match": {"header": CHILD, "last_user": NOTES},
            "respond": {"text": "App, Nav"},
        },
        {
            "match": {"header": CHILD},
            "turn": [reads, {"text": "no notes were there"}],
        },
        {
            "match": {"prompt": "Map the page"},
            "turn": [
                runs(f"cat .agents/skills/{TWIN}/SKILL.md"),
                collaborates("spawn_agent", **task),
                collaborates("wait_agent", timeout_ms=30_000),
                {"text": "Done."},
            ],
        },
    ]
    played = codex_stage(script, trusted=True)
    compiled(played, "codex", ".agents/skills")
    report = played.client.ask("Map the page src/app.tsx")
    assert (report.text, report.errors) == ("Done.", [])
    seen = asked(played.seen())
    assert [model for kind, model in seen if kind == "subagent"] == [LUNA, LUNA]
    assert {model for kind, model in seen if kind == "main"} == {SOL}
    assert spoken(played, 0) == [LUNA]


def spoken(stage: Stage, rule: int) -> list[str]:
    """The models that the client asked for in the calls that a rule of the script answered."""
    provider = [json.loads(line) for line in stage.log.read_text().splitlines()]
    rules = [entry["rule"] for entry in provider if entry["api"] in ("messages", "responses")]
    return [call.asked for call, by in zip(stage.seen(), rules, strict=True) if by == rule]


@pytest.mark.shows("agent", "compiled")
@pytest.mark.shows("skill typed", "compiled")
def test_opencode_runs_a_compiled_agent_and_its_command_on_their_tier(
    opencode_stage: Callable[..., Stage],
) -> None:
    reads = calls("read", filePath=f".claude/skills/{MAPPER}/references/notes.md")
    task = calls("task", description="map", prompt="Go through src/app.tsx", subagent_type=MAPPER)
    script = [
        {"match": {"system": "You carry out the skill", "last_user": NOTES}, "respond": {"text": "App, Nav"}},
        {"match": {"system": "You carry out the skill"}, "turn": [reads, {"text": "no notes were there"}]},
        {"match": {"prompt": "Map the page"}, "turn": [task, {"text": "Done."}]},
    ]
    played = compiled(opencode_stage(script), "opencode")
    report = played.client.ask("Map the page src/app.tsx")
    assert (report.text, report.errors) == ("Done.", [])
    assert (spoken(played, 0), spoken(played, 1)) == ([HAIKU], [HAIKU])
    assert spoken(played, 2) == [OPUS, OPUS]
    typed = played.client.ask("src/app.tsx", command=MAPPER)
    assert typed.errors == []
    assert (spoken(played, 0), spoken(played, 1)) == ([HAIKU, HAIKU], [HAIKU, HAIKU])
