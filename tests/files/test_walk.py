from __future__ import annotations

from pathlib import Path

import pytest

from tierwise.files import walk
from tierwise.files.walk import skill_paths


def plant(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# x\n")


def found(root: Path, *roots: Path) -> list[str]:
    files, findings = skill_paths(roots or [root])
    assert findings == []
    return [file.relative_to(root).as_posix() for file in files]


def test_skills_are_found_anywhere_and_agents_in_their_folder(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "b/SKILL.md",
        "SKILL.md",
        "a/deep/er/SKILL.md",
        ".claude/agents/x.md",
        "agents/y.txt",
        "agents/sub/z.md",
    )
    plant(tmp_path, "README.md", "b/notes.md", "skill.md.bak")
    assert found(tmp_path) == [".claude/agents/x.md", "SKILL.md", "a/deep/er/SKILL.md", "b/SKILL.md"]


def test_what_tools_left_behind_is_skipped(tmp_path: Path) -> None:
    plant(tmp_path, ".git/SKILL.md", "node_modules/p/SKILL.md", ".venv/x/SKILL.md", "ok/SKILL.md")
    assert found(tmp_path) == ["ok/SKILL.md"]


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    plant(tmp_path, "real/skill/SKILL.md")
    (tmp_path / "real" / "skill" / "up").symlink_to(tmp_path)
    (tmp_path / "real" / "self").symlink_to(tmp_path / "real" / "self")
    plant(tmp_path / "elsewhere", "linked/SKILL.md")
    (tmp_path / "real" / "other").symlink_to(tmp_path / "elsewhere" / "linked")
    assert found(tmp_path, tmp_path / "real") == ["real/other/SKILL.md", "real/skill/SKILL.md"]


def test_a_file_that_is_named_twice_is_found_once(tmp_path: Path) -> None:
    plant(tmp_path, "a/SKILL.md", "note.md")
    roots = [tmp_path / "a", tmp_path / "a" / "SKILL.md", tmp_path, tmp_path / "note.md"]
    assert found(tmp_path, *roots) == ["a/SKILL.md", "note.md"]


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_FOLDERS"])
def test_a_walk_that_stops_early_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(walk, limit, 3)
    plant(tmp_path, *(f"s{n}/SKILL.md" for n in range(9)))
    files, findings = skill_paths([tmp_path])
    assert len(files) < 9
    assert [(f.rule, f.severity, f.path) for f in findings] == [("too-many-files", "error", str(tmp_path))]
