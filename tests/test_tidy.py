"""The repository is tidy: what the house style promises and no linter looks at. All offenders at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 350
MOST_LINES_OF_A_FUNCTION = 60
CLAIM = re.compile(r"\S.{15,}[.?]")
VAGUE = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
UNFINISHED = re.compile(r"(?<![`\"'])\b(?:TO_?DO|FIX_?ME|X_?XX)\b(?![`\"'])")
"""A mark in quotes is spoken of: new skills hold them for their author."""
SWITCHED_OFF = re.compile(r"(?:pytest|mark)\.(?:skip|xfail|importorskip)|@unittest\.skip")
UNTYPED = re.compile(r"# type:\s*ignore")

PACKAGE = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
OTHERS = sorted(path for folder in ("tools", "bench") for path in (ROOT / folder).rglob("*.py"))
CODE = [*PACKAGE, *TESTS, *OTHERS]
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")))
PLAIN = [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci" / "run"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def matches(pattern: re.Pattern[str], paths: Iterable[Path]) -> dict[str, list[str]]:
    """What the pattern finds, by file."""
    found = {name_of(path): pattern.findall(path.read_text("utf-8")) for path in paths}
    return {name: texts for name, texts in found.items() if texts}


def functions_of(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length in lines of every function, without its decorators."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name_of(path)}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_every_module_opens_with_a_one_line_claim() -> None:
    docstrings = {name_of(path): ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in PACKAGE}
    claims = {name: (text or "").partition("\n")[0] for name, text in docstrings.items()}
    assert {name: claim for name, claim in claims.items() if not CLAIM.fullmatch(claim)} == {}


def test_every_module_can_be_read_in_one_sitting() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in PACKAGE}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_every_function_fits_on_a_screen() -> None:
    lengths = dict(pair for path in (*PACKAGE, *OTHERS) for pair in functions_of(path))
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


def test_every_module_has_a_name_that_says_something() -> None:
    words = {name_of(path): set(re.split(r"[/_.]", name_of(path))) for path in CODE}
    assert {name: vague for name in words if (vague := words[name] & VAGUE)} == {}


def test_nothing_is_left_unfinished() -> None:
    assert matches(UNFINISHED, (*CODE, *PAGES, *PLAIN)) == {}


def test_no_test_is_switched_off() -> None:
    assert matches(SWITCHED_OFF, TESTS) == {}


def test_no_type_error_is_hidden() -> None:
    assert matches(UNTYPED, (*PACKAGE, *OTHERS)) == {}


# -- links -------------------------------------------------------------------------------------------------


def text_of(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^(```+|~~~+).*?^\1", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """The names under which GitHub links to the page's headings."""
    headings = re.findall(r"^#+ +(.+?) *$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_of(page: Path) -> Iterator[tuple[str, str]]:
    """Path and anchor of every link that leads into the repository."""
    prose = re.sub(r"`[^`\n]*`", "", text_of(page))
    inline = re.findall(r"\]\(<?([^)\s>]+)", prose)
    defined = re.findall(r"^\[[^\]]+\]: *<?([^\s>]+)", prose, flags=re.MULTILINE)
    for target in (*inline, *defined):
        if not re.match(r"[a-z][a-z0-9+.-]*:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def leads_somewhere(page: Path, path: str, anchor: str) -> bool:
    target = page.parent / path if path else page
    return target.exists() and (not anchor or target.suffix != ".md" or anchor in anchors_of(target))


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    links = [(page, *link) for page in PAGES for link in links_of(page)]
    assert [
        f"{name_of(page)}: {to}#{at}" for page, to, at in links if not leads_somewhere(page, to, at)
    ] == []


def test_links_are_found_outside_of_code_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A *first* page: `x`\n[a](b.md#c) ![d](e.png) [f](https://g.h/i) [j](#k) `[l](m)`\n"
        "```\n# n\n[o](p)\n```\n[q]: r.md\n"
    )
    assert list(links_of(page)) == [("b.md", "c"), ("e.png", ""), ("", "k"), ("r.md", "")]
    assert anchors_of(page) == {"a-first-page-x"}
    assert leads_somewhere(page, "", "a-first-page-x")
    assert not leads_somewhere(page, "", "k")
