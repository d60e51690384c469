"""`tierwise config set`, `unset`, `explain`: one value changes, the reader judges it, its story is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.cli import main
from tierwise.core.tiers import BUILT_IN
from tierwise.files.config import merge
from tierwise.files.config_keys import KEYS, SAME, known_key
from tierwise.files.config_sources import Layer, Source
from tierwise.files.config_trust import restraint_on
from tierwise.files.nodes import node_of

ODD = [
    "opus",
    "off",
    "0.5",
    "[a, b]",
    "{a: 1}",
    "null",
    "'",
    "[",
    "a: b",
    "# x",
    "&a b",
    "*a",
    "!t x",
    "|",
    "- a",
    "opus # c",
]
OWN = """\
# Mine.
defaults:
  specialist: opus   # I can afford it

weekly_budget: {opus_messages: 45}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    own(tmp_path / "project").write_text(OWN)
    (tmp_path / "project" / ".claude").mkdir(parents=True)
    return tmp_path / "project"


def own(project: Path) -> Path:
    return project.parent / "home" / "model-routing.yaml"


def theirs(project: Path) -> Path:
    return project / ".claude" / "model-routing.yaml"


def config(project: Path, *arguments: str) -> Result:
    where = "--project" if arguments[0] in ("show", "explain") else "--in"
    return CliRunner().invoke(main, ["config", *arguments, where, str(project)])


def test_a_value_is_set_in_ones_own_file_and_all_else_stays(project: Path) -> None:
    result = config(project, "set", "defaults.specialist", "haiku")
    assert result.exit_code == 0, result.output
    assert own(project).read_text() == OWN.replace("specialist: opus ", "specialist: haiku ")
    assert result.output == f"{own(project)}: defaults.specialist: haiku\n"


def test_a_file_is_made_where_there_is_none(project: Path) -> None:
    assert config(project, "set", "overrides.my.skill.minimum", "sonnet", "--project").exit_code == 0
    assert theirs(project).read_text() == "overrides:\n  my.skill:\n    minimum: sonnet\n"
    assert config(project, "set", "skill_overrides.my.skill", "opus", "--session").exit_code == 0
    session = project / ".claude" / "session-config.yaml"
    assert session.read_text() == "model_routing:\n  skill_overrides:\n    my.skill: opus\n"


def test_who_is_stronger_is_told(project: Path) -> None:
    theirs(project).write_text("defaults: {specialist: sonnet}\n")
    result = config(project, "set", "defaults.specialist", "haiku")
    assert result.output.splitlines()[1] == (
        ".claude/model-routing.yaml:1 is stronger and says sonnet: that still stands."
    )
    document = json.loads(config(project, "set", "defaults.specialist", "opus", "--json").stdout)
    assert document["path"] == str(own(project))
    assert (document["stands"]["value"], document["stands"]["source"]) == ("sonnet", "project")
    assert [one["value"] for one in document["stands"]["overridden"]] == ["opus", "sonnet"]
    assert document["findings"] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["conservation_mode", "agressive"], "Did you mean `aggressive`?"),
        (["defaults.specialist", "sonet"], "Did you mean `sonnet`?"),
        (["red_zone_threshold", "90"], "Write a share above 0"),
        (["tiers.haiku.codex", "https://x"], "is no model's id"),
        (["tiers.sonnet.codex", "claude-sonnet-5-5"], "`claude-sonnet-5-5` does not answer on codex"),
        (["overrides.x.conditions", "[{when: a}]"], "neither `downgrade_to` nor `hold_at`"),
        (["dynamic_model_routing", "true"], "Write `dynamic_routing: {enabled: true}`."),
        (["force_model", "opus", "--project"], "a project may not speak in the user's name"),
        (["weekly_budget.opus_messages", "50", "--project"], "would raise the cap from 45 to 50"),
        (["mode", "off", "--session"], "would weaken the mode from enforce to off"),
        (["notify.webhook", "https://x.example/y", "--project"], "may not say where notices go"),
        (["defaults.specialst", "opus"], "did you mean `defaults.specialist`?"),
        (["skills.x.preferred", "opus"], "set `overrides.x.preferred`"),
        (["mode", "off", "--session", "--user", "--json", "--nonsense"], "No such option"),
    ],
)  # fmt: skip
def test_what_the_file_may_not_say_is_refused_and_nothing_is_written(
    project: Path, arguments: list[str], told: str
) -> None:
    result = config(project, "set", *arguments)
    assert result.exit_code == 2
    assert told in result.output
    assert own(project).read_text() == OWN
    assert not list((project / ".claude").iterdir())


