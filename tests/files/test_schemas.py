"""The schemas: valid, complete, and of one mind with the readers as far as a schema can say what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tierwise import wiring
from tierwise.cli import main
from tierwise.core.tiers import ladder_of
from tierwise.files.budgets import budgets_from
from tierwise.files.config_keys import BLOCK, BUDGET, CONDITION, ESTIMATES, KEYS
from tierwise.files.config_schema import SECTIONS, read_statements
from tierwise.files.findings import Finding
from tierwise.files.frontmatter import read_page
from tierwise.files.homes import Homes
from tierwise.files.nodes import Node, node_of, read_yaml
from tierwise.files.routing_block import FIELDS
from tierwise.files.schemas import SCHEMAS, schema_of
from tierwise.files.tier_words import TierWords

ROOT = Path(__file__).resolve().parents[1]
WORDS = TierWords(tier_of_model=wiring.tier_of_model)
VALIDATORS = {name: Draft202012Validator(schema_of(name)) for name in SCHEMAS}


def routing_findings(document: object) -> list[Finding]:
    return read_statements(node_of(document), "", WORDS)[1]


def skill_findings(document: object) -> list[Finding]:
    homes = Homes("", WORDS)
    homes.read_frontmatter(node_of(document))
    return homes.findings


def sidecar_findings(document: object) -> list[Finding]:
    homes = Homes("", WORDS)
    homes.read_sidecar(node_of(document), "")
    return homes.findings


def budget_findings(document: object) -> list[Finding]:
    return budgets_from(node_of(document), "", WORDS)[1]


# -- well made ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_schema(name: str) -> None:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]


def test_the_tables_of_keys_are_those_of_the_readers() -> None:
    assert {name.partition(".")[0] for name in KEYS} == set(SECTIONS)
    assert list(BLOCK) == list(FIELDS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_described(name: str) -> None:
    text = json.dumps(schema_of(name), ensure_ascii=False)
    tables = {
        "routing": KEYS | CONDITION,
        "session": KEYS,
        "skill": BLOCK | ESTIMATES,
        "sidecar": BLOCK,
        "budgets": BUDGET,
    }
    for info in tables[name].values():
        assert json.dumps(info.meaning, ensure_ascii=False) in text


def test_every_model_of_the_catalog_may_stand_where_a_tier_may() -> None:
    for model in wiring.load_catalog().names():
        assert VALIDATORS["routing"].is_valid({"force_model": model}), model


def test_the_rungs_of_ones_own_ladder_are_known() -> None:
    own = Draft202012Validator(schema_of("routing", ladder_of(("luna", "sol"))))
    assert own.is_valid({"force_model": "luna", "weekly_budget": {"sol_tokens": 5}})
    assert own.is_valid({"force_model": "opus"})
    assert not VALIDATORS["routing"].is_valid({"force_model": "luna"})


# -- what is written today ---------------------------------------------------------------------------------


SEEDS = {
    "A§1.2 and A§7.5": """\
tiers:
  haiku:
    claude_code: claude-haiku-4-5
    codex: codex-spark
    description: "Mechanical tasks — file tracing, pattern matching, formatting"
    cost_ratio: 1          # Baseline
budget_zones: {yellow_threshold: 0.70, red_threshold: 0.90}
defaults:
  coordinator: haiku
  specialist: sonnet
  reference_loading: haiku
  conservation_mode: auto    # off | auto | aggressive
weekly_budget:
  opus_messages: 45          # Approximate weekly Opus message limit
  opus_tokens: null          # Or specify token budget if known
  total_spend: null          # Or specify dollar budget
""",
    "A§3.1": """\
force_model: null            # null = use skill preferences, or haiku/sonnet/opus
conservation_mode: off       # off | auto | aggressive
skill_overrides:
  page-component-mapper: sonnet   # "I want higher quality mapping today"
yellow_zone_threshold: 0.70
red_zone_threshold: 0.90
""",
    "A§3.2": """\
overrides:
  ui-bug-investigator: {preferred: opus, minimum: sonnet, reason: "Complex state management patterns"}
