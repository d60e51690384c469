from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.files.frontmatter import read_page
from tierwise.files.frontmatter_edit import (
    UneditableError,
    scalar,
    with_key,
    with_metadata,
    without_key,
    without_metadata,
)
from tierwise.files.nodes import Node, read_yaml

BLOCK = ["model:", "  preferred: haiku", "  acceptable: [haiku, sonnet]"]
PAGE = """\
---
# who
name: mapper   # the name

description: >-
  Maps pages.

  # not a comment, but text
# what it may use
tools: [Read, Grep]
metadata:
  author: "me"   # and you

  # the version
  version: '1'
  # indented: the author's, below metadata

# last words
---
# Title
"""


def said(text: str) -> object:
    page, findings = read_page(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), "p")
    assert all(finding.severity == "warning" for finding in findings)
    return plain(page.head) if page.head is not None else {}


def plain(node: Node) -> object:
    if node.items:
        return [plain(item) for item in node.items]
    if node.entries:
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    # `read_page` cuts off the last line's end, so the last value of a head may lack it
    return node.value.rstrip("\n") if isinstance(node.value, str) else node.value


def test_a_new_key_is_the_last_one_and_nothing_else_moves() -> None:
    edited = with_key(PAGE, "model", BLOCK)
    assert edited == PAGE.replace("# last words\n", "# last words\n" + "\n".join(BLOCK) + "\n")


def test_a_key_is_replaced_where_it_stands_and_comments_between_keys_stay() -> None:
    edited = with_key(PAGE, "description", ["description: Maps."])
    assert "\n\ndescription: Maps.\n# what it may use\ntools" in edited
    assert with_key(edited, "description", ["description: Maps."]) == edited


def test_what_was_put_in_can_be_taken_out_again() -> None:
    assert without_key(with_key(PAGE, "model", BLOCK), "model") == PAGE
    assert without_key(PAGE, "model") == PAGE
    values = {"tierwise.preferred": "haiku", "tierwise.acceptable": "haiku sonnet"}
    assert without_metadata(with_metadata(PAGE, values), values) == PAGE
    bare = "---\nname: x\n---\n"
    assert without_metadata(with_metadata(bare, values), values) == bare


def test_metadata_keys_stand_behind_the_others_and_are_replaced_in_place() -> None:
    edited = with_metadata(PAGE, {"tierwise.preferred": "haiku"})
    assert "  # indented: the author's, below metadata\n  tierwise.preferred: haiku\n\n# last" in edited
    again = with_metadata(edited, {"tierwise.preferred": "sonnet"})
    assert again == edited.replace("haiku", "sonnet")
    assert with_metadata(PAGE, {"author": "you"}) == PAGE.replace('author: "me"   # and you', "author: you")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: x\n", "name: x\nmetadata:\n  a.b: c\n"),
        ("", "metadata:\n  a.b: c\n"),
        ("metadata:\nname: x\n", "metadata:\n  a.b: c\nname: x\n"),
        ("metadata: {}\n", "metadata: {a.b: c}\n"),
        ("metadata: {d: e}  # f\n", "metadata: {a.b: c, d: e}  # f\n"),
        ('metadata: {"d": {"e": [1]}}\n', 'metadata: {a.b: c, "d": {"e": [1]}}\n'),
        ("metadata: {a.b: 'old', d: e}\n", "metadata: {a.b: c, d: e}\n"),
        ("metadata:\n      d: e\n", "metadata:\n      d: e\n      a.b: c\n"),
        ("metadata:\n  d: e\n  a.b: |\n    old\n    # text\n", "metadata:\n  d: e\n  a.b: c\n"),
        ("  name: x\n", "  name: x\n  metadata:\n    a.b: c\n"),
        ("l:\n- 1\n- 2\n", "l:\n- 1\n- 2\nmetadata:\n  a.b: c\n"),
    ],
)
def test_metadata_is_edited_in_the_style_that_it_has(before: str, after: str) -> None:
    assert with_metadata(f"---\n{before}---\nbody", {"a.b": "c"}) == f"---\n{after}---\nbody"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("tail", ["---", "---\n# T\u2028\x0b\n\nx", "--- \t\nx\n"])
