from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.files.frontmatter import read_page


def test_head_and_body_keep_the_lines_of_the_file() -> None:
    page, findings = read_page("---\nname: x\n---\n\n# Title\n", "SKILL.md")
    assert findings == []
    assert page.head is not None
    assert page.head.entries["name"].line == 2
    assert (page.body, page.body_line) == ("\n# Title\n", 4)


@pytest.mark.parametrize(
    "text", ["", "# Title\n", "text\n---\nname: x\n---\n", "----\n", " ---\nname: x\n---\n"]
)
def test_a_page_without_a_head_is_all_body(text: str) -> None:
    page, findings = read_page(text, "SKILL.md")
    assert (page.head, page.body, page.body_line, findings) == (None, text, 1, [])


def test_a_fence_may_have_spaces_after_it_and_the_head_may_be_empty() -> None:
    page, findings = read_page("---  \n---\t\nbody", "SKILL.md")
    assert (page.head, page.body, page.body_line, findings) == (None, "body", 3, [])


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("---\nname: x\n", "frontmatter-open", 1),
        ("---\n- a\n- b\n---\n", "frontmatter-not-mapping", 2),
        ("---\njust text\n---\n", "frontmatter-not-mapping", 2),
        ("---\nname: x\nb: c: d\n---\n", "yaml-syntax", 3),
    ],
)
def test_a_broken_head_is_an_error_and_the_body_is_still_there(text: str, rule: str, line: int) -> None:
    page, findings = read_page(text, "SKILL.md")
    assert page.head is None
    assert [(f.rule, f.line, f.severity) for f in findings] == [(rule, line, "error")]


@given(st.text(), st.text())
def test_every_page_comes_apart_and_its_body_is_its_tail(head: str, body: str) -> None:
    text = f"---\n{head}\n---\n{body}"
    page, _ = read_page(text, "SKILL.md")
    assert text.endswith(page.body)
    assert page.body_line == text[: len(text) - len(page.body)].count("\n") + 1