""",
    "B": """\
models: {research: claude-sonnet-4-6, planning: {model: claude-opus-4-6, fallbacks: [claude-sonnet-4-6]}}
dynamic_routing: {enabled: true, tier_models: {light: claude-haiku-4-5}, hooks: true}
""",
    "one's own ladder": "tiers: {luna: {codex: gpt-6-luna}, sol: {premium: true}}",
}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_seeds_configurations_are_valid(seed: str) -> None:
    document = values(SEEDS[seed])
    assert not list(VALIDATORS["routing"].iter_errors(document))
    assert not list(VALIDATORS["session"].iter_errors({"model_routing": document, "others": {"things": 1}}))


def test_the_skills_of_the_fixtures_and_scenarios_are_valid() -> None:
    checked = 0
    for file in (ROOT / "fixtures" / "skills").rglob("SKILL.md"):
        page, _ = read_page(file.read_text("utf-8"), "")
        assert page.head is not None
        head = plain(page.head)
        assert skill_findings(head) == []
        assert not list(VALIDATORS["skill"].iter_errors(head)), file
        checked += 1
    for skill in scenario_skills():
        if not skill_findings({"model": skill}):
            assert not list(VALIDATORS["skill"].iter_errors({"model": skill}))
            assert not list(VALIDATORS["sidecar"].iter_errors(skill if isinstance(skill, dict) else None))
            checked += 1
    assert checked > 20


def scenario_skills() -> Iterator[Any]:
    for file in (ROOT / "scenarios").glob("*.yaml"):
        for scenario in ruamel.yaml.YAML(typ="safe", pure=True).load(file.read_text("utf-8")):
            skill = scenario.get("question", {}).get("skill") if isinstance(scenario, dict) else None
            if isinstance(skill, dict) and "model" in skill:
                yield skill["model"]


def values(text: str) -> Any:
    node, findings = read_yaml(text, "")
    assert findings == []
    assert node is not None
    return plain(node)


def plain(node: Node) -> Any:
    if isinstance(node.value, tuple):
        return [plain(item) for item in node.items]
    if node.entries:
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    return node.value


# -- of one mind with the readers --------------------------------------------------------------------------


CONDITIONS = [
    [{"when": "a", "hold_at": "opus"}],
    [{"when": "a", "hold_at": "opus", "downgrade_to": None, "match": ["*.py"], "reason": 1}],
    [{"when": "a", "hold_at": "opus", "downgrade_to": "haiku"}],
    [{"when": "a"}],
    [{"hold_at": "opus"}],
    [{"when": " ", "hold_at": "opus"}],
    [{"when": 1, "hold_at": "opus"}],
    [{"when": "a", "hold_at": "sonet"}],
    [{"when": "a", "upgrade_to": "opus"}],
    [{"when": "a", "hold_at": "opus", "match": 5}],
    [{"when": "a", "hold_at": "opus", "match": [None]}],
    [1],
]
VALUES = st.one_of(
    st.sampled_from(
        [
            None, True, False, 0, 1, 0.5, 1.5, -1, 15, 32, 10**16, "", " ", "opus", " Opus ", "LIGHT",
            "sonet", "off", "OFF", "claude-sonnet-4-6", "auto", "always", "True", "maybe", "2000-5000",
            "2k-5K", "8,000", "x-y", "15k", "45messages", "$5", "5usd", "80%", "5", "none",
            "none Tokens", "weekly",
            "tier=opus", "tier=sonet", "skill = a b", "all", "all=x", "ALL", "tiers", "Europe/Berlin",
            "https://x.example/y", "ftp://x", "https://", "inherit", "haiku sonnet", "haiku, sonet",
            [], ["opus"], ["sonet"], [1], ["haiku", "LIGHT"], [{"model": "claude-x"}], [{"id": "x"}],
            [None], {}, {"input": "1-2"}, {"input": "x"}, {"inputs": "1-2"}, {"model": "claude-x"},
            {"preferred": "opus"}, {"preferred": "sonet"},
            {"tier": "opus"}, {"tier": "opus", "skill": "x"}, *CONDITIONS,
        ]
    ),
    st.text(max_size=4),
    st.integers(-2, 40),
    st.floats(-1, 2),
)  # fmt: skip
NOT_SAYABLE = {
    "unknown-model",  # which models there are
    "bad-range",  # a range that falls, or that may mean two things
    "thresholds-cross",
    "budget-keys",
    "unknown-zone",
    "ladder-order",
    "old-name",
}
"""Findings that a schema has no words for."""


def agrees(schema: str, document: object, read: Callable[[object], list[Finding]]) -> None:
    """What the schema refuses is found, and what is found the schema refuses, if it can."""
    valid, found = VALIDATORS[schema].is_valid(document), read(document)
    if not valid:
        assert found, "the schema refuses what the reader takes"
        return
    for finding in found:
        model_like = finding.rule == "unknown-tier" and any(c.isdigit() or c == "-" for c in finding.problem)
        misspelt = finding.rule == "unknown-key" and finding.key.startswith(("tiers.", "models."))
        assert finding.rule in NOT_SAYABLE or model_like or misspelt or odd(finding), finding


def odd(finding: Finding) -> bool:
    """Corners that a pattern or a type cannot turn: a URL's host, 1.0 as a whole number, a limit too fine."""
    return finding.rule in ("bad-url", "bad-limit") or (
        finding.rule == "out-of-range" and "day" in finding.key
    )


