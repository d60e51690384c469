"""Which SKILL.md a command reads: the ways to read one, and what only looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.wire.skill_reading import COMMAND_CHARACTERS_MAX, skill_files_read

HERE = "/shop"
ONE = ["/shop/a/SKILL.md"]


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("cat a/SKILL.md", ONE),
        ("cat /shop/a/SKILL.md", ONE),
        ("cat ./a/../a/SKILL.md", ONE),
        ("sed -n '1,200p' a/SKILL.md && ls src", ONE),
        ("ls src; head -100 a/SKILL.md", ONE),
        ("head -100 < a/SKILL.md", ONE),
        ("cat a/SKILL.md | head -5", ONE),
        ("cat a/SKILL.md 2>/dev/null || true", ONE),
        ("cat a/SKILL.md > /tmp/x", ONE),
        ("cat 'a/SKILL.md';cat \"a/SKILL.md\"", ONE),
        ('bash -lc "cat a/SKILL.md"', ONE),
        ("bash -c 'sh -c \"cat a/SKILL.md\"'", ONE),
        ("cd a && cat SKILL.md", ONE),
        ("cd /shop/b\ncat ../a/SKILL.md", ONE),
        ("/usr/bin/cat a/SKILL.md", ONE),
        ("cat a/SKILL.md b/SKILL.md", [*ONE, "/shop/b/SKILL.md"]),
        ("cat 'my skills/SKILL.md'", ["/shop/my skills/SKILL.md"]),
    ],
)
def test_reading_is_seen(command: str, files: list[str]) -> None:
    assert skill_files_read(command, HERE) == files


@pytest.mark.parametrize(
    "command",
    [
        "ls a/SKILL.md",
        "rg SKILL.md",
        "grep -n model a/SKILL.md",
        "wc -l a/SKILL.md",
        "git add a/SKILL.md",
        "echo cat a/SKILL.md",
        "cat > a/SKILL.md",
        "cat x.md >> a/SKILL.md",
        "cat x.md > a/SKILL.md",
        "tee a/SKILL.md",
        "sed -i s/a/b/ a/SKILL.md",
        "cat > a/SKILL.md <<'EOF'\ncat b/SKILL.md\nEOF",
        "cat */SKILL.md",
        "cat $HOME/SKILL.md",
        "cat ~/a/SKILL.md",
        "cd $X && cat SKILL.md",
        "cat a/SKILL.md.bak a/NOSKILL.md a/skill.md",
        'cat "a/SKILL.md',
        "",
        "cat " + "x" * COMMAND_CHARACTERS_MAX + " a/SKILL.md",
    ],
)
def test_what_only_looks_like_reading_is_not(command: str) -> None:
    assert skill_files_read(command, HERE) == []


def test_without_a_directory_only_whole_paths_can_be_told() -> None:
    assert skill_files_read("cat a/SKILL.md; cat /b/SKILL.md", "") == ["/b/SKILL.md"]


@given(st.text(alphabet="cat sedSKILL.md/'\"\\;&|<>\n$~", max_size=60), st.sampled_from(["", "/shop"]))
def test_any_command_is_read_without_harm(command: str, directory: str) -> None:
    for file in skill_files_read(command + " SKILL.md", directory):
        assert file.startswith("/")
        assert file.endswith("/SKILL.md")
