from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.skills import Condition, Demand, EstimatedTokens, Role, Routing, TokenRange
from tierwise.core.tiers import BUILT_IN, ladder_of
from tierwise.files.findings import MAX_GUESSES
from tierwise.files.nodes import node_of, read_yaml
from tierwise.files.routing_block import FIELDS, MAX_ITEMS, Block, read_block
from tierwise.files.tier_words import TierWords

HAIKU, SONNET, OPUS, FABLE = BUILT_IN.rungs
KNOWN_MODELS = {"claude-opus-5-5": "opus", "gpt-6-luna": "haiku", "odd-one": "no-such-tier"}
WORDS = TierWords(BUILT_IN, KNOWN_MODELS.get)


def block(text: str, *, flat: bool = False) -> Block:
    node, findings = read_yaml(text, "SKILL.md")
    assert findings == []
    assert node is not None
    return read_block(node, "SKILL.md", WORDS, "model.", flat=flat)


def values(text: str, *, flat: bool = False) -> dict[str, object]:
    read = block(text, flat=flat)
    assert read.findings == []
    return read.values


def test_the_whole_block_of_the_seed_is_read() -> None:
    text = """
preferred: opus
acceptable: [opus, sonnet]
minimum: sonnet
allow_upgrade: true
allow_downgrade: false
reasoning_demand: high
effort: xhigh
effort_first: true
role: reference_loading
estimated_tokens:
  input: 2000-5000
  output: 500-1500
  tool_calls: 3-8
  total_estimate: 8000-25000
conditions:
  - when: "issue is a known pattern"
    downgrade_to: sonnet
    match: [missing import, "*.css"]
  - when: "issue involves hydration"
    hold_at: opus
reason: "for people"
"""
    assert Routing(**values(text)) == Routing(
        preferred=OPUS,
        acceptable=(OPUS, SONNET),
        minimum=SONNET,
        allow_upgrade=True,
        allow_downgrade=False,
        reasoning_demand=Demand.HIGH,
        effort="xhigh",
        effort_first=True,
        role=Role.REFERENCE_LOADING,
        estimated_tokens=EstimatedTokens(
            TokenRange(2000, 5000), TokenRange(500, 1500), TokenRange(3, 8), TokenRange(8000, 25000)
        ),
        conditions=(
            Condition("issue is a known pattern", downgrade_to=SONNET, match=("missing import", "*.css")),
            Condition("issue involves hydration", hold_at=OPUS),
        ),
    )


def test_of_a_list_no_more_is_read_than_can_be_meant() -> None:
    """Every condition is looked at in every decision."""
    many = "  - {when: x, hold_at: opus, match: [" + "y, " * 150 + "]}\n"
    many += "  - {when: x, hold_at: opus}\n" * 149
    read = block("preferred: opus\nacceptable: [" + "opus, " * 150 + "]\nconditions:\n" + many)
    assert len(read.values["conditions"]) == len(read.values["conditions"][0].match) == MAX_ITEMS
    told = {finding.key: finding.problem for finding in read.findings}
    assert told["model.acceptable"] == "only the first 100 of 150 entries are read"
    assert {finding.rule for finding in read.findings} == {"too-many-items"}


def test_after_very_many_mistakes_nothing_is_guessed() -> None:
    wrong = block("".join(f"preferrd{n}: opus\n" for n in range(MAX_GUESSES + 1))).findings
    assert (wrong[0].remedy, wrong[-1].remedy[:10]) == ("Did you mean `preferred`?", "Use one of")


def test_every_value_has_its_line_also_inside_a_value() -> None:
    text = "preferred: opus\nestimated_tokens:\n  input: 1-2\n"
    text += "conditions:\n  - hold_at: opus\n  - when: x\n    hold_at: opus\n"
    assert block(text).lines == {
        "preferred": 1,
        "estimated_tokens": 2,
        "estimated_tokens.input": 3,
        "conditions": 4,
        "conditions[0]": 6,  # the first entry cannot be used, so the second one is the first that counts
    }


@pytest.mark.parametrize(
    ("word", "tier"),
    [
        ("haiku", HAIKU),
        ("Opus", OPUS),
        (" sonnet ", SONNET),
        ("light", HAIKU),
        ("heavy", OPUS),
        ("fable", FABLE),
        ("claude-opus-5-5", OPUS),
        ("gpt-6-luna", HAIKU),
    ],
)
def test_a_tier_is_a_rung_an_alias_or_a_known_model(word: str, tier: object) -> None:
    assert values(f'preferred: "{word}"') == {"preferred": tier}


