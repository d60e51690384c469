from __future__ import annotations

import dataclasses
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ledger_samples import PLAIN
from tierwise.cli import main
from tierwise.store.sqlite import SqliteStore

MAPPER = (
    b"---\nname: page-mapper\ndescription: Traces imports and lists the components of a page.\n---\n# M\n"
)
VAGUE = b"---\nname: vague\ndescription: Everything about our product.\n---\n"
DECLARED = b"---\nname: d\ndescription: Lists files.\nmodel:\n  preferred: opus\n  acceptable: [opus]\n---\n"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TIERWISE_HOME", str(home))
    return home


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["recommend", *map(str, args)])


def skill(folder: Path, name: str, content: bytes = MAPPER) -> Path:
    file = folder / name / "SKILL.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def found(*args: str | Path) -> list[dict[str, Any]]:
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    files: list[dict[str, Any]] = json.loads(result.stdout)["files"]
    return files


def test_a_block_is_suggested_with_its_reasons_and_nothing_is_written(tmp_path: Path, home: Path) -> None:
    file = skill(tmp_path, "a")
    result = run(tmp_path)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == f"{file}: haiku, low demand, medium confidence"
    assert "    begins with mechanical work (trace) [line 3: light +3]" in lines
    assert "          acceptable: [haiku, sonnet]" in lines
    assert lines[-1] == "1 file; 1 haiku; 0 without recommendation"
    assert file.read_bytes() == MAPPER
    assert list(home.iterdir()) == []


def test_too_little_evidence_is_said(tmp_path: Path) -> None:
    skill(tmp_path, "a", VAGUE)
    assert "no recommendation: neither name nor description says what the work is" in run(tmp_path).output
    (only,) = found(tmp_path)
    assert (only["suggested"], only["block"], only["confidence"]) == (None, None, None)


def test_write_puts_the_block_in_and_check_has_nothing_to_say(tmp_path: Path) -> None:
    file = skill(tmp_path, "a")
    file.chmod(0o640)
    result = run(tmp_path, "--write")
    assert result.exit_code == 0
    assert "    written, below `model:`" in result.output
    block = b"model:\n  preferred: haiku\n  acceptable: [haiku, sonnet]\n"
    block += b"  minimum: haiku\n  reasoning_demand: low\n"
    assert file.read_bytes() == MAPPER.replace(b"---\n# M", block + b"---\n# M")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert CliRunner().invoke(main, ["check", "--strict", str(tmp_path)]).exit_code == 0
    assert run(tmp_path, "--write").output.startswith("0 files; nothing recommended; 0 without")
    assert [path.name for path in file.parent.iterdir()] == ["SKILL.md"]


@pytest.mark.parametrize(
    ("before", "added"),
    [
        (
            b"\xef\xbb\xbf---\r\nname: a\r\ndescription: Lists files and sorts them.\r\n---",
            b"model:\r\n  preferred",
        ),
        (
            b"---\nlicense: MIT # mine\nname: a\ndescription: Lists files and sorts them.\n---",
            b"metadata:\n  tierwise.",
        ),
        (
            b"---\nmodel: inherit\nname: a\ndescription: Lists files and sorts them.\n---\n",
            b"metadata:\n  tierwise.",
        ),
    ],
)
def test_every_other_byte_stays(tmp_path: Path, before: bytes, added: bytes) -> None:
    file = skill(tmp_path, "a", before)
    assert run(file, "--write").exit_code == 0
    after = file.read_bytes()
    assert added in after
    head, end = before.rsplit(b"---", 1)
    assert after.startswith(head)
    assert after.endswith(b"---" + end)


