from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierwise.cli import main
from tierwise.cli.findings_output import FORMATS, MAX_SHOWN_CHARACTERS, Report
from tierwise.files.finding_rules import RULES
from tierwise.files.findings import Finding

FIXTURES = Path(__file__).parent.parent / "fixtures" / "skills"

FAULTY = """\
---
name: page-component-mapper
description: Traces imports.
model:
  prefered: haiku
  acceptable: [haiku, sonet]
  reasoning_demand: true
  estimated_tokens:
    input: lots
  conditions:
    - when: "dynamic imports"
---
"""


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path_factory.mktemp("home")))


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, args)])


def faulty(folder: Path, text: str = FAULTY) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "SKILL.md").write_text(text, encoding="utf-8")
    return folder


def test_the_seeds_suite_is_clean() -> None:
    result = run(FIXTURES / "frontend-qa", "--strict")
    assert (result.exit_code, result.output) == (0, "3 files, 0 errors, 0 warnings\n")


def test_all_mistakes_of_all_files_are_told_at_once_with_place_and_remedy(tmp_path: Path) -> None:
    faulty(tmp_path / "a")
    faulty(tmp_path / "b", "---\nmodel:\n  preferred: hiaku\n---\n")
    result = run(tmp_path)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.partition(":")[2].partition(":")[0] for line in lines[0:-1:2]] == [
        "5",
        "6",
        "6",
        "7",
        "9",
        "11",
        "3",
    ]
    assert (
        f"{tmp_path}/a/SKILL.md:5: warning: `model.prefered`: no such key; it is not read [unknown-key]"
        in lines
    )
    assert "    Did you mean `preferred`?" in lines
    assert lines[-1] == "2 files, 0 errors, 7 warnings"


def test_warnings_fail_only_when_asked_to(tmp_path: Path) -> None:
    faulty(tmp_path)
    assert run(tmp_path).exit_code == 0
    assert run(tmp_path, "--strict").exit_code == 1


@pytest.mark.parametrize(
    ("name", "raw", "rule"),
    [
        ("SKILL.md", b"---\nname: [x\n---\n", "yaml-syntax"),
        ("SKILL.md", b"---\nname: x\n", "frontmatter-open"),
        ("SKILL.md", b"\xff\xfe", "not-utf-8"),
        ("SKILL.md", b"x" * 1_100_000, "too-large"),
        ("SKILL.md", b"---\na: " + b"x" * 300_000 + b"\n---\n", "too-large"),
        ("SKILL.md", b"---\n" + b"[" * 100_000 + b"\n---\n", "too-deep"),
        ("SKILL.md", b"---\na: &a [*a]\n---\n", "yaml-alias"),
        ("routing.yaml", b"a: 1\n---\nb: 2\n", "yaml-documents"),
    ],
)
def test_a_file_that_cannot_be_used_fails_the_check(tmp_path: Path, name: str, raw: bytes, rule: str) -> None:
    (tmp_path / "SKILL.md").write_text("# x\n")
    (tmp_path / name).write_bytes(raw)
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert [(f["rule"], f["severity"]) for f in found["findings"]] == [(rule, "error")]


@pytest.mark.parametrize(
    "args",
    [
        ["/no/such/place"],
        [],
        [FIXTURES, "--format", "xml"],
        [FIXTURES, "--json", "--format", "sarif"],
        [Path(__file__)],
    ],
)
def test_a_wrong_command_is_a_usage_error(args: list[str | Path]) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert "Usage:" in result.output


def test_a_folder_without_skills_is_no_silent_success(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.exit_code, result.stdout) == (0, "0 files, 0 errors, 0 warnings\n")
    assert "Nothing to check" in result.stderr


def test_json_has_its_stable_keys(tmp_path: Path) -> None:
    faulty(tmp_path, "---\nmodel:\n  preferred: hiaku\n---\n")
    assert json.loads(run(tmp_path, "--json").output) == {
        "files": 1,
        "findings": [
            {
                "path": str(tmp_path / "SKILL.md"),
                "line": 3,
                "key": "model.preferred",
                "problem": "`hiaku` is no known tier or model",
                "remedy": "Did you mean `haiku`?",
                "severity": "warning",
                "rule": "unknown-tier",
            }
        ],
        "errors": 0,
        "warnings": 1,
    }
    assert run(tmp_path, "--json").output == run(tmp_path, "--format", "json").output


def test_a_model_of_the_catalog_is_a_tier_here(tmp_path: Path) -> None:
    faulty(tmp_path, "---\nmodel:\n  preferred: claude-sonnet-5-5\n  minimum: claude-opus-5-5\n---\n")
    found = json.loads(run(tmp_path, "--json").output)["findings"]
    assert [(f["rule"], f["problem"]) for f in found] == [
        ("minimum-above-preferred", "the minimum opus is above the preferred tier sonnet")
    ]