def test_tiers_are_those_of_the_ladder_that_is_given() -> None:
    words = TierWords(ladder_of(("small", "large")))
    read = read_block(node_of({"preferred": "large", "minimum": "haiku"}), "f", words)
    assert read.values == {"preferred": words.ladder["large"]}
    assert [f.remedy for f in read.findings] == ["Use small, large, or the id of a model in the catalog."]


def test_null_is_silence() -> None:
    assert (
        values("preferred: null\nacceptable:\nminimum: ~\nconditions: []\nestimated_tokens: {input: }\n")
        == {}
    )


@pytest.mark.parametrize(
    ("text", "rule", "key", "line", "hint"),
    [
        ("prefered: haiku", "unknown-key", "model.prefered", 1, "Did you mean `preferred`?"),
        ("allow_downgrades: true", "unknown-key", "model.allow_downgrades", 1, "`allow_downgrade`"),
        ("zzz: 1", "unknown-key", "model.zzz", 1, "Use one of preferred, acceptable"),
        ("preferred: hiaku", "unknown-tier", "model.preferred", 1, "Did you mean `haiku`?"),
        ("preferred: gpt-4o-ultra", "unknown-tier", "model.preferred", 1, "Use haiku, sonnet, opus, fable"),
        ("preferred: Claude Opus 4.8", "unknown-tier", "model.preferred", 1, "Did you mean `opus`?"),
        ("preferred: odd-one", "unknown-tier", "model.preferred", 1, "Use haiku"),
        ("acceptable: [haiku, sonet]", "unknown-tier", "model.acceptable[1]", 1, "Did you mean `sonnet`?"),
        ("acceptable: haiku", "not-a-list", "model.acceptable", 1, "Write [haiku]."),
        ("acceptable: {haiku: 1}", "not-a-list", "model.acceptable", 1, "Write [haiku, sonnet]."),
        ("preferred: [haiku]", "not-a-word", "model.preferred", 1, "Use one of haiku"),
        ("minimum: 3", "not-a-word", "model.minimum", 1, "Use one of haiku"),
        (
            "reasoning_demand: true",
            "yaml-boolean",
            "model.reasoning_demand",
            1,
            "low, medium, high, variable",
        ),
        ("preferred: false", "yaml-boolean", "model.preferred", 1, "Use one of haiku"),
        ("reasoning_demand: hgih", "unknown-word", "model.reasoning_demand", 1, "Did you mean `high`?"),
        ("effort: extreme", "unknown-word", "model.effort", 1, "low, medium, high, xhigh, max"),
        ("role: boss", "unknown-word", "model.role", 1, "coordinator"),
        ("allow_upgrade: yes", "not-a-boolean", "model.allow_upgrade", 1, "Write true or false."),
        ("allow_downgrade: 1", "not-a-boolean", "model.allow_downgrade", 1, "Write true or false."),
        ("conditions: always", "not-a-list", "model.conditions", 1, "`- when: …`"),
        ("conditions:\n  - always\n", "not-a-mapping", "model.conditions[0]", 2, "`when:"),
        (
            "conditions:\n  - hold_at: opus\n",
            "condition-without-when",
            "model.conditions[0]",
            2,
            "`when:",
        ),
        (
            "conditions:\n  - when: ''\n    hold_at: opus\n",
            "condition-without-when",
            "model.conditions[0]",
            2,
            "`when:",
        ),
        ("conditions:\n  - when: x\n", "condition-target", "model.conditions[0]", 2, "exactly one"),
        (
            "conditions:\n  - when: x\n    hold_at: opus\n    downgrade_to: haiku\n",
            "condition-target",
            "model.conditions[0]",
            2,
            "exactly one",
        ),
        (
            "conditions:\n  - when: x\n    upgrade_to: opus\n",
            "condition-upgrade",
            "model.conditions[0].upgrade_to",
            3,
            "Prefer the higher tier",
        ),
        (
            "conditions:\n  - {when: x, hold_to: opus, hold_at: opus}",
            "unknown-key",
            "model.conditions[0].hold_to",
            2,
            "`hold_at`",
        ),
        (
            "conditions:\n  - {when: x, hold_at: opsu}\n",
            "unknown-tier",
            "model.conditions[0].hold_at",
            2,
            "`opus`",
        ),
        (
            "conditions:\n  - {when: [x], hold_at: opus}\n",
            "not-text",
            "model.conditions[0].when",
            2,
            "quotes",
        ),
        (
            "estimated_tokens: {inputs: 1-2}",
            "unknown-key",
            "model.estimated_tokens.inputs",
            1,
            "Did you mean `input`?",
        ),
        ("estimated_tokens: lots", "bad-range", "model.estimated_tokens", 1, "2000-5000"),
        ("estimated_tokens: {input: 5000-2000}", "bad-range", "model.estimated_tokens.input", 1, "2000-5000"),
    ],
)
def test_every_mistake_is_told_with_place_and_remedy(
    text: str, rule: str, key: str, line: int, hint: str
) -> None:
    findings = block(text).findings
    assert [(f.rule, f.key, f.line, f.path) for f in findings] == [(rule, key, line, "SKILL.md")]
    assert findings[0].severity == "warning"
    assert hint in findings[0].remedy