def test_bom_line_ends_and_a_missing_last_line_end_stay(end: str, bom: str, tail: str) -> None:
    page = bom + ("---\nname: x\n" + tail).replace("\n", end)
    edited = with_key(page, "model", BLOCK)
    added = end.join([*BLOCK, ""])
    assert edited == page.replace(f"name: x{end}", f"name: x{end}{added}")
    assert without_key(edited, "model") == page


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("# no head\n", "no frontmatter"),
        ("", "no frontmatter"),
        ("---\nname: x\n", "never closed"),
        ("---\n{name: x}\n---\n", "does not consist of"),
        ("---\n- x\n---\n", "does not consist of"),
        ("---\na: b: c\n---\n", "a colon"),
        ("---\nmetadata: text\n---\n", "no mapping"),
        ("---\nmetadata: [a]\n---\n", "no mapping"),
        ("---\nmetadata:\n  a: b\nmetadata:\n  c: d\n---\n", "written twice"),
        ("---\nmetadata:\n  a.b: b\n  a.b: d\n---\n", "written twice"),
        ("---\nx: a\u2028b\n---\n", "line break that only some"),
        ("---\nmetadata: {a.b: 'x\n  y'}\n---\n", "several lines"),
        ("---\nmetadata:\n  a.b: &c d\ne: *c\n---\n", "names no anchor"),
        ("---\nmetadata:\n  d: |+\n    text\n\n---\n", "would change what"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused_with_the_reason(page: str, problem: str) -> None:
    with pytest.raises(UneditableError, match=problem) as raised:
        with_metadata(page, {"a.b": "c"})
    assert raised.value.remedy


def test_a_metadata_that_becomes_empty_goes_and_one_in_braces_is_left_to_its_author() -> None:
    assert without_metadata("---\nname: x\nmetadata: {a: b}\n---\n", ["a"]) == "---\nname: x\n---\n"
    with pytest.raises(UneditableError, match="in braces"):
        without_metadata("---\nmetadata: {a: b, c: d}\n---\n", ["a"])


@pytest.mark.parametrize(
    "text", ["haiku", "true", "1", "haiku sonnet", "2000-5000", "a: b", "# c", "", "é\n"]
)
def test_a_scalar_is_text_for_every_reader(text: str) -> None:
    root, findings = read_yaml(f"k: {scalar(text)}", "")
    assert findings == []
    assert root is not None
    assert root.entries["k"].node.value == text


LINES = st.sampled_from(
    """\
name: x~name: 'x~  y'~# c~  # c~~  ~metadata:~metadata: {a: b}~  a: 1~  b: |~    t~   # t~model: opus~model:
  preferred: opus~- i~  - i~d: >-~e: {f: [g,~h]}~i: &j k~l: *j~? m~: n~...~o: |+~"model": p~\tq
tierwise.preferred: r~  tierwise.preferred: r~s: t # u""".replace("\n", "~").split("~")
)


@given(st.lists(LINES, max_size=9), st.sampled_from(["\n", "\r\n"]), st.text(max_size=20))
def test_an_edit_says_what_was_asked_and_keeps_every_other_line_or_is_refused(
    lines: list[str], end: str, body: str
) -> None:
    page = end.join(["---", *lines, "---", body])
    try:
        edited = with_key(page, "model", BLOCK)
        after = said(with_metadata(edited, {"tierwise.minimum": "true"}))
    except UneditableError:
        return
    before = said(page)
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert after["model"] == {"preferred": "haiku", "acceptable": ["haiku", "sonnet"]}
    assert after["metadata"] == {**(before.get("metadata") or {}), "tierwise.minimum": "true"}
    others = {key: value for key, value in before.items() if key not in ("model", "metadata")}
    assert {key: after[key] for key in others} == others
    assert edited.endswith(end.join(["---", body]))
    assert with_key(edited, "model", BLOCK) == edited
    if "model" not in before:
        assert without_key(edited, "model") == page