def test_a_block_that_is_there_is_skipped_or_compared_and_never_changed(tmp_path: Path) -> None:
    file = skill(tmp_path, "d", DECLARED)
    assert "1 skipped: they have a block" in run(tmp_path).output
    assert run(tmp_path, "--all", "--write").exit_code == 0
    assert file.read_bytes() == DECLARED
    (only,) = found(tmp_path, "--all")
    assert (only["declared"]["preferred"], only["differences"]) == ("opus", [])
    skill(tmp_path, "d", DECLARED.replace(b"Lists files.", b"Lists and sorts files. Extracts names."))
    (only,) = found(tmp_path, "--all")
    assert (only["suggested"]["preferred"], only["differences"]) == ("haiku", ["preferred"])
    assert "declared as preferred opus; suggested: haiku, low demand" in run(tmp_path, "--all").output


def test_what_cannot_be_written_is_told_and_the_rest_is_written(tmp_path: Path) -> None:
    flow = skill(tmp_path, "a", b"---\n{name: a, description: Lists and extracts names.}\n---\n")
    inside, outside = skill(tmp_path / "in", "b"), skill(tmp_path / "out", "c")
    (tmp_path / "in" / "link").symlink_to(outside.parent)
    result = run(tmp_path / "in", flow, "--write")
    assert result.exit_code == 1
    assert "not written: the frontmatter does not consist of `key: value` lines." in result.output
    assert "leads out of" in result.output
    assert (b"model:" in inside.read_bytes(), outside.read_bytes()) == (True, MAPPER)


def test_past_runs_on_a_low_tier_are_evidence_and_a_dear_session_is_none(tmp_path: Path, home: Path) -> None:
    skill(tmp_path, "vague", VAGUE)
    store = SqliteStore(home / "ledger.sqlite")
    calls = [dataclasses.replace(PLAIN, id=f"h{n}", turn=f"h{n}", skill="vague") for n in range(6)]
    dear = [
        dataclasses.replace(call, id=f"o{call.id}", turn=f"o{call.id}", served_tier="opus") for call in calls
    ]
    store.append(dear)
    assert found(tmp_path)[0]["suggested"] is None
    store.append(calls)
    store.close()
    (only,) = found(tmp_path)
    assert only["runs"] == {"opus": 6, "haiku": 6}
    assert [reason["signal"] for reason in only["reasons"]] == ["ran-light"]
    assert "its finished runs: 6 on opus, 6 on haiku" in run(tmp_path).output


def test_a_table_beside_a_skill_that_is_named_alone_counts(tmp_path: Path) -> None:
    table = b"| Skill | Path | Default Tier |\n|---|---|---|\n| vague | ../vague/ | sonnet |\n"
    skill(tmp_path, "c-coordinator", b"---\nname: c-coordinator\n---\n" + table)
    file = skill(tmp_path, "vague", VAGUE)
    for named in (file, file.parent, tmp_path):
        suggested = {one["name"]: one["suggested"] for one in found(named)}
        assert suggested["vague"]["preferred"] == "sonnet"
    assert run(tmp_path, "--write").exit_code == 0
    assert CliRunner().invoke(main, ["check", "--strict", str(tmp_path)]).exit_code == 0


def test_agents_are_looked_at_and_a_strangers_text_reaches_no_terminal_raw(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    agent = b'---\nname: "a\\e[31m"\ndescription: Reviews code and writes tests.\n---\nroot \x1b[2J\n'
    (tmp_path / "agents" / "r.md").write_bytes(agent)
    result = run(tmp_path)
    assert "sonnet, medium demand" in result.output
    assert "\x1b[2J" not in result.output


def test_a_folder_without_skills_is_told(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 0
    assert "Nothing to recommend for" in result.stderr


def test_a_path_that_is_no_skill_is_the_callers_mistake(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    assert run(tmp_path / "x.txt").exit_code == 2


def test_the_example_of_the_guide_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/authors.md").read_text(encoding="utf-8")
    page = guide.partition("```markdown\n")[2].partition("```\n")[0]
    shown = guide.partition("$ tierwise recommend skills/\n")[2].partition("```\n")[0]
    skill(tmp_path / "skills", "page-mapper", page.encode())
    monkeypatch.chdir(tmp_path)
    assert run("skills/").output == shown
