from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.files.nodes import MAX_DEPTH, MAX_NODES, Node, node_of, quoted, read_yaml
from tierwise.files.text_files import MAX_YAML_BYTES


def read(text: str, first_line: int = 1) -> Node:
    node, findings = read_yaml(text, "f.yaml", first_line)
    assert findings == []
    assert node is not None
    return node


def plain(node: Node) -> object:
    if node.entries:
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    return [plain(item) for item in node.items] if isinstance(node.value, tuple) else node.value


def only_error(text: str) -> tuple[str, int]:
    node, findings = read_yaml(text, "f.yaml")
    assert node is None
    errors = [finding for finding in findings if finding.severity == "error"]
    assert len(errors) == 1
    return errors[0].rule, errors[0].line


def test_every_value_and_every_key_knows_its_line() -> None:
    """The same lines as in an editor, also when the text begins further down in its file."""
    root = read("model:\n  preferred: haiku\n  acceptable:\n    - haiku\n    - sonnet\n", first_line=4)
    line, model = root.entries["model"]
    assert line == 4
    assert model.entries["preferred"].line == 5
    acceptable = model.entries["acceptable"]
    assert (acceptable.line, [item.line for item in acceptable.node.items]) == (6, [7, 8])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("off", "off"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0.70", 0.7),
        ("1e3", 1000.0),
        ("2_000", "2_000"),
        ("2000-5000", "2000-5000"),
        ("12:30", "12:30"),
        ("2026-02-14", "2026-02-14"),
        ("1.2.3", "1.2.3"),
        ("'true'", "true"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("9" * 400, "9" * 400),
        ("<<", "<<"),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(written: str, meant: object) -> None:
    value = read(f"key: {written}\n").entries["key"].node.value
    assert value == meant
    assert type(value) is type(meant)


def test_a_scalar_keeps_the_text_it_was_written_as() -> None:
    root = read("version: 1.10\nquoted: 'off'\n1: one\ntrue: x\n")
    assert root.entries["version"].node.text == "1.10"
    assert list(root.entries) == ["version", "quoted", "1", "true"]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n# c\n"])
def test_an_empty_document_is_no_mistake(text: str) -> None:
    node, findings = read_yaml(text, "f.yaml")
    assert findings == []
    assert node is None or node.value is None


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("a: 1\nb: c: d\n", "yaml-syntax", 2),
        ("a:\n\tb: 1\n", "yaml-syntax", 2),
        ("a: [1, 2\n", "yaml-syntax", 2),
        ('a: "open\n', "yaml-syntax", 2),
        ('a: "\\UFFFFFFFF"\n', "yaml-syntax", 0),
        ("a: 1\n---\nb: 2\n", "yaml-documents", 2),
        ("a: 1\nb: *nobody\n", "yaml-alias", 2),
        ("a: &a\n  - *a\n", "yaml-alias", 2),
        ("a: &a\n  b: *a\n", "yaml-alias", 2),
        ("a: 1\nb: \x00\n", "control-character", 2),
        ("a: 1\n\nb: \x1b[2J\n", "control-character", 3),
        ("a: \ud800\n", "control-character", 1),
        ("a: " + "x" * MAX_YAML_BYTES, "too-large", 0),
        ("é" * (MAX_YAML_BYTES // 2) + "x", "too-large", 0),
    ],
)
def test_what_cannot_be_used_is_one_error_with_its_line(text: str, rule: str, line: int) -> None:
    assert only_error(text) == (rule, line)


def test_a_colon_in_a_value_is_told_in_words_that_help() -> None:
    """The commonest broken frontmatter of all: `description: Use when: …` without quotes."""
    _, findings = read_yaml("description: Use when: asked\n", "f.yaml")
    assert findings[0].problem == "not valid YAML: the value holds a colon and is not in quotes"
    assert findings[0].remedy == "Put the whole value in quotes."


@pytest.mark.parametrize("opening", ["[", "- ", "? "])
def test_a_tower_of_brackets_ends_in_a_finding_and_not_in_a_crash(opening: str) -> None:
    assert only_error(opening * 100_000)[0] in ("too-deep", "too-large")


def test_nesting_is_allowed_up_to_its_limit() -> None:
    assert plain(read("[" * MAX_DEPTH + "]" * MAX_DEPTH)) is not None
    assert only_error("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == ("too-deep", 1)


def test_an_alias_counts_as_often_as_it_expands() -> None:
    """The billion laughs: 8 lines, 10⁹ values."""
    bomb = ["l0: &l0 [x,x,x,x,x,x,x,x,x,x]"]
    bomb += [f"l{n}: &l{n} [{','.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert only_error("\n".join(bomb)) == ("too-many-values", 4)


def test_an_honest_alias_is_read() -> None:
    root = read("low: &low {preferred: haiku}\nalso: *low\n")
    assert plain(root) == {"low": {"preferred": "haiku"}, "also": {"preferred": "haiku"}}
    assert root.entries["also"].node.line == 2


def test_the_number_of_values_is_bounded() -> None:
    assert only_error("- x\n" * (MAX_NODES + 1))[0] == "too-many-values"


@pytest.mark.parametrize(
    ("text", "rule", "key", "line", "left"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", "a", 3, {"a": 1, "b": 2}),
        ("? [x, y]\n: 1\nb: 2\n", "yaml-key", "", 1, {"b": 2}),
        ("a: !secret 5\n", "yaml-tag", "", 1, {"a": 5}),
        ("a: !set [x]\n", "yaml-tag", "", 1, {"a": ["x"]}),
    ],
)
def test_a_warning_costs_only_the_value_that_it_names(
    text: str, rule: str, key: str, line: int, left: object
) -> None:
    node, findings = read_yaml(text, "f.yaml")
    assert [(f.rule, f.key, f.line, f.severity) for f in findings] == [(rule, key, line, "warning")]
    assert node is not None
    assert plain(node) == left


def test_thousands_of_like_mistakes_are_told_a_few_times() -> None:
    _, findings = read_yaml("a: 1\n" * 5_000, "f.yaml")
    assert 10 < len(findings) < 100


YAML_SHRAPNEL = st.lists(
    st.sampled_from(
        [
            *":-?[]{},&*!|>'\"%@` \n\t#ab01~<\\",
            *("- ", "a: ", "---\n", "&a ", "*a", "!!str ", "|2-\n", "\r", "\x85", "\ufeff", "\u2028"),
            *('"\\U', "\\x", "%YAML 1.1\n", "%TAG ! x\n"),
        ]
    ),
    max_size=60,
).map("".join)


@given(YAML_SHRAPNEL | st.text())
def test_no_text_whatever_raises(text: str) -> None:
    node, findings = read_yaml(text, "f.yaml")
    assert all(0 <= finding.line <= text.count("\n") + text.count("\r") + 200 for finding in findings)
    if any(finding.severity == "error" for finding in findings):
        assert node is None


@pytest.mark.parametrize(
    "text", ["# c\n" * 60_000, "%a b\n" * 40_000, "a: |\n" * 20_000, "[" * 250_000, "-\n" * 130_000]
)
def test_the_worst_text_of_the_largest_size_is_answered_soon(text: str) -> None:
    """Far below the time at which anybody would call it hanging; about a second on a slow machine."""
    began = time.process_time()
    read_yaml(text, "f.yaml")
    assert time.process_time() - began < 10


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4).filter(bool),
    max_leaves=12,
)


@given(JSON)
def test_json_values_become_nodes_and_stay_what_they_were(value: object) -> None:
    assert plain(node_of(value)) == value


def test_a_quoted_value_is_short_and_cannot_speak_to_the_terminal() -> None:
    assert quoted("\x1b[2Jhaiku\n") == "`\\x1b[2Jhaiku\\n`"
    assert len(quoted("x" * 5_000)) < 70