def test_a_sidecar_and_an_agent_can_be_named_themselves(tmp_path: Path) -> None:
    faulty(tmp_path, "# x\n")
    (tmp_path / "routing.yaml").write_text("prefered: haiku\n")
    (tmp_path / "reviewer.md").write_text("---\nname: reviewer\nmodel: sonet\n---\n")
    result = run(tmp_path / "routing.yaml", tmp_path / "reviewer.md")
    assert "routing.yaml:1: warning: `prefered`" in result.output
    assert "reviewer.md:3: warning: `model`: `sonet` is no known tier or model" in result.output
    assert result.output.endswith("3 files, 0 errors, 2 warnings\n")


def test_a_coordinators_table_is_held_against_its_skills(tmp_path: Path) -> None:
    table = "| Skill | Path | Default Tier |\n|-|-|-|\n| a | skills/a | opus |\n| b | skills/b | haiku |\n"
    faulty(tmp_path, "---\nname: suite-coordinator\n---\n" + table)
    (tmp_path / "skills").mkdir()
    faulty(tmp_path / "skills" / "a", "---\nmodel: sonnet\n---\n")
    found = json.loads(run(tmp_path, "--json").output)["findings"]
    assert [(f["rule"], f["line"]) for f in found] == [("row-default", 6), ("row-path", 7)]


def test_text_for_a_terminal_cannot_command_it(tmp_path: Path) -> None:
    faulty(tmp_path, '---\nmodel:\n  "\\e[2J\\e]0;x\\a": 1\n  preferred: "\\e[31m"\n---\n')
    for form in ("text", "github"):
        output = run(tmp_path, "--format", form).output
        assert "\x1b" not in output
        assert "\\x1b[2J" in output


def test_nothing_is_coloured_when_nobody_watches(tmp_path: Path) -> None:
    faulty(tmp_path)
    assert "\x1b" not in run(tmp_path).output
    assert "\x1b[33m" in CliRunner().invoke(main, ["check", str(tmp_path)], color=True).output


ODD = Finding("a,b:c%.md", 3, "k", "50% off\nnow", "Do, this: now.", "error", "unknown-key")


def test_github_annotations_escape_what_would_end_them() -> None:
    assert FORMATS["github"](Report(1, (ODD,))).splitlines() == [
        "::error file=a%2Cb%3Ac%25.md,line=3,title=unknown-key::`k`: 50%25 off%0Anow. Do, this: now.",
        "1 file, 1 error, 0 warnings",
    ]


def test_sarif_has_rules_places_and_one_based_lines(tmp_path: Path) -> None:
    faulty(tmp_path)
    log = json.loads(run(tmp_path, "--format", "sarif").output)
    [one] = log["runs"]
    rules = one["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert {rule["id"]: rule["shortDescription"]["text"] for rule in rules}["bad-range"] == RULES["bad-range"]
    assert len(one["results"]) == 6
    for result in one["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert place["artifactLocation"]["uri"] == (tmp_path / "SKILL.md").as_uri()
        assert place["region"]["startLine"] >= 1
        assert result["level"] == "warning"


def test_sarif_names_files_as_uris_and_whole_files_without_a_region() -> None:
    whole = Finding("my skills/ä#1.md", 0, "", "p", "r", "error", "unreadable")
    raw = Finding("bad\udcff.md", 1, "", "p", "r", "error", "unreadable")
    results = json.loads(FORMATS["sarif"](Report(2, (whole, raw))))["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"] for result in results]
    assert places[0] == {"artifactLocation": {"uri": "my%20skills/%C3%A4%231.md"}}
    assert places[1] == {"artifactLocation": {"uri": "bad%FF.md"}, "region": {"startLine": 1}}


ANY_TEXT = st.text() | st.sampled_from(["\ud800", "\x1b[0m", "::", "%0A", "a" * 2_000])
FINDINGS = st.builds(
    Finding,
    path=st.binary(max_size=20).map(os.fsdecode),
    line=st.integers(0, 10_000),
    key=ANY_TEXT,
    problem=ANY_TEXT,
    remedy=ANY_TEXT,
    severity=st.sampled_from(["error", "warning"]),
    rule=st.sampled_from(sorted(RULES)) | st.just("of-another-reader"),
)


@given(st.lists(FINDINGS, max_size=4).map(tuple))
def test_every_format_can_print_every_finding(findings: tuple[Finding, ...]) -> None:
    report = Report(7, findings)
    for form, render in FORMATS.items():
        text = render(report)
        text.encode("utf-8")
        if form in ("json", "sarif"):
            json.loads(text)
    assert len(FORMATS["github"](report).splitlines()) == len(findings) + 1
    longest = 8 * MAX_SHOWN_CHARACTERS * 4
    assert all(len(line) < longest for line in FORMATS["text"](report).splitlines())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.binary(max_size=300)
    | st.text(max_size=200).map(lambda t: b"---\n" + t.encode("utf-8", "ignore") + b"\n---\n")
)
def test_whatever_a_skill_file_holds_the_command_ends_well(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "SKILL.md").write_bytes(raw)
    result = run(tmp_path, "--format", "github")
    assert result.exit_code in (0, 1)
    assert result.exception is None or isinstance(result.exception, SystemExit)