def test_what_only_waits_is_written_and_told(project: Path) -> None:
    result = config(project, "set", "dynamic_routing.enabled", "true", "--project")
    assert result.exit_code == 0
    assert "nothing acts on it yet" in result.stderr
    assert "dynamic_routing:\n  enabled: true\n" in theirs(project).read_text()


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("fallbacks", "sonnet,haiku", "fallbacks: [sonnet, haiku]"),
        ("fallbacks", "[sonnet]", "fallbacks: [sonnet]"),
        ("overrides.x.reason", "Complex: state, # and more", '"Complex: state, # and more"'),
        ("overrides.x.conditions", "[{when: a, hold_at: opus}]", "conditions: [{when: a, hold_at: opus}]"),
        ("overrides.x.estimated_tokens.input", "2k", ""),
        ("tiers.haiku.codex", "codex-spark", "    codex: codex-spark"),
        ("weekly_budget.total_spend", "null", "total_spend: null}"),
        ("mode", "off", "mode: off"),
    ],
)  # fmt: skip
def test_values_are_written_as_a_person_would(project: Path, key: str, value: str, written: str) -> None:
    result = config(project, "set", key, value)
    assert (result.exit_code == 0) == bool(written), result.output
    assert written in own(project).read_text()


def test_unset_takes_it_out_and_tells_what_stands_then(project: Path) -> None:
    result = config(project, "unset", "defaults.specialist")
    assert result.exit_code == 0
    assert result.output.splitlines()[1] == "sonnet stands now (built-in)."
    assert own(project).read_text() == "# Mine.\n\nweekly_budget: {opus_messages: 45}\n"
    again = config(project, "unset", "defaults.specialist")
    assert again.exit_code == 1
    assert "is not set in" in again.output


def test_set_and_unset_leave_the_file_as_it_was(project: Path) -> None:
    crlf = OWN.replace("\n", "\r\n").encode()
    own(project).write_bytes(b"\xef\xbb\xbf" + crlf)
    own(project).chmod(0o600)
    for key, value in (
        ("mode", "observe"),
        ("budget_zones.red_threshold", "0.8"),
        ("skill_overrides.x", "opus"),
    ):
        assert config(project, "set", key, value).exit_code == 0
        assert config(project, "unset", key).exit_code == 0
    assert own(project).read_bytes() == b"\xef\xbb\xbf" + crlf
    assert own(project).stat().st_mode & 0o777 == 0o600


def test_a_file_that_must_be_mended_first_is_not_written(project: Path) -> None:
    own(project).write_text("defaults: [\n")
    result = config(project, "set", "mode", "observe")
    assert result.exit_code == 1
    assert "not valid YAML" in result.output
    assert own(project).read_text() == "defaults: [\n"


def test_a_link_out_of_the_project_is_not_written(project: Path) -> None:
    (project.parent / "elsewhere.yaml").write_text("mode: enforce\n")
    theirs(project).symlink_to(project.parent / "elsewhere.yaml")
    result = config(project, "set", "on_red_high", "hold", "--project")
    assert result.exit_code == 1
    assert "leads out of" in result.output
    assert (project.parent / "elsewhere.yaml").read_text() == "mode: enforce\n"


