"""GSD's preferences and `dynamic_routing`: read, merged, judged; what can act does, the rest is told once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwise.cli import main
from tierwise.core.models import ANYWHERE
from tierwise.core.tiers import BUILT_IN
from tierwise.files.config import Config, load_config
from tierwise.files.dynamic_block import DynamicSpec, Phase

HAIKU, SONNET, OPUS = (BUILT_IN[name] for name in ("haiku", "sonnet", "opus"))
MODELS = {
    "claude-haiku-4-5": "haiku",
    "claude-sonnet-4-6": "sonnet",
    "claude-opus-4-6": "opus",
    "claude-fable-5": "fable",
}
SEED = """\
---
version: 1
models:
  research: claude-sonnet-4-6
  planning: claude-opus-4-6
  execution: claude-sonnet-4-6
  completion: claude-sonnet-4-6
dynamic_routing:
  enabled: true
  tier_models:
    light: claude-haiku-4-5
    standard: claude-sonnet-4-6
    # heavy: inherits from phase config (ceiling)
  escalate_on_failure: true
  budget_pressure: true # more aggressive downgrading as budget fills
  cross_provider: true # consider cost across providers
  hooks: true
---
"""


def load(tmp_path: Path, *, theirs: str = "", project: str = "", own: str = "", home: str = "") -> Config:
    """`theirs` and `home` are PREFERENCES.md of project and user, `project` and `own` their YAML."""
    folder, gsd = tmp_path / "project", tmp_path / "gsd"
    for path, text in (
        (folder / ".gsd" / "PREFERENCES.md", theirs),
        (folder / ".claude" / "model-routing.yaml", project),
        (tmp_path / "model-routing.yaml", own),
        (gsd / "PREFERENCES.md", home),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        if text:
            path.write_text(text)
    return load_config(
        user_file=tmp_path / "model-routing.yaml", project=folder, gsd_home=gsd, tier_of_model=MODELS.get
    )


def rules(config: Config) -> list[tuple[str, str]]:
    return [(finding.key, finding.rule) for finding in config.findings]


def test_the_preferences_of_the_seed_are_read_as_they_stand(tmp_path: Path) -> None:
    config = load(tmp_path, home=SEED)
    assert config.dynamic.enabled
    assert config.dynamic.phases["planning"] == Phase("claude-opus-4-6")
    assert config.tier_models == {
        "haiku": {ANYWHERE: "claude-haiku-4-5"},
        "sonnet": {ANYWHERE: "claude-sonnet-4-6"},
    }
    places = {entry.key: (entry.value, entry.source, entry.line) for entry in config.entries if entry.path}
    assert places["dynamic_routing.tier_models.haiku"] == ("claude-haiku-4-5", "user", 11)
    assert places["models.planning.model"] == ("claude-opus-4-6", "user", 5)


def test_what_waits_is_told_once_and_clearly(tmp_path: Path) -> None:
    config = load(tmp_path, home=SEED, theirs=SEED)
    [finding] = config.findings
    assert finding.rule == "not-yet"
    assert finding.severity == "warning"
    assert finding.path.endswith("project/.gsd/PREFERENCES.md")
    assert "`enabled`" in finding.problem
    assert "`models`" in finding.problem
    assert "nothing acts on it yet" in finding.problem


def test_what_is_switched_off_waits_for_nothing(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        own="dynamic_routing: {enabled: false, hooks: true, tier_models: {light: claude-haiku-4-5}}\n",
    )
    assert config.findings == ()
    assert config.dynamic == DynamicSpec(enabled=False)


def test_the_project_is_stronger_than_the_user_and_the_chain_is_kept(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        home="---\ndynamic_routing: {tier_models: {standard: claude-haiku-4-5}}\n---\n",
        own="dynamic_routing: {tier_models: {sonnet: claude-sonnet-4-6}}\n",
        theirs="---\ndynamic_routing: {tier_models: {standard: claude-haiku-4-5}}\n---\n",
    )
    [entry] = [one for one in config.entries if one.key == "dynamic_routing.tier_models.sonnet"]
    assert (entry.value, entry.source) == ("claude-haiku-4-5", "project")
    assert [(one.value, one.source) for one in entry.overridden] == [
        ("claude-sonnet-4-6", "user"),
        ("claude-haiku-4-5", "user"),
    ]


def test_a_project_may_switch_it_on_and_may_not_name_a_dearer_model(tmp_path: Path) -> None:
    models = "{light: claude-opus-4-6, heavy: claude-haiku-4-5}"
    config = load(tmp_path, project=f"dynamic_routing: {{enabled: true, tier_models: {models}}}\n")
    assert config.dynamic.enabled
    assert config.tier_models == {"opus": {ANYWHERE: "claude-haiku-4-5"}}
    assert ("dynamic_routing.tier_models.light", "untrusted-model") in rules(config)


def test_a_tier_that_names_its_model_on_a_platform_is_more_exact(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        own="tiers: {haiku: {codex: codex-spark}}\n"
        "dynamic_routing: {tier_models: {light: claude-haiku-4-5, heavy: bedrock/claude-opus-4-6}}\n",
    )
    assert config.tier_models == {
        "haiku": {"codex": "codex-spark", ANYWHERE: "claude-haiku-4-5"},
        "opus": {"bedrock": "claude-opus-4-6"},
    }


def test_the_fallbacks_of_a_phase_serve_the_tier_of_its_model(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        home="---\nmodels:\n  planning:\n    model: claude-opus-4-6\n    provider: anthropic\n"
        "    fallbacks: [claude-sonnet-4-6, {model: claude-haiku-4-5, thinking: low}]\n---\n",
    )
    assert config.settings.phase_fallbacks == {"opus": (SONNET, HAIKU)}
    assert config.settings.fallbacks_of(OPUS) == (SONNET, HAIKU)
    assert config.settings.fallbacks_of(HAIKU) == ()


def test_a_fallback_stands_in_through_the_command_line() -> None:
    phases = {"planning": {"model": "claude-opus-4-6", "fallbacks": ["claude-haiku-4-5"]}}
    question = {
        "id": "1",
        "asked_model": "claude-opus-4-6",
        "unavailable": ["opus"],
        "project": {"models": phases},
    }
    answer = json.loads(CliRunner().invoke(main, ["route"], input=json.dumps(question)).stdout)
    assert (answer["tier"], answer["rule"]) == ("haiku", "availability")


def test_a_tier_model_is_what_is_called_on_every_platform_that_has_it() -> None:
    block = {"tier_models": {"heavy": "claude-opus-4-6"}}
    for platform, model in (
        ("claude_code", "claude-opus-4-6"),
        ("bedrock", "global.anthropic.claude-opus-4-6-v1"),
    ):
        question = {"id": "1", "skill": {"name": "x", "model": {"preferred": "opus"}}, "platform": platform}
        run = CliRunner().invoke(
            main, ["route"], input=json.dumps(question | {"project": {"dynamic_routing": block}})
        )
        assert json.loads(run.stdout)["model"] == model


@pytest.mark.parametrize(
    ("block", "key", "rule"),
    [
        ("dynamic_routing: [1]", "dynamic_routing", "not-a-mapping"),
        ("dynamic_routing: {enabled: often}", "dynamic_routing.enabled", "not-a-boolean"),
        ("dynamic_routing: {enabld: true}", "dynamic_routing.enabld", "unknown-key"),
        ("dynamic_routing: {tier_models: {tiny: a-b}}", "dynamic_routing.tier_models.tiny", "unknown-tier"),
        ("dynamic_routing: {tier_models: {opus: http://x}}", "dynamic_routing.tier_models.opus", "bad-model"),
        ("dynamic_routing: {tier_models: {opus: glm}}", "dynamic_routing.tier_models.opus", "unknown-model"),
        ("dynamic-routing: {enabled: true}", "dynamic-routing", "unknown-key"),
        ("dynamic_model_routing: maybe", "dynamic_model_routing", "not-a-boolean"),
        ("models: {planing: claude-opus-4-6}", "models.planing", "unknown-key"),
        ("models: {planning: [x]}", "models.planning", "not-a-mapping"),
        ("models: {planning: {modell: x}}", "models.planning.modell", "unknown-key"),
        ("models: {planning: {fallbacks: claude-haiku-4-5}}", "models.planning.fallbacks", "not-a-list"),
        ("models: {planning: {fallbacks: [glm-5]}}", "models.planning.fallbacks[0]", "unknown-model"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_a_finding_with_its_line(tmp_path: Path, block: str, key: str, rule: str) -> None:
    config = load(tmp_path, theirs=f"---\nversion: 1\n{block}\n---\n# Prose of theirs\n")
    [finding] = [one for one in config.findings if one.rule != "not-yet"]
    assert (finding.key, finding.rule, finding.line) == (key, rule, 3)
    assert finding.remedy


def test_the_old_switch_is_accepted_with_a_warning_and_gives_way_to_the_new_one(tmp_path: Path) -> None:
    config = load(tmp_path, home="---\ndynamic_model_routing: true\n---\n")
    assert config.dynamic.enabled
    assert rules(config) == [("dynamic_model_routing", "old-name"), ("dynamic_routing", "not-yet")]
    both = load(tmp_path, home="---\ndynamic_routing: {enabled: false}\ndynamic_model_routing: true\n---\n")
    assert not both.dynamic.enabled


def test_keys_of_gsd_that_are_none_of_ours_are_silent(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        theirs="---\nversion: 1\nbudget_ceiling: 50\nmode: solo\nmode: team\nphases: {skip_research: true}\n"
        "dynamic_routing: {capability_routing: true, allow_flat_rate_providers: [x]}\n"
        "models: {planning: {provider: bedrock, thinking: high}}\n---\n",
    )
    assert config.findings == ()
    assert config.mode == "enforce"


@pytest.mark.parametrize(
    "text", ["# no frontmatter\n", "---\nopen: 1\n", "---\na: [\n---\n", "---\n- 1\n---\n", "\0", ""]
)
def test_preferences_that_cannot_be_read_are_a_warning_at_most(tmp_path: Path, text: str) -> None:
    config = load(tmp_path, theirs=text)
    assert {finding.severity for finding in config.findings} <= {"warning"}
    assert config.dynamic == DynamicSpec()


def test_of_two_spellings_of_the_name_the_first_counts(tmp_path: Path) -> None:
    gsd = tmp_path / "gsd"
    gsd.mkdir()
    (gsd / "preferences.md").write_text("---\ndynamic_routing: {hooks: false}\n---\n")
    assert not load(tmp_path).dynamic.hooks
    assert load(tmp_path, home="---\ndynamic_routing: {hooks: true}\n---\n").dynamic.hooks


def test_preferences_that_lead_out_of_the_project_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.md").write_text(SEED)
    (tmp_path / "project" / ".gsd").mkdir(parents=True)
    (tmp_path / "project" / ".gsd" / "PREFERENCES.md").symlink_to(tmp_path / "elsewhere.md")
    config = load(tmp_path)
    assert [finding.rule for finding in config.findings] == ["outside-project"]
