from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierwise.core.recommending import SIGNALS
from tierwise.core.tiers import BUILT_IN
from tierwise.files.check import block_findings
from tierwise.files.frontmatter import read_page
from tierwise.files.frontmatter_edit import UneditableError
from tierwise.files.skill_files import read_skill
from tierwise.files.suggestions import Suggestion, has_block, suggest, written
from tierwise.files.tier_words import TierWords
from tierwise.files.work_signals import work_signals
from tierwise.files.work_words import KIND_OF, forms

HAIKU, SONNET, OPUS, _ = BUILT_IN.rungs
MAPPER = "name: page-mapper\ndescription: Traces imports and lists the components of a page.\n"
REVIEWER = "name: reviewer\ndescription: Reviews a change and writes down what is wrong.\n"


def page(folder: Path, head: str, body: str = "# Title\n") -> Path:
    file = folder / "SKILL.md"
    file.write_bytes(f"---\n{head}---\n{body}".encode())
    return file


def suggestion(folder: Path, head: str, body: str = "# Title\n") -> Suggestion:
    return suggest(read_skill(page(folder, head, body)))


def signals(head: str, body: str = "", name: str = "x") -> set[str]:
    read, _ = read_page(f"---\n{head}\n---\n{body}", "p")
    return {one.signal for one in work_signals(read, name, TierWords())}


@pytest.mark.parametrize(
    ("description", "seen"),
    [
        ("Extracts tables from PDF files.", "mechanical-lead"),
        ("Use when listing branches.", "mechanical-lead"),
        ("Use this to convert Markdown to HTML.", "mechanical-lead"),
        ("Safely analyzes old branches.", "analytical-lead"),
        ("Debugs a page.", "deliberate-lead"),
        ("Finds the root cause of a crash.", "deliberate-word"),
        ("Routes requests to the right specialist skill.", "coordinator-words"),
        ("Finds race conditions.", "operation"),
        ("Writes proofs in Lean 4 and proves theorems.", "operation"),
        ("Weighs subtle trade-offs.", "hard-words"),
        ("A deterministic wrapper.", "easy-words"),
    ],
)
def test_a_description_says_what_kind_of_work_it_is(description: str, seen: str) -> None:
    assert seen in signals(f"description: {description!r}")


@pytest.mark.parametrize(
    "description",
    [
        "A list of maps, tests and plans.",
        "Never extracts tables.",
        "Do not use for debugging or reviewing.",
        "For converting files, use pandoc.",
        "Best practices for query plans.",
        "<example>user: convert it. assistant: Converts the file.</example>",
        "Social proof and CAP theorem.",
        "Listet Dateien auf und prüft sie.",
        "",
    ],
)
def test_what_only_sounds_like_work_is_no_evidence(description: str) -> None:
    found = signals(f"description: {description!r}")
    assert not [one for one in found if one.endswith("-lead") or one in ("operation", "coordinator-words")]


@pytest.mark.parametrize(
    ("head", "seen"),
    [
        ("allowed-tools: Read, Grep, Glob", "reading-tools"),
        ("tools: [Read, Write]", "writing-tools"),
        ("allowed-tools: Read, Bash(git status:*), Bash(git log:*)", "narrow-commands"),
        ("effort: low", "effort-low"),
        ("effort: max", "effort-high"),
        ("name: x-coordinator", "coordinator-name"),
    ],
)
def test_the_frontmatter_says_what_the_work_may_use(head: str, seen: str) -> None:
    name = head.partition("name: ")[2] or "x"
    assert seen in signals(head, name=name)


def test_the_body_says_how_the_work_goes_on() -> None:
    body = "## Step 1: Extract the rows\n## Step 2: Review them\n## 3. Decide\n"
    body += "".join(
        f"- If it is {n}, go on.\nsee scripts/run{n}.py and references/r{n}.md\n" for n in range(9)
    )
    assert signals("x: y", body) >= {
        "mechanical-step", "analytical-step", "many-decisions", "scripts", "many-references", "short",
    }  # fmt: skip
    assert "long" in signals("x: y", "word\n" * 1_500)
    assert "many-steps" in signals("x: y", "".join(f"{n}. Go\n" for n in range(12)))


def test_a_coordinators_table_is_seen() -> None:
    table = "| Skill | Default Tier |\n|---|---|\n| a | haiku |\n"
    assert "routing-table" in signals("x: y", table)


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("map", {"map", "maps", "mapping", "mapper"}),
        ("query", {"query", "queries", "querying"}),
        ("fetch", {"fetches"}),
        ("write", {"writes", "writing", "writer"}),
        ("debug", {"debugging", "debugger"}),
        ("test", {"testing", "tester"}),
    ],
)
def test_a_verb_stands_for_its_forms(verb: str, expected: set[str]) -> None:
    assert expected <= forms(verb)
    assert KIND_OF[verb][1] == verb


def test_the_block_goes_under_model_or_under_metadata(tmp_path: Path) -> None:
    assert suggestion(tmp_path, MAPPER).block == (
        "model:",
        "  preferred: haiku",
        "  acceptable: [haiku, sonnet]",
        "  minimum: haiku",
        "  reasoning_demand: low",
    )
    for head in (MAPPER + "license: MIT\n", MAPPER + "model: inherit\n"):
        assert suggestion(tmp_path, head).block == (
            "metadata:",
            "  tierwise.preferred: haiku",
            '  tierwise.acceptable: "haiku sonnet"',
            "  tierwise.minimum: haiku",
            "  tierwise.reasoning_demand: low",
        )
    assert suggestion(tmp_path, MAPPER + "license: MIT\ncolor: red\n").home == "frontmatter"