def test_all_mistakes_are_told_at_once_and_the_rest_still_counts() -> None:
    read = block(
        "preferred: opuss\nminimum: sonnet\nreasonning_demand: low\neffort: huge\nallow_upgrade: false\n"
    )
    assert [f.line for f in read.findings] == [1, 3, 4]
    assert read.values == {"minimum": SONNET, "allow_upgrade": False}


def test_a_list_keeps_the_members_that_can_be_read() -> None:
    assert block("acceptable: [haiku, 7, sonnet, haiku, nothing]").values == {"acceptable": (HAIKU, SONNET)}


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("2000-5000", 2000, 5000),
        ("2000 - 5000", 2000, 5000),
        ("2000–5000", 2000, 5000),
        ("8000", 8000, 8000),
        ("0-10", 0, 10),
        ("2k-5k", 2000, 5000),
        ("1.5k-2.25k", 1500, 2250),
        ("800-2k", None, None),
        ("1000-2k", 1000, 2000),
        ("0-2k", 0, 2000),
        ("2-5k", None, None),
        ("2_000-5_000", 2000, 5000),
        ("2,000-5,000", 2000, 5000),
        ("2_00", None, None),
        ("1,5-2", None, None),
        ("-5", None, None),
        ("2.5", None, None),
        ("1e3", None, None),
        ("~8000", None, None),
        ("3-", None, None),
        ("1-2-3", None, None),
        ("9" * 13, None, None),
        ("٣-٤", None, None),
        ("true", None, None),
        ("[1, 2]", None, None),
    ],
)
def test_a_range_is_read_only_if_it_can_mean_one_thing(
    written: str, low: int | None, high: int | None
) -> None:
    read = block(f"estimated_tokens:\n  input: {written}\n")
    if low is None or high is None:
        assert [f.rule for f in read.findings] == ["bad-range"]
        assert read.values == {}
    else:
        assert read.findings == []
        assert read.values == {"estimated_tokens": EstimatedTokens(input=TokenRange(low, high))}


def test_a_bare_range_is_the_total() -> None:
    assert values("estimated_tokens: 8000-25000") == {
        "estimated_tokens": EstimatedTokens(total_estimate=TokenRange(8000, 25000))
    }


def test_in_a_flat_home_words_make_a_list_and_text_a_boolean() -> None:
    text = 'acceptable: "haiku, sonnet  opus"\nallow_upgrade: "False"\nallow_downgrade: "true"\n'
    assert values(text, flat=True) == {
        "acceptable": (HAIKU, SONNET, OPUS),
        "allow_upgrade": False,
        "allow_downgrade": True,
    }


def test_conditions_cannot_be_flat_and_the_remedy_names_the_place_for_them() -> None:
    findings = block('conditions: "hydration: opus"', flat=True).findings
    assert "routing.yaml" in findings[0].remedy


@pytest.mark.parametrize("value", ["haiku", 7, True, ["haiku"]])
def test_a_block_that_is_no_mapping_is_told_and_says_nothing(value: object) -> None:
    read = read_block(node_of(value, 4), "SKILL.md", WORDS, "model.")
    assert read.values == {}
    assert [(f.rule, f.key, f.line) for f in read.findings] == [("not-a-mapping", "model", 4)]


def test_every_field_of_the_core_has_its_key() -> None:
    assert set(FIELDS) == set(Routing.__slots__)


ANY_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(BUILT_IN.words()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["when", "hold_at", "downgrade_to", "match", "input", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(max_size=12), ANY_VALUE, max_size=8),
    st.booleans(),
)
def test_whatever_stands_in_a_block_it_becomes_a_routing_and_findings(
    said: dict[str, object], flat: bool
) -> None:
    read = read_block(node_of(said, 3), "SKILL.md", WORDS, "model.", flat=flat)
    Routing(**read.values)
    assert read.values.keys() <= read.lines.keys()
    assert all(finding.line == 3 and finding.severity == "warning" for finding in read.findings)
