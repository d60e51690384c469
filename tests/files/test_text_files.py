from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.files.nodes import read_text
from tierwise.files.text_files import MAX_FILE_BYTES, MAX_LINES


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a\nb\n", "a\nb\n"),
        (b"\xef\xbb\xbfa\n", "a\n"),
        (b"a\r\nb\r\n", "a\nb\n"),
        (b"a\rb", "a\nb"),
        (b"", ""),
        ("héllo".encode(), "héllo"),
        (b"x" * MAX_FILE_BYTES, "x" * MAX_FILE_BYTES),
    ],
    ids=["plain", "BOM", "CRLF", "CR", "empty", "UTF-8", "largest"],
)
def test_text_is_read_as_an_editor_shows_it(tmp_path: Path, raw: bytes, text: str) -> None:
    file = tmp_path / "SKILL.md"
    file.write_bytes(raw)
    assert read_text(file) == (text, [])


@pytest.mark.parametrize(
    ("raw", "rule", "line", "problem"),
    [
        (b"ok\n\nbad \xff here", "not-utf-8", 3, "byte 8 (0xff) is not UTF-8"),
        (b"\xff\xfea\x00", "not-utf-8", 1, "byte 0 (0xff) is not UTF-8"),
        (b"x" * (MAX_FILE_BYTES + 1), "too-large", 0, "the file is larger than 1024 KiB"),
        (b"\r" * (MAX_LINES + 1), "too-large", 0, "the file has more than 50,000 lines"),
    ],
    ids=["latin", "UTF-16", "huge", "long"],
)
def test_bytes_that_are_no_text_are_an_error(
    tmp_path: Path, raw: bytes, rule: str, line: int, problem: str
) -> None:
    file = tmp_path / "SKILL.md"
    file.write_bytes(raw)
    text, findings = read_text(file)
    assert text is None
    assert [(f.rule, f.line, f.problem, f.severity) for f in findings] == [(rule, line, problem, "error")]


def test_only_a_regular_file_is_ever_opened(tmp_path: Path) -> None:
    """A pipe would hang, a folder would raise, and neither was meant."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    named = {
        "pipe": "is not a regular file",
        "dangling": "is a link that leads nowhere",
        "missing": "does not exist",
        "": "is not a regular file",
        "a\0b": "does not exist",
        "loop": "link",
        "x" * 5_000: "name too long",
    }
    for name, why in named.items():
        text, findings = read_text(tmp_path / name)
        assert text is None
        assert [f.rule for f in findings] == ["unreadable"]
        assert why in findings[0].problem.lower(), name


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_a_finding(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.md"
    file.write_bytes(raw)
    text, findings = read_text(file)
    assert (text is None) == bool(findings)