@given(name=st.sampled_from(list(KEYS)), value=VALUES, section=VALUES)
def test_the_schema_of_the_configuration_agrees_with_its_reader(
    name: str, value: object, section: object
) -> None:
    parts = (
        name.replace("<tier>", "opus")
        .replace("<platform>", "codex")
        .replace("<skill>", "x")
        .replace("<phase>", "y")
    )
    document: object = value
    for part in reversed(parts.split(".")):
        document = {part: document}
    agrees("routing", document, routing_findings)
    agrees("routing", {parts.partition(".")[0]: section}, routing_findings)
    agrees("routing", {f"{parts.partition('.')[0]}s": value}, routing_findings)


@given(key=st.sampled_from([*BLOCK, "reason", "preffered"]), value=VALUES)
@settings(max_examples=50)
def test_the_schemas_of_a_block_agree_with_its_readers(key: str, value: object) -> None:
    agrees("skill", {"name": "x", "model": {key: value}}, skill_findings)
    agrees("skill", {"name": "x", "model": value}, skill_findings)
    agrees("skill", {"name": "x", key: value}, skill_findings)
    agrees("skill", {"metadata": {f"tierwise.{key}": value, "theirs": value}}, skill_findings)
    agrees("skill", {"metadata": {"tierwise": {key: value}}}, skill_findings)
    agrees("sidecar", {key: value}, sidecar_findings)
    agrees("sidecar", {"model": {key: value}}, sidecar_findings)


@given(key=st.sampled_from([*BUDGET, "limits"]), value=VALUES, listed=st.booleans())
def test_the_schema_of_budgets_agrees_with_its_reader(key: str, value: object, listed: bool) -> None:
    budget = {"limit": "5usd", "window": "weekly", key: value}
    if key == "billing_day":
        budget["window"] = "monthly"
    named: object = [{"name": "week"} | budget] if listed else {"week": budget}
    agrees("budgets", named, budget_findings)


# -- through the command -----------------------------------------------------------------------------------


def test_a_schema_is_printed_and_all_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    printed = CliRunner().invoke(main, ["config", "schema", "routing"])
    assert json.loads(printed.stdout) == schema_of("routing")
    written = CliRunner().invoke(main, ["config", "schema", "--out", str(tmp_path / "schemas")])
    assert len(written.stdout.splitlines()) == len(SCHEMAS)
    for path in (tmp_path / "schemas").iterdir():
        Draft202012Validator.check_schema(json.loads(path.read_text()))
    assert CliRunner().invoke(main, ["config", "schema"]).exit_code == 2
