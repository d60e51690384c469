"""Markdown for the reference: blocks, tables, and docstrings without where they were taken from."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable


def joined(*parts: str) -> str:
    """The parts that are not empty, as blocks of Markdown."""
    return "\n\n".join(part for part in parts if part)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells; a bar in a cell is escaped."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def fenced(text: str, language: str = "text") -> str:
    """The text as a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def prose(of: object) -> str:
    """The docstring of a module, class or function as Markdown."""
    text = inspect.getdoc(of)
    assert text, f"{of} has no docstring"
    return sourceless(text)


def sourceless(text: str) -> str:
    """The text without where it was taken from."""
    text = re.sub(r"\n+Source: .*", "", text, flags=re.DOTALL)
    return re.sub(r" \((?:rules\.md|seed|A§)[^)]*\)", "", text)


def rest(of: object, most: int | None = None) -> str:
    """The prose after its first paragraph: all of it, or at most so many paragraphs."""
    return joined(*prose(of).split("\n\n")[1:][:most])


def undrawn(of: object) -> str:
    """The prose without its drawings, where a table of the page says the same."""
    return joined(*(part for part in prose(of).split("\n\n") if not part.startswith("    ")))


def claim(of: object) -> str:
    """The first paragraph of the docstring, on one line."""
    return " ".join(prose(of).split("\n\n")[0].split())


def shown(value: object) -> str:
    """A JSON value as code."""
    return f"`{json.dumps(value, ensure_ascii=False)}`"
