"""Prose: the sentences of A§3.2 are read as what they say, and nothing else in the file is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.files.nodes import Node
from tierwise.files.prose import read_prose

SEED = """\
# Shop

Default specialist model: opus

## Model Routing Defaults

Default conservation mode: auto
Default specialist model: sonnet
Override: ui-bug-investigator always uses opus (complex codebase)
Override: page-component-mapper always uses haiku (pure tracing)

## Style
Override: x always uses opus
"""


def plain(node: Node) -> object:
    return {key: plain(entry.node) for key, entry in node.entries.items()} or node.value


def said(text: str) -> object:
    return plain(read_prose(f"## Model Routing\n{text}\n", "CLAUDE.md")[0])


def test_the_seeds_section_is_read_and_nothing_around_it() -> None:
    root, findings = read_prose(SEED, "CLAUDE.md")
    assert findings == []
    assert plain(root) == {
        "defaults": {"conservation_mode": "auto", "specialist": "sonnet"},
        "overrides": {
            "ui-bug-investigator": {"preferred": "opus", "reason": "complex codebase"},
            "page-component-mapper": {"preferred": "haiku", "reason": "pure tracing"},
        },
    }
    assert root.entries["overrides"].node.entries["ui-bug-investigator"].line == 9


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Default coordinator model: haiku", {"defaults": {"coordinator": "haiku"}}),
        ("- Default coordinator tier: haiku.", {"defaults": {"coordinator": "haiku"}}),
        ("* **Default specialist model:** `sonnet`", {"defaults": {"specialist": "sonnet"}}),
        ("1. default reference loading model = haiku", {"defaults": {"reference_loading": "haiku"}}),
        ("Default reference-loading: haiku (cheap)", {"defaults": {"reference_loading": "haiku"}}),
        ("Default model: sonnet", {"defaults": {"platform": "sonnet"}}),
        ("Default conservation mode: off", {"defaults": {"conservation_mode": "off"}}),
        ("Override: a-skill uses opus", {"overrides": {"a-skill": {"preferred": "opus"}}}),
        ("Override: a-skill should use the opus model", {"overrides": {"a-skill": {"preferred": "opus"}}}),
        ("Override: a-skill must always use opus.", {"overrides": {"a-skill": {"preferred": "opus"}}}),
        ("Override: a-skill runs on haiku", {"overrides": {"a-skill": {"preferred": "haiku"}}}),
        ("Override: `a-skill` → opus", {"overrides": {"a-skill": {"preferred": "opus"}}}),
        ("Override: my_skill_1: opus", {"overrides": {"my_skill_1": {"preferred": "opus"}}}),
        (
            "- **Override:** a-skill always uses gpt-5.3-codex (why (really))",
            {"overrides": {"a-skill": {"preferred": "gpt-5.3-codex", "reason": "why (really)"}}},
        ),
        ("We route by skill here, and the default is fine.", {}),
        ("Overrides are discussed in the team.", {}),
    ],
)
def test_a_sentence_means_what_it_says(sentence: str, expected: object) -> None:
    assert said(sentence) == expected


def test_code_is_an_example() -> None:
    assert said("```\nDefault specialist model: opus\n```") == {}


def test_a_section_ends_with_the_next_heading_of_its_level() -> None:
    text = "# Notes\n### Model-routing\nDefault hook model: haiku\n#### Why\nDefault model: sonnet\n## Else\n"
    assert plain(read_prose(text + "Default hook model: opus\n", "AGENTS.md")[0]) == {
        "defaults": {"hook": "haiku", "platform": "sonnet"}
    }


@pytest.mark.parametrize(
    "sentence", ["Override: whatever", "Default specialist model: ", "Override - x: y z"]
)
def test_a_sentence_that_means_to_be_one_is_told_if_it_is_not_understood(sentence: str) -> None:
    root, findings = read_prose(f"## Model Routing\n\n{sentence}", "CLAUDE.md")
    assert root.entries == {}
    assert [(finding.line, finding.rule) for finding in findings] == [(3, "prose-unclear")]


def test_what_is_said_twice_is_told_and_the_first_counts() -> None:
    text = "## Model Routing\nOverride: a uses opus\nOverride: a uses haiku\n"
    root, findings = read_prose(text, "CLAUDE.md")
    assert plain(root) == {"overrides": {"a": {"preferred": "opus"}}}
    assert [(finding.line, finding.rule) for finding in findings] == [(3, "duplicate-key")]


@given(
    st.lists(
        st.sampled_from(["Override:", "Default", "uses", "opus", ":", "(", ")", "x ", "*", "`", "_", "\n"])
    )
)
def test_nothing_ever_raises(pieces: list[str]) -> None:
    read_prose("## Model Routing\n" + "".join(pieces), "CLAUDE.md")


@given(st.text())
def test_a_file_without_the_heading_says_nothing(text: str) -> None:
    if "routing" not in text.lower():
        assert read_prose(text, "CLAUDE.md")[0].entries == {}
