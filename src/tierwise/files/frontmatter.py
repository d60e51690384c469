"""Frontmatter: a Markdown page taken apart into its YAML head and its body, lines counted as in the file.

    1  ---
    2  name: page-component-mapper        the head: a mapping, read by `read_yaml`
    3  ---
    4  # Page component mapper             the body

A page without a head is a page all the same: its author declared nothing.

Source: rules.md section 2; research/clients.md section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.files.findings import Finding
from tierwise.files.nodes import Node, read_yaml

FENCE = "---"


@dataclass(frozen=True, slots=True)
class Page:
    """The head as a mapping (None: none, or unusable), and the body with its 1-based first line."""

    head: Node | None
    body: str
    body_line: int


def read_page(text: str, path: str) -> tuple[Page, list[Finding]]:
    """The parts of a Markdown page, and what is wrong with its head. Never raises.

    A head that is not closed, not YAML or not a mapping is an error; the body is then read without it.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        return Page(None, text, 1), []
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        remedy = "Close it with a line `---`."
        problem = "the frontmatter is never closed"
        return Page(None, text, 1), [Finding(path, 1, "", problem, remedy, "error", "frontmatter-open")]
    head, findings = read_yaml("\n".join(lines[1:end]), path, first_line=2)
    if head is not None and not isinstance(head.value, dict):
        problem = f"the frontmatter is {head.kind}, not a mapping"
        remedy = "Write `key: value` lines."
        findings.append(Finding(path, head.line, "", problem, remedy, "error", "frontmatter-not-mapping"))
        head = None
    return Page(head, "\n".join(lines[end + 1 :]), end + 2), findings