@given(
    key=st.one_of(st.sampled_from(list(KEYS)), st.text(max_size=8)),
    value=st.one_of(st.sampled_from(ODD), st.text(max_size=8)),
    command=st.sampled_from(["set", "unset", "explain"]),
)
@settings(max_examples=40)
def test_no_key_and_no_value_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: str, command: str
) -> None:
    home = tmp_path_factory.mktemp("home")
    key = (
        key.replace("<tier>", "opus")
        .replace("<platform>", "codex")
        .replace("<skill>", "a.b")
        .replace("<phase>", "x")
    )
    arguments = ["config", command, "--", key, *([value] if command == "set" else [])]
    result = CliRunner().invoke(main, arguments, env={"TIERWISE_HOME": str(home)})
    assert isinstance(result.exception, SystemExit | None), arguments
    shown = CliRunner().invoke(main, ["config", "show", "--json"], env={"TIERWISE_HOME": str(home)})
    assert shown.exit_code == 0
    assert {finding["rule"] for finding in json.loads(shown.stdout)["findings"]} <= {"not-yet"}


# -- explain -----------------------------------------------------------------------------------------------


def test_a_key_is_explained_with_its_story(project: Path) -> None:
    theirs(project).write_text("defaults: {specialist: sonnet}\n")
    lines = config(project, "explain", "defaults.specialist").output.splitlines()
    assert lines[0] == "defaults.specialist"
    assert (
        "  takes      a tier (haiku, sonnet, opus, fable, light, standard, heavy), or the id of a model"
        in lines
    )
    assert "  default    sonnet" in lines
    assert "  stands     sonnet  (.claude/model-routing.yaml:1)" in lines
    assert f"    instead of opus  ({own(project)}:3)" in lines
    assert any("AGENTS.md" in line for line in lines)


def test_the_explanation_is_told_as_json_too(project: Path) -> None:
    told = json.loads(config(project, "explain", "weekly_budget.heavy_messages", "--json").stdout)
    assert told["stands"]["value"] == 45
    assert told["stands"]["key"] == "weekly_budget.opus_messages"
    assert "can only lower it" in told["restraint"]
    section = json.loads(config(project, "explain", "budget_zones", "--json").stdout)
    assert [one["key"] for one in section] == ["budget_zones.yellow_threshold", "budget_zones.red_threshold"]


def test_an_unknown_key_is_told_with_what_it_may_mean(project: Path) -> None:
    for key, close in (
        ("conservation_mod", "conservation_mode"),
        ("overrides.x.minimun", "overrides.x.minimum"),
        ("weekly", "weekly_budget"),
    ):
        result = config(project, "explain", key)
        assert result.exit_code == 2
        assert f"did you mean `{close}`?" in result.output


@pytest.mark.parametrize("name", KEYS)
def test_every_key_can_be_explained(project: Path, name: str) -> None:
    key = (
        name.replace("<tier>", "opus")
        .replace("<platform>", "codex")
        .replace("<skill>", "a.b")
        .replace("<phase>", "x")
    )
    assert known_key(key) == name
    told = json.loads(config(project, "explain", key, "--json").stdout)
    assert told["meaning"]
    assert told["takes"]
    assert told["said_in"]


BOLD = {
    "mode": "off", "force_model": "opus", "skill_overrides.<skill>": "opus", "notify.desktop": True,
    "notify.webhook": "https://x.example/", "tiers.<tier>.premium": True, "tiers.<tier>.<platform>": "big",
    "dynamic_routing.tier_models.<tier>": "big", "weekly_budget.<tier>_messages": 99,
    "budget_zones.red_threshold": 0.95, "budget_zones.yellow_threshold": 0.75,
}  # fmt: skip
"""Key → a value that goes too far for a project."""


@pytest.mark.parametrize("name", [name for name in KEYS if name not in SAME])
@pytest.mark.parametrize("source", ["project", "session"])
def test_what_is_told_about_trust_is_what_is_judged(name: str, source: Source) -> None:
    restraint = restraint_on(name)
    if name not in BOLD:
        if restraint.words:
            assert name.startswith("weekly_budget."), "a restraint is tried out"
        return
    parts = name.replace("<tier>", "haiku").replace("<platform>", "codex").replace("<skill>", "x").split(".")
    said: object = BOLD[name]
    for part in reversed(parts):
        said = {part: said}
    caps = Layer("user", "user", node_of({"weekly_budget": {"haiku_messages": 10}}))
    layers = [caps, Layer(source, "it", node_of(said))]
    found = [one for one in merge(layers, {"big": "opus"}.get).findings if one.path == "it"]
    allowed = source in restraint.sources and (not restraint.words or _raises_for_a_session(name, source))
    assert bool(found) is not allowed, restraint
    assert restraint.words or allowed


