"""Long texts: every reader's time grows with the length of what it reads, and never with its square.

Some rows once took minutes. The bound is CPU time and generous: a quadratic reader misses it a hundredfold.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tierwise.core.conditions import matched_words
from tierwise.core.tiers import BUILT_IN
from tierwise.files.budget_limits import limit_of
from tierwise.files.inline import parse_prompt
from tierwise.files.prose import read_prose
from tierwise.files.skill_files import read_skill

LENGTH = 200_000


def prose(text: str) -> None:
    read_prose(f"## Model Routing\n{text}\n", "CLAUDE.md")


def prompt(text: str) -> None:
    parse_prompt(text, BUILT_IN, {}.get)


def limit(text: str) -> None:
    with contextlib.suppress(ValueError):
        limit_of(text)


def request(text: str) -> None:
    matched_words(text, text.lower())
    matched_words("x y", text.lower())


@pytest.mark.parametrize(
    ("read", "before", "piece", "behind"),
    [
        (prose, "Default", " ", "x"),
        (prose, "Default", "_ ", "x"),
        (prose, "Default", "- ", ": x"),
        (prose, "Override: a", " ", "x"),
        (prose, "Override: a uses opus (", "(", "x"),
        (prompt, "use opus", " ", "haiku"),
        (prompt, "use opus", "* ", "haiku"),
        (prompt, "run everything", "\u3000", "on opus"),
        (prompt, "> ", "<bash-stdout>x</bash-stdout>", "use opus"),
        (prompt, "用", "用", "opus"),
        (limit, "1", " ", "x"),
        (limit, "$", "\t", "1"),
        (request, "a", "a", "b"),
        (request, "not", " not", " x"),
        (request, "a", "/a", ""),
    ],
)
@pytest.mark.timeout(30)
def test_a_long_run_of_anything_is_read_at_once(
    read: Callable[[str], None], before: str, piece: str, behind: str
) -> None:
    text = before + (piece * LENGTH)[:LENGTH] + behind
    began = time.process_time()
    read(text)
    assert time.process_time() - began < 1


ROWS = "| Skill | Default Tier | Upgrade Trigger |\n|-|-|-|\n"


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("", "\r"),
        ("", "|\n"),
        ("", "```\n"),
        ("", "# a\n"),
        ("## Degradation Adaptations\n", "When running at sonnex instead of opux:\n"),
        (ROWS, "| a | haikux | b → c; d → e; f → g |\n"),
        ("---\nmodel:\n  preferred: opus\n  acceptable: [", "sonnex,"),
        ("---\nmodel:\n", "  prefered: opus\n"),
        ("---\nmetadata:\n  tierwise.acceptable: ", "sonnex "),
        ("Step 1: a\n", "  Model: haikux\n"),
    ],
)
@pytest.mark.timeout(30)
def test_the_largest_file_of_nothing_but_mistakes_is_read_at_once(
    tmp_path: Path, head: str, line: str
) -> None:
    room = 250_000 if head.startswith("---") else 1_000_000
    text = head + line * (room // len(line))
    (tmp_path / "SKILL.md").write_text(text + ("\n---\n" if head.startswith("---") else ""), newline="")
    began = time.process_time()
    read_skill(tmp_path / "SKILL.md")
    assert time.process_time() - began < 3
