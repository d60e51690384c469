"""New files are written all together or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tierwise.errors import ConfigError
from tierwise.files.new_files import Change, conflicts, write_new


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_and_the_change_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "table.md").write_text("old")
    change = Change(tmp_path / "table.md", "old", "new")
    written = write_new(tmp_path, {"a/b/x": "1", "a/y": "2"}, change)
    assert written == [tmp_path / "a/b/x", tmp_path / "a/y", tmp_path / "table.md"]
    assert [path.read_text() for path in written] == ["1", "2", "new"]
    assert names(tmp_path) == ["a", "a/b", "a/b/x", "a/y", "table.md"]


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "table.md").write_text("changed")
    with pytest.raises(ConfigError, match="changed meanwhile"):
        write_new(tmp_path, {"a/x": "1"}, Change(tmp_path / "table.md", "old", "new"))
    assert names(tmp_path) == ["table.md"]
    assert (tmp_path / "table.md").read_text() == "changed"


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def raced(draft: Path, place: Path) -> None:
        if place.name == "y":
            place.write_text("theirs")
        link(draft, place)

    monkeypatch.setattr(os, "link", raced)
    with pytest.raises(ConfigError, match=r"nothing was written: .*File exists"):
        write_new(tmp_path, {"a/x": "1", "y": "2"})
    assert names(tmp_path) == ["y"]
    assert (tmp_path / "y").read_text() == "theirs"


def test_a_file_to_change_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "table.md").write_text("old")
    (tmp_path / "inner" / "link.md").symlink_to(tmp_path / "table.md")
    for path in (tmp_path / "table.md", tmp_path / "inner" / "link.md"):
        with pytest.raises(ConfigError, match="lies outside of"):
            write_new(tmp_path / "inner", {"x": "1"}, Change(path, "old", "new"))
    assert names(tmp_path) == ["inner", "inner/link.md", "table.md"]


def test_every_conflict_is_told_in_order(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "out").symlink_to(tmp_path.parent)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    found = conflicts(tmp_path, {"free/x": "", "file": "", "file/x": "", "out/x": "", "dangling": ""})
    assert found == [
        f"{tmp_path}/file is there already",
        f"{tmp_path}/file is no folder",
        f"{tmp_path}/out/x would lie outside of {tmp_path}, by a link",
        f"{tmp_path}/dangling is there already",
    ]
