"""`tierwise compile`: what each platform gets, what is left alone, and that a second run changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierwise.cli import main
from tierwise.files.frontmatter import read_page
from tierwise.files.skill_files import read_skill
from tierwise.files.suites import read_suite

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of strictyaml's own
    from skills_ref import validate

FIXTURES = Path(__file__).parents[1] / "fixtures" / "skills"
TARGETS = ("claude-code", "codex", "opencode", "agent-skills")
MAPPER, INVESTIGATOR = "page-component-mapper", "ui-bug-investigator"
BLOCK = "model:\n  preferred: {tier}\n  effort: low\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """The seeds' suite, one of its skills with a file of its own."""
    place = tmp_path / "qa"
    shutil.copytree(FIXTURES / "frontend-qa", place)
    (place / "skills" / MAPPER / "references").mkdir()
    (place / "skills" / MAPPER / "references" / "notes.md").write_text("Notes.\n")
    return place


def run(*args: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["compile", *map(str, args)])
    assert result.exit_code == code, result.output
    return result


def skill(folder: Path, name: str, head: str = "", body: str = "# A\n") -> Path:
    """A skill of that name with more in its frontmatter."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "SKILL.md").write_text(f"---\nname: {name}\ndescription: Does it.\n{head}---\n{body}")
    return folder / name / "SKILL.md"


def head_of(path: Path) -> dict[str, Any]:
    page, findings = read_page(path.read_text(), str(path))
    assert page.head is not None
    assert not findings
    return {key: entry.node.text for key, entry in page.head.entries.items()}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# -- Claude Code -------------------------------------------------------------------------------------------


def test_a_skill_that_the_client_does_not_see_gets_a_twin_of_its_own_name(suite: Path) -> None:
    run(suite, "--to", "claude-code")
    twin = suite / ".claude" / "skills" / MAPPER / "SKILL.md"
    head = head_of(twin)
    assert (head["context"], head["model"], head["name"]) == ("fork", "haiku", MAPPER)
    assert head["description"] == head_of(suite / "skills" / MAPPER / "SKILL.md")["description"]
    body = read_page(twin.read_text(), "")[0].body
    assert f"`${{CLAUDE_SKILL_DIR}}/../../../skills/{MAPPER}`" in body
    assert body.endswith(read_page((suite / "skills" / MAPPER / "SKILL.md").read_text(), "")[0].body)


def test_a_skill_that_the_client_sees_gets_a_twin_that_names_its_tier(tmp_path: Path) -> None:
    skills = tmp_path / ".claude" / "skills"
    skill(skills, "mapper", BLOCK.format(tier="haiku") + "when_to_use: Often.\nallowed-tools: [Read]\n")
    run(skills, "--to", "claude-code")
    head = head_of(skills / "mapper-on-haiku" / "SKILL.md")
    assert "Does it" not in head["description"]
    assert "Prefer it to `mapper`" in head["description"]
    assert (head["model"], head["effort"]) == ("haiku", "low")
    assert "when_to_use" not in head
    assert "allowed-tools" in head
    text = (skills / "mapper-on-haiku" / "SKILL.md").read_text()
    assert "  tierwise.twin-of: mapper\n" in text


def test_a_plugin_is_compiled_into_itself(tmp_path: Path) -> None:
    (tmp_path / ".claude-plugin").mkdir()
    (tmp_path / ".claude-plugin" / "plugin.json").write_text("{}")
    skill(tmp_path / "skills", "mapper", BLOCK.format(tier="haiku"))
    run(tmp_path / "skills", "--to", "claude-code")
    assert (tmp_path / "skills" / "mapper-on-haiku" / "SKILL.md").exists()


def test_the_skills_own_folder_stands_wherever_its_body_names_it(tmp_path: Path) -> None:
    skills = tmp_path / ".claude" / "skills"
    skill(skills, "mapper", BLOCK.format(tier="haiku"), "Run ${CLAUDE_SKILL_DIR}/run.sh on $ARGUMENTS.\n")
    run(skills, "--to", "claude-code")
    text = (skills / "mapper-on-haiku" / "SKILL.md").read_text()
    assert text.endswith("Run ${CLAUDE_SKILL_DIR}/../mapper/run.sh on $ARGUMENTS.\n")


def test_a_coordinator_and_an_undeclared_skill_get_no_twin(suite: Path) -> None:
    skill(suite / "skills", "plain")
    output = run(suite, "--to", "claude-code").output
    assert sorted(path.name for path in (suite / ".claude" / "skills").iterdir()) == [MAPPER, INVESTIGATOR]
    assert "frontend-qa-coordinator: a coordinator stays in the conversation" in output


def test_a_fork_that_says_its_model_as_a_word_is_obeyed_as_it_stands(tmp_path: Path) -> None:
    skill(tmp_path / ".claude" / "skills", "mapper", "model: haiku\ncontext: fork\n")
    assert "nothing to make" in run(tmp_path, "--to", "claude-code").output


@pytest.mark.parametrize(
    ("folder", "name"),
    [(".claude/agents", "rev-on-sonnet"), ("team/agents", "rev")],
    ids=["seen", "not seen"],
)
def test_an_agent_gets_its_model_in_the_output_and_keeps_the_rest(
    tmp_path: Path, folder: str, name: str
) -> None:
    source = tmp_path / folder / "rev.md"
    source.parent.mkdir(parents=True)
    source.write_text(
        f"---\nname: rev\ndescription: Reviews.\ntools: Read\n{BLOCK.format(tier='sonnet')}---\nReview.\n"
    )
    before = source.read_bytes()
    run(tmp_path, "--to", "claude-code")
    head = head_of(tmp_path / ".claude" / "agents" / f"{name}.md")
    assert (head["name"], head["model"], head["effort"], head["tools"]) == (name, "sonnet", "low", "Read")
    assert source.read_bytes() == before


def test_the_model_that_the_configuration_names_for_a_tier_is_the_one_written(suite: Path) -> None:
    (suite / ".claude").mkdir()
    (suite / ".claude" / "model-routing.yaml").write_text(
        "tiers:\n  opus: {claude_code: claude-opus-4-6, codex: gpt-6-sol, anthropic: claude-opus-4-6}\n"
    )
    for target in ("claude-code", "codex", "opencode"):
        run(suite, "--to", target)
    assert head_of(suite / ".claude/skills" / INVESTIGATOR / "SKILL.md")["model"] == "claude-opus-4-6"
    assert tomllib.loads((suite / f".codex/agents/{INVESTIGATOR}.toml").read_text())["model"] == "gpt-6-sol"
    assert head_of(suite / f".opencode/agents/{INVESTIGATOR}.md")["model"] == "anthropic/claude-opus-4-6"


def test_a_projects_override_moves_the_twin_and_not_the_block(suite: Path) -> None:
    (suite / ".claude").mkdir()
    (suite / ".claude" / "model-routing.yaml").write_text(f"overrides:\n  {MAPPER}: {{preferred: sonnet}}\n")
    run(suite, "--to", "claude-code")
    twin = suite / ".claude" / "skills" / MAPPER / "SKILL.md"
    assert head_of(twin)["model"] == "sonnet"
    assert read_skill(twin).routing == read_skill(suite / "skills" / MAPPER).routing


# -- Codex and opencode ------------------------------------------------------------------------------------


def test_codex_gets_an_agent_and_a_skill_that_asks_for_it(suite: Path) -> None:
    run(suite, "--to", "codex")
    agent = tomllib.loads((suite / ".codex" / "agents" / f"{MAPPER}.toml").read_text())
    assert agent["name"] == MAPPER
    assert agent["model"] == "gpt-6-luna"
    assert f"`skills/{MAPPER}/SKILL.md`" in agent["developer_instructions"]
    stub = (suite / ".agents" / "skills" / MAPPER / "SKILL.md").read_text()
    assert f"`agent_type` `{MAPPER}`" in stub
    pointer = (suite / ".agents" / "skills" / "frontend-qa-coordinator" / "SKILL.md").read_text()
    assert "Read `../../../SKILL.md` and do what it says" in pointer


def test_codex_effort_is_the_agents_reasoning_effort(tmp_path: Path) -> None:
    skill(tmp_path / ".agents" / "skills", "mapper", BLOCK.format(tier="sonnet"))
    run(tmp_path / ".agents", "--to", "codex")
    agent = tomllib.loads((tmp_path / ".codex" / "agents" / "mapper-on-sonnet.toml").read_text())
    assert (agent["model"], agent["model_reasoning_effort"]) == ("gpt-6.1-terra", "low")
    assert (tmp_path / ".agents" / "skills" / "mapper-on-sonnet" / "SKILL.md").exists()


def test_opencode_gets_a_subagent_and_a_command(suite: Path) -> None:
    run(suite, "--to", "opencode")
    agent = head_of(suite / ".opencode" / "agents" / f"{MAPPER}.md")
    assert (agent["mode"], agent["model"]) == ("subagent", "anthropic/claude-haiku-5-5")
    command = head_of(suite / ".opencode" / "commands" / f"{MAPPER}.md")
    assert (command["agent"], command["subtask"]) == (MAPPER, "true")
    run(suite, "--to", "opencode", "--provider", "openai")
    assert head_of(suite / f".opencode/agents/{MAPPER}.md")["model"] == "openai/gpt-6-luna"


def test_a_tier_without_a_model_is_told_and_nothing_is_written(suite: Path, home: Path) -> None:
    home.mkdir()
    (home / "model-routing.yaml").write_text("tiers:\n  tiny: {}\n  haiku: {}\n  opus: {}\n  sonnet: {}\n")
    skill(suite / "skills", "small", BLOCK.format(tier="tiny"))
    output = run(suite, "--to", "codex", code=1).output
    assert "codex has no known model for tiny" in output
    assert not (suite / ".codex").exists()


# -- every platform ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_a_second_run_changes_no_byte(suite: Path, target: str) -> None:
    run(suite, "--to", target)
    before = tree(suite)
    assert json.loads(run(suite, "--to", target, "--json").output)["written"]
    assert tree(suite) == before
    run(suite, "--to", target, "--check")


@pytest.mark.parametrize("target", TARGETS)
def test_a_block_that_is_compiled_is_the_sources_block(suite: Path, target: str) -> None:
    wanted = {name: read_skill(suite / "skills" / name).routing for name in (MAPPER, INVESTIGATOR)}
    run(suite, "--to", target)
    read = [read_skill(path) for path in suite.rglob("SKILL.md")]
    blocks = [(file.name, file.routing) for file in read if file.name in wanted and file.routing]
    assert dict(blocks) == wanted
    assert all(block == wanted[name] for name, block in blocks)
    assert len(blocks) == (4 if target == "claude-code" else 2)


@pytest.mark.parametrize("target", TARGETS)
def test_check_and_diff_write_nothing_and_check_fails_while_anything_would_change(
    suite: Path, target: str
) -> None:
    before = tree(suite)
    assert f"skills/{MAPPER}" in run(suite, "--to", target, "--check", code=1).output.replace(
        "agents", "skills"
    )
    assert "+++ " in run(suite, "--to", target, "--diff").output
    assert tree(suite) == before


@pytest.mark.parametrize("target", ["claude-code", "codex", "opencode"])
def test_sources_are_never_written(suite: Path, target: str) -> None:
    before = tree(suite)
    run(suite, "--to", target)
    assert {path: raw for path, raw in tree(suite).items() if path in before} == before


@pytest.mark.parametrize("target", ["claude-code", "codex", "opencode"])
def test_what_is_made_of_a_skill_that_is_gone_is_removed_and_a_persons_file_stays(
    suite: Path, target: str
) -> None:
    run(suite, "--to", target)
    own = skill(suite / ".claude" / "skills", "own")
    shutil.rmtree(suite / "skills" / INVESTIGATOR)
    output = run(suite, "--to", target).output
    assert "- " in output
    assert not [path for path in tree(suite) if INVESTIGATOR in path]
    assert not [folder for folder in suite.rglob(INVESTIGATOR) if folder.is_dir()]
    assert own.exists()


def test_a_twin_follows_its_skill_to_another_tier(tmp_path: Path) -> None:
    skills = tmp_path / ".claude" / "skills"
    skill(skills, "mapper", BLOCK.format(tier="haiku"))
    run(skills, "--to", "claude-code")
    skill(skills, "mapper", BLOCK.format(tier="sonnet"))
    run(skills, "--to", "claude-code")
    assert sorted(folder.name for folder in skills.iterdir()) == ["mapper", "mapper-on-sonnet"]


def test_json_has_its_stable_keys(tmp_path: Path) -> None:
    source = skill(tmp_path / ".claude" / "skills", "mapper", BLOCK.format(tier="haiku"))
    answer = json.loads(run(tmp_path, "--to", "claude-code", "--diff", "--json").output)
    diff = answer["files"][0].pop("diff")
    twin = tmp_path / ".claude" / "skills" / "mapper-on-haiku" / "SKILL.md"
    assert answer == {
        "to": "claude-code",
        "out": str(tmp_path / ".claude"),
        "written": False,
        "files": [{"path": str(twin), "action": "made", "from": str(source)}],
        "notes": [{"name": "", "text": answer["notes"][0]["text"]}],
        "findings": [],
    }
    assert diff[:2] == ["--- /dev/null", "+++ skills/mapper-on-haiku/SKILL.md"]


def test_another_suites_files_in_the_same_place_stay(suite: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    skill(other, "linter", BLOCK.format(tier="haiku"))
    out = tmp_path / "project" / ".claude"
    run(suite, "--to", "claude-code", "--out", out)
    run(other, "--to", "claude-code", "--out", out)
    assert sorted(path.name for path in (out / "skills").iterdir()) == ["linter", MAPPER, INVESTIGATOR]


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("claude-code", f".claude/skills/{MAPPER}/SKILL.md"),
        ("codex", f".codex/agents/{MAPPER}.toml"),
        ("opencode", f".opencode/commands/{MAPPER}.md"),
    ],
)
def test_a_persons_file_in_the_way_is_a_conflict_and_nothing_is_written(
    suite: Path, target: str, place: str
) -> None:
    (suite / place).parent.mkdir(parents=True)
    (suite / place).write_text("mine\n")
    before = tree(suite)
    result = run(suite, "--to", target, "--json", code=1)
    answer = json.loads(result.output)
    assert [finding["rule"] for finding in answer["findings"]] == ["compile-conflict"]
    assert not answer["written"]
    assert tree(suite) == before


@pytest.mark.parametrize(("target", "code"), [("claude-code", 0), ("codex", 1), ("opencode", 1)])
def test_a_skill_and_an_agent_of_one_name_clash_where_both_become_agents(
    tmp_path: Path, target: str, code: int
) -> None:
    skill(tmp_path / "skills", "rev", BLOCK.format(tier="haiku"))
    (tmp_path / "agents").mkdir()
    shutil.copy(tmp_path / "skills" / "rev" / "SKILL.md", tmp_path / "agents" / "rev.md")
    run(tmp_path, "--to", target, code=code)


def test_all_that_is_in_the_way_is_told_at_once(suite: Path) -> None:
    for name in (MAPPER, INVESTIGATOR):
        skill(suite / ".claude" / "skills", name)
    skill(suite / "skills", "twice", BLOCK.format(tier="haiku"))
    skill(suite / "more", "twice", BLOCK.format(tier="haiku"))
    (suite / "skills" / "broken").mkdir()
    (suite / "skills" / "broken" / "SKILL.md").write_text("---\nname: [\n---\n")
    output = run(suite, "--to", "claude-code", code=1).output
    assert "is made from" in output
    assert "yaml-syntax" in output
    assert "nothing was written" in output


@pytest.mark.parametrize("place", [".claude", ".claude/skills", f".claude/skills/{MAPPER}"])
def test_a_link_that_leads_elsewhere_is_not_written_through(suite: Path, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (suite / place).parent.mkdir(parents=True, exist_ok=True)
    (suite / place).symlink_to(elsewhere, target_is_directory=True)
    output = run(suite, "--to", "claude-code", code=1).output
    assert "leads-out" in output
    assert tree(elsewhere) == {}


def test_a_copy_is_a_suite_of_its_own(suite: Path, tmp_path: Path) -> None:
    run(suite, "--to", "agent-skills", "--out", tmp_path / "portable")
    found = read_suite(tmp_path / "portable")
    assert [file.name for file in found.skills] == [MAPPER, INVESTIGATOR]
    assert found.coordinator is not None
    run(tmp_path / "portable", "--to", "claude-code")


def test_what_was_made_is_no_skill_of_the_suite(suite: Path) -> None:
    before = read_suite(suite)
    for target in ("claude-code", "codex", "opencode"):
        run(suite, "--to", target)
    assert read_suite(suite) == before


def test_compiled_suites_are_checked_without_new_findings(suite: Path) -> None:
    before = CliRunner().invoke(main, ["check", "--json", str(suite)]).output
    for target in ("claude-code", "codex", "opencode"):
        run(suite, "--to", target)
    after = CliRunner().invoke(main, ["check", "--json", str(suite)]).output
    assert json.loads(after)["findings"] == json.loads(before)["findings"]


def test_what_no_platform_obeys_is_noted_for_each_skill(suite: Path) -> None:
    notes = json.loads(run(suite, "--to", "codex", "--json").output)["notes"]
    by_name = {note["name"]: note["text"] for note in notes}
    assert "minimum" in by_name[INVESTIGATOR]
    assert "conditions" in by_name[INVESTIGATOR]
    assert "conditions" not in by_name[MAPPER]
    assert "trusts" in by_name[""]


def test_a_name_that_cannot_be_a_files_name_gives_way_to_its_folders(tmp_path: Path) -> None:
    page = skill(tmp_path / "skills", "mapper", BLOCK.format(tier="haiku"))
    page.write_text(page.read_text().replace("name: mapper", "name: Page / Mapper"))
    run(tmp_path, "--to", "claude-code")
    twin = (tmp_path / ".claude" / "skills" / "mapper" / "SKILL.md").read_text()
    assert '  tierwise.twin-of: "Page / Mapper"\n' in twin


def test_an_empty_suite_makes_nothing(tmp_path: Path) -> None:
    assert "nothing to make" in run(tmp_path, "--to", "claude-code").output


@pytest.mark.parametrize(
    "args",
    [["--to", "emacs"], [], ["--to", "codex", "--provider", "openai"]],
    ids=["unknown platform", "no platform", "provider elsewhere"],
)
def test_a_wrong_command_is_a_usage_error(suite: Path, args: list[str]) -> None:
    run(suite, *args, code=2)


# -- Agent Skills ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [[], ["--out", "portable"]], ids=["in place", "copied"])
def test_the_reference_validator_accepts_what_was_compiled(
    suite: Path, monkeypatch: pytest.MonkeyPatch, where: list[str]
) -> None:
    monkeypatch.chdir(suite.parent)
    output = run(suite, "--to", "agent-skills", *where).output
    made = (suite.parent / "portable" if where else suite) / "skills"
    assert {folder.name: validate(folder) for folder in made.iterdir()} == {MAPPER: [], INVESTIGATOR: []}
    assert "the validator wants the name `frontend-qa-coordinator`" in output


@pytest.mark.parametrize(
    "page",
    [
        "name: b\ndescription: D\n",
        "name: A\ndescription: D\n",
        "name: a\n",
        "name: a\ndescription: D\ncontext: fork\n",
        "name: a\ndescription: D\nallowed-tools: [Read]\n",
        f"name: a\ndescription: {'D' * 1025}\n",
    ],
)
def test_what_the_validator_refuses_is_noted(tmp_path: Path, page: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "SKILL.md").write_text(f"---\n{page}---\n")
    assert "note: " in run(tmp_path, "--to", "agent-skills").output
    assert validate(tmp_path / "a")


def test_in_place_only_the_block_moves(suite: Path) -> None:
    path = suite / "skills" / INVESTIGATOR / "SKILL.md"
    path.chmod(0o640)
    run(suite, "--to", "agent-skills")
    assert set(head_of(path)) == {"name", "description", "metadata"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    sidecar = path.with_name("routing.yaml").read_text()
    assert sidecar.startswith("conditions:\n  - when: ")


def test_a_copy_keeps_every_file_of_a_skill_and_its_mode(suite: Path, tmp_path: Path) -> None:
    script = suite / "skills" / MAPPER / "run.sh"
    script.write_bytes(b"\x00\xff#!/bin/sh\r\n")
    script.chmod(0o755)
    before = tree(suite)
    out = tmp_path / "portable"
    run(suite, "--to", "agent-skills", "--out", out)
    copied = tree(out)
    assert tree(suite) == before
    assert copied[f"skills/{MAPPER}/run.sh"] == before[f"skills/{MAPPER}/run.sh"]
    assert copied[f"skills/{MAPPER}/references/notes.md"] == b"Notes.\n"
    assert os.access(out / "skills" / MAPPER / "run.sh", os.X_OK)
    assert read_skill(out / "skills" / MAPPER).routing == read_skill(suite / "skills" / MAPPER).routing


def test_a_copy_follows_its_source_and_leaves_what_a_person_changed(suite: Path, tmp_path: Path) -> None:
    out = tmp_path / "portable"
    run(suite, "--to", "agent-skills", "--out", out)
    notes = suite / "skills" / MAPPER / "references" / "notes.md"
    notes.write_text("More notes.\n")
    run(suite, "--to", "agent-skills", "--out", out)
    assert (out / "skills" / MAPPER / "references" / "notes.md").read_text() == "More notes.\n"
    (out / "skills" / MAPPER / "references" / "notes.md").write_text("Mine.\n")
    run(suite, "--to", "agent-skills", "--out", out, code=1)
    notes.unlink()
    run(suite, "--to", "agent-skills", "--out", out, code=1)
    (out / "skills" / MAPPER / "references" / "notes.md").write_text("More notes.\n")
    run(suite, "--to", "agent-skills", "--out", out)
    assert not (out / "skills" / MAPPER / "references").exists()


def test_a_copy_below_the_suite_is_not_copied_again(suite: Path) -> None:
    run(suite, "--to", "agent-skills", "--out", suite / "dist")
    before = tree(suite)
    run(suite, "--to", "agent-skills", "--out", suite / "dist")
    assert tree(suite) == before


def test_a_link_out_of_the_suite_is_not_copied(suite: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (suite / "skills" / MAPPER / "link.md").symlink_to(tmp_path / "secret")
    output = run(suite, "--to", "agent-skills", "--out", tmp_path / "portable", code=1).output
    assert "leads-out" in output
    assert not (tmp_path / "portable").exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200) | st.text(max_size=200).map(str.encode), target=st.sampled_from(TARGETS))
def test_whatever_a_skill_file_holds_the_command_ends_well(tmp_path: Path, raw: bytes, target: str) -> None:
    skill(tmp_path / "s", "mapper").write_bytes(b"---\nmodel: {preferred: haiku}\n" + raw + b"\n---\n" + raw)
    result = CliRunner().invoke(main, ["compile", str(tmp_path / "s"), "--to", target, "--diff"])
    assert result.exit_code in (0, 1)
    assert result.exception is None or isinstance(result.exception, SystemExit)