def _raises_for_a_session(name: str, source: Source) -> bool:
    return source == "session" and name.startswith(("budget_zones.", "force_model", "skill_overrides."))


# -- skills ------------------------------------------------------------------------------------------------


SUITE = """\
---
name: qa-coordinator
model: haiku
---
| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |
|---|---|---|---|---|
| mapper | ../mapper/ | sonnet | none | haiku |
"""
MAPPER = """\
---
name: mapper
metadata:
  tierwise.preferred: haiku
model:
  preferred: opus
---
"""


@pytest.fixture
def suite(project: Path) -> Path:
    skills = project / ".claude" / "skills"
    for name, text in (("qa-coordinator", SUITE), ("mapper", MAPPER), ("silent", "---\nname: silent\n---\n")):
        (skills / name).mkdir(parents=True)
        (skills / name / "SKILL.md").write_text(text)
    (skills / "mapper" / "routing.yaml").write_text("preferred: sonnet\n")
    theirs(project).write_text("overrides:\n  mapper:\n    preferred: haiku\n")
    (project / ".claude" / "session-config.yaml").write_text(
        "model_routing:\n  skill_overrides: {mapper: opus}\n"
    )
    return project


def test_every_key_of_a_skill_has_its_whole_chain(suite: Path) -> None:
    [entry, floor] = json.loads(config(suite, "show", "skills.mapper", "--json").stdout)["entries"]
    chain = [
        (one["value"], one["source"], Path(one["path"]).name, one["line"])
        for one in (entry, *entry["overridden"])
    ]
    assert chain == [
        ("opus", "session", "session-config.yaml", 2),
        ("haiku", "project", "model-routing.yaml", 3),
        ("sonnet", "sidecar", "routing.yaml", 1),
        ("opus", "frontmatter", "SKILL.md", 6),
        ("haiku", "metadata", "SKILL.md", 4),
        ("sonnet", "table", "SKILL.md", 7),
    ]
    assert (floor["key"], floor["value"], floor["source"]) == ("skills.mapper.minimum", "haiku", "table")


def test_the_overview_lists_every_skill_once(suite: Path) -> None:
    result = config(suite, "show")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["mapper", "opus", ".claude/session-config.yaml:2"] in lines
    assert ["qa-coordinator", "haiku", ".claude/skills/qa-coordinator/SKILL.md:3"] in lines
    assert ["silent", "undeclared", ".claude/skills/silent/SKILL.md"] in lines
    document = json.loads(config(suite, "show", "--json").stdout)
    assert [skill["name"] for skill in document["skills"]] == ["mapper", "qa-coordinator", "silent"]
    assert Path(document["skills"][0]["coordinator"]).parent.name == "qa-coordinator"


def test_a_key_of_a_skill_is_explained(suite: Path) -> None:
    told = json.loads(config(suite, "explain", "skills.mapper.preferred", "--json").stdout)
    assert told["stands"]["value"] == "opus"
    assert len(told["stands"]["overridden"]) == 5
    assert "did you mean `mapper`?" in config(suite, "explain", "skills.maper.preferred").output


def test_a_skill_reached_by_a_link_is_shown_once(suite: Path) -> None:
    (suite / ".agents").mkdir()
    (suite / ".agents" / "skills").symlink_to(suite / ".claude" / "skills")
    document = json.loads(config(suite, "show", "--json").stdout)
    assert [skill["name"] for skill in document["skills"]] == ["mapper", "qa-coordinator", "silent"]


def test_the_ladder_of_the_built_in_tiers_is_what_examples_speak_of() -> None:
    assert [rung.name for rung in BUILT_IN.rungs] == ["haiku", "sonnet", "opus", "fable"]
