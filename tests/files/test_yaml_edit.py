"""YAML editing: what was asked for is there, every other byte is as it was, or nothing is returned."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.files.frontmatter_edit import UneditableError
from tierwise.files.nodes import Node, read_yaml
from tierwise.files.yaml_edit import with_value, without_value

COMMENTED = """\
# Mine.

defaults:            # by role
    coordinator: haiku   # cheap
    # specialist: opus

fallbacks:
  - sonnet
  - haiku   # last

tiers: {haiku: {claude_code: claude-haiku-4-5}}  # flow
overrides:
"""


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("defaults.coordinator", "sonnet", "coordinator: haiku   #", "coordinator: sonnet   #"),
        ("defaults.specialist", "opus", "# cheap\n", "# cheap\n    specialist: opus\n"),
        ("mode", "off", "overrides:\n", "overrides:\nmode: off\n"),
        ("fallbacks", "[opus]", "fallbacks:\n  - sonnet\n  - haiku   # last\n", "fallbacks: [opus]\n"),
        ("tiers.haiku.codex", "codex-spark", "haiku-4-5}}", "haiku-4-5, codex: codex-spark}}"),
        ("tiers.opus.codex", "x-1", "-4-5}}", "-4-5}, opus: {codex: x-1}}"),
        ("overrides.a.minimum", "haiku", "overrides:\n", "overrides:\n  a:\n    minimum: haiku\n"),
        ("overrides.a b.minimum", "haiku", "overrides:\n", 'overrides:\n  "a b":\n    minimum: haiku\n'),
        ("notify.desktop", "true", "overrides:\n", "overrides:\nnotify:\n  desktop: true\n"),
    ],
)  # fmt: skip
def test_one_value_changes_and_nothing_else(key: str, value: str, old: str, new: str) -> None:
    assert COMMENTED.count(old) == 1
    assert with_value(COMMENTED, tuple(key.split(".")), value) == COMMENTED.replace(old, new)


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("defaults.coordinator", "    coordinator: haiku   # cheap\n", ""),
        ("fallbacks", "fallbacks:\n  - sonnet\n  - haiku   # last\n", ""),
        ("tiers.haiku.claude_code", "{haiku: {claude_code: claude-haiku-4-5}}  # flow", "{}  # flow"),
        ("overrides", "overrides:\n", ""),
        ("mode", "", ""),
    ],
)
def test_one_value_goes_and_nothing_else(key: str, old: str, new: str) -> None:
    assert without_value(COMMENTED, tuple(key.split("."))) == COMMENTED.replace(old, new)


@pytest.mark.parametrize(
    "start", ["", "# only a comment", "# one\n", "---\n", "a: 1", "a: 1\n", "{}\n", "{a: 1}"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_what_was_put_in_can_be_taken_out_again(start: str, end: str, bom: str) -> None:
    text = bom + start.replace("\n", end)
    put = with_value(text, ("b", "c"), "x")
    assert plain(put)["b"] == {"c": "x"}
    assert put.count("\n") == put.count(end if end in text else "\n")
    taken = without_value(put, ("b", "c"))
    assert taken.rstrip("\r\n") == text.rstrip("\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: 1\na: 2\n",
        "- 1\n",
        "word",
        "b: &x {c: 1}\na: *x\n",
        "b: 5\n",
        "a: 1\n...\n",
        "b: [c]\n",
        "? [b]\n: 1\n",
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str) -> None:
    with pytest.raises(UneditableError):
        with_value(with_value(text, ("a", "c"), "x"), ("b", "c"), "x")


def test_an_anchor_that_is_used_elsewhere_keeps_its_value() -> None:
    with pytest.raises(UneditableError, match="change to something else"):
        with_value("a: &x {c: 1}\nb: *x\n", ("a", "c"), "2")


def plain(text: str) -> dict[str, object]:
    node, findings = read_yaml(text.removeprefix("\ufeff").replace("\r\n", "\n"), "")
    assert findings == []
    assert node is not None
    value = values(node)
    assert isinstance(value, dict)
    return value


def values(node: Node) -> object:
    if isinstance(node.value, tuple):
        return [values(item) for item in node.items]
    if node.entries:
        return {key: values(entry.node) for key, entry in node.entries.items()}
    return node.value


NAMES = st.sampled_from(["a", "b", "c", "d e", "f.g", "é"])
SCALARS = st.one_of(st.integers(0, 9), st.booleans(), st.sampled_from(["x", "y z", "off", "# no", ": x"]))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def pages(draw: st.DrawFn) -> str:
    """Documents in lines and in braces, with comments and empty lines between them."""
    lines: list[str] = []

    def put(value: object, column: int) -> None:
        assert isinstance(value, dict)
        for name, inner in value.items():
            lines.extend(draw(st.lists(st.sampled_from(["", " " * column + "# note", "# left"]), max_size=1)))
            head, note = " " * column + json.dumps(name) + ":", draw(st.sampled_from(["", "  # why"]))
            if isinstance(inner, dict) and inner and draw(st.booleans()):
                lines.append(head + note)
                put(inner, column + draw(st.integers(1, 4)))
            elif isinstance(inner, list) and inner and draw(st.booleans()):
                lines.append(head + note)
                lines.extend(" " * column + "- " + json.dumps(item) for item in inner)
            elif isinstance(inner, str) and draw(st.booleans()):
                lines.extend([head + " |" + note, " " * (column + 2) + inner])
            else:
                lines.append(f"{head} {json.dumps(inner)}{note}")

    put(draw(st.dictionaries(NAMES, TREES, max_size=4)), 0)
    end = draw(st.sampled_from(["\n", "\r\n"]))
    last = draw(st.sampled_from([[""], ["# the end", ""], []]))
    if any(line.partition("  #")[0].endswith("|") for line in lines):
        last = last or [""]  # a text block that the page ends in the middle of cannot be continued
    return end.join([*lines, *last])


@given(
    text=pages(),
    key=st.lists(NAMES, min_size=1, max_size=3),
    value=st.sampled_from(["opus", "[a, b]", "0.5"]),
)
@settings(max_examples=50)
def test_any_page_says_what_it_said_and_the_new_value(text: str, key: list[str], value: str) -> None:
    before = plain(text) if text.strip() and not only_comments(text) else {}
    try:
        edited = with_value(text, tuple(key), value)
    except UneditableError:
        inner: object = before
        for name in key[:-1]:
            inner = inner.get(name) if isinstance(inner, dict) else inner
        assert not isinstance(inner, dict), "only what is no mapping stands in the way"
        return
    after: object = plain(edited)
    for name in key:
        assert isinstance(after, dict)
        after = after[name]
    wanted, _ = read_yaml(value, "")
    assert wanted is not None
    assert after == values(wanted)
    again = without_value(edited, tuple(key))
    assert edited == with_value(edited, tuple(key), value)
    old: object = before
    for name in key:
        old = old.get(name, KeyError) if isinstance(old, dict) else KeyError
    if old is KeyError and not has_empty(before):
        assert again.rstrip("\r\n") == text.rstrip("\r\n")


def only_comments(text: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def has_empty(value: object) -> bool:
    return isinstance(value, dict) and any(
        inner in ({}, None) or has_empty(inner) for inner in value.values()
    )
