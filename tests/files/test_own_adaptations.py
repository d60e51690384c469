from __future__ import annotations

import pytest

from tierwise.files.adaptations import MAX_ADAPTATION_CHARACTERS, Section, read_adaptations
from tierwise.files.findings import Finding
from tierwise.files.markdown import lines_of
from tierwise.files.tier_words import TierWords


def read(text: str) -> tuple[tuple[Section, ...], list[Finding]]:
    return read_adaptations(lines_of(text, 10), "SKILL.md", TierWords())


def test_the_seeds_section_gives_one_text_a_pair_of_tiers() -> None:
    read_texts, findings = read("""\
# Skill
When running at haiku instead of opus: this line stands outside of the section.

## Degradation Adaptations

Some words before the first list.

When running at sonnet instead of opus:
- Include the explicit checklist
- Break it into steps

When running at haiku instead of sonnet:
- Mechanical instructions only

```text
# not a heading
```

## Next section
- not part of it
""")
    assert findings == []
    assert read_texts == (
        (("opus", "sonnet"), "- Include the explicit checklist\n- Break it into steps", 17),
        (("sonnet", "haiku"), "- Mechanical instructions only\n\n```text\n# not a heading\n```", 21),
    )


@pytest.mark.parametrize(
    "lead",
    [
        "When running at sonnet instead of opus:",
        "**When running at `sonnet` instead of `opus`:**",
        "### When running at sonnet instead of opus",
        "- when running on SONNET instead of heavy:",
    ],
)
def test_the_lead_may_be_written_as_people_write_it(lead: str) -> None:
    texts, findings = read(f"## Degradation adaptation\n{lead}\nGo slowly.\n")
    assert (texts, findings) == (((("opus", "sonnet"), "Go slowly.", 11),), [])


@pytest.mark.parametrize(
    ("section", "rule"),
    [
        ("When running at sonet instead of opus:\n- x\n", "unknown-tier"),
        ("When running at opus instead of sonnet:\n- x\n", "adaptation-order"),
        ("When running at opus instead of opus:\n- x\n", "adaptation-order"),
        (
            f"When running at haiku instead of opus:\n{'x' * (MAX_ADAPTATION_CHARACTERS + 1)}",
            "adaptation-too-long",
        ),
    ],
)
def test_a_text_that_could_never_be_used_is_told_with_its_line(section: str, rule: str) -> None:
    texts, findings = read(f"## Degradation Adaptations\n{section}")
    assert texts == ()
    assert [(f.rule, f.line, f.severity) for f in findings] == [(rule, 11, "warning")]


def test_an_empty_text_says_nothing_and_of_two_the_first_counts() -> None:
    lead = "When running at haiku instead of sonnet:\n"
    texts, findings = read(f"## Degradation Adaptations\n{lead}\n{lead}first\n{lead}second\n")
    assert (texts, findings) == (((("sonnet", "haiku"), "first", 13),), [])


def test_a_page_without_the_section_has_none() -> None:
    assert read("# Skill\n\nWhen running at sonnet instead of opus:\n- x\n") == ((), [])