def test_an_authors_plain_word_is_the_tier_and_the_page_bounds_the_minimum(tmp_path: Path) -> None:
    found = suggestion(tmp_path, MAPPER + "model: opus\n")
    routing = found.recommendation.routing
    assert routing is not None
    assert (routing.preferred, routing.minimum, found.home) == (OPUS, HAIKU, "metadata")


def test_a_premium_word_is_left_alone(tmp_path: Path) -> None:
    found = suggestion(tmp_path, MAPPER + "model: fable\n")
    assert (found.recommendation.routing, found.is_open) == (None, False)
    assert "premium" in found.recommendation.without


def test_a_coordinators_row_is_its_authors_word(tmp_path: Path) -> None:
    table = "| Skill | Path | Default Tier | Floor |\n|---|---|---|---|\n| reviewer | a | sonnet | haiku |\n"
    (tmp_path / "a").mkdir()
    coordinator = read_skill(page(tmp_path, "name: c-coordinator\n", table))
    routing = suggest(read_skill(page(tmp_path / "a", REVIEWER)), [coordinator]).recommendation.routing
    assert routing is not None
    assert (routing.preferred, routing.minimum) == (SONNET, HAIKU)


def test_a_block_is_compared_and_never_overwritten(tmp_path: Path) -> None:
    found = suggestion(tmp_path, MAPPER + "model:\n  preferred: opus\n  minimum: haiku\n")
    assert (found.differences, found.is_open) == (("preferred",), False)
    with pytest.raises(UneditableError):
        written((tmp_path / "SKILL.md").read_text(), found)


@pytest.mark.parametrize("text", ["# no head\n", "---\na: b: c\n---\n", "---\nname: x\n"])
def test_a_page_without_a_usable_head_gets_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "SKILL.md").write_text(text)
    found = suggest(read_skill(tmp_path))
    assert found.recommendation.routing is None
    assert "frontmatter" in found.recommendation.without


WORDS = st.lists(
    st.sampled_from(
        [
            *sorted(KIND_OF)[::7],
            "Use when",
            "to",
            ",",
            ".",
            "race conditions",
            "formal proof",
            "data races",
            '"',
        ]
    ),
    max_size=12,
).map(" ".join)
HEADS = st.tuples(
    WORDS,
    st.sampled_from(["", "license: MIT\n", "model: opus\n", "model: inherit\n", "metadata:\n  a: b\n"]),
    st.sampled_from(["", "effort: high\n", "tools: [Read]\n"]),
    st.sampled_from(["x", "x-coordinator", "list-things"]),
)
BODIES = st.lists(
    st.sampled_from(
        [
            "## Extract rows",
            "1. Review it",
            "if so, stop",
            "text",
            "scripts/a.py",
            "deadlocks",
            "model checking",
            "",
        ]
    ),
    max_size=15,
).map("\n".join)
FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@FOLDER
@given(HEADS, BODIES, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
def test_what_is_written_is_read_back_and_passes_check_and_nothing_else_changes(
    tmp_path: Path, head: tuple[str, str, str, str], body: str, end: str, bom: str
) -> None:
    text = f"---\nname: {head[3]}\ndescription: '{head[0]}'\n{head[1]}{head[2]}---\n{body}"
    text = bom + text.replace("\n", end)
    (tmp_path / "SKILL.md").write_bytes(text.encode())
    found = suggest(read_skill(tmp_path))
    if found.recommendation.routing is None:
        return
    after = written(text, found)
    (tmp_path / "SKILL.md").write_bytes(after.encode())
    file = read_skill(tmp_path)
    assert (file.routing, has_block(file)) == (found.recommendation.routing, True)
    assert (file.findings, block_findings(file)) == ((), [])
    added = [line for line in after.split(end) if line not in text.split(end)]
    assert set(added) <= {*found.block, *(line.strip() for line in found.block)}
    assert [line for line in after.split(end) if line not in added] == text.split(end)


@FOLDER
@given(HEADS, BODIES, st.text(max_size=80).filter(lambda text: "```" not in text and "scripts/" not in text))
def test_an_example_in_a_code_fence_changes_nothing(
    tmp_path: Path, head: tuple[str, str, str, str], body: str, example: str
) -> None:
    front = f"name: {head[3]}\ndescription: '{head[0]}'\n{head[1]}{head[2]}"
    plain = suggestion(tmp_path, front, f"{body}\n").recommendation
    example = example.replace("\r", " ").replace("references/", "")
    fenced = suggestion(tmp_path, front, f"{body}\n````\n{example}\n## Extract\n````\n").recommendation
    assert fenced == plain


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_page_whatever_raises_and_every_sighting_is_weighed(description: str, body: str) -> None:
    read, _ = read_page(f"---\ndescription: x\n---\n{body}", "p")
    for text in (description, body):
        for one in work_signals(read, text, TierWords()):
            assert one.signal in SIGNALS
