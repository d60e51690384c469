"""The numbered steps of a skill's procedure: what is read of them, and what is told."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.skills import SkillStep
from tierwise.files.findings import Finding
from tierwise.files.markdown import lines_of
from tierwise.files.steps import MAX_MODEL_LINES, MAX_STEPS, MAX_TEXT, phrase_of, read_steps
from tierwise.files.tier_words import TierWords

MODELS = {"claude-haiku-4-5": "haiku", "anthropic/claude-opus-5-5": "opus"}
WORDS = TierWords(tier_of_model=MODELS.get)


def read(text: str) -> tuple[tuple[SkillStep, ...], list[Finding]]:
    return read_steps(lines_of(text), "SKILL.md", WORDS)


def told(text: str) -> list[tuple[int, str, str]]:
    return [(each.number, each.title, " ".join(tier.name for tier in each.tiers)) for each in read(text)[0]]


@pytest.mark.parametrize(
    "line",
    [
        "Step 1: Scan all files.",
        "STEP 1: Scan all files",
        "    Step 1: Scan all files",
        "## Step 1: Scan all files",
        "### Step 1 - Scan all files",
        "### Step 1 — **Scan all files** ###",
        "### Step 1. Scan all files",
        "**Step 1: Scan all files**",
        "**Step 1:** Scan all files",
        "**Step 1**: Scan all files",
        "**Step 1 – Scan all files**",
        "- Step 1: Scan all files",
        "* **Step 1: Scan all files.**",
        "1. Step 1: Scan all files",
        "> Step 1: `Scan all files`",
        "Step 01: [Scan all files](scan.md)",
    ],
)
def test_a_step_is_a_line_of_its_own_in_any_dress(line: str) -> None:
    assert told(line) == [(1, "Scan all files", "")]


@pytest.mark.parametrize(
    "text",
    [
        "Step 1 scans all files.",
        "See Step 2: it scans.",
        "Step 2 - the long one - costs more.",
        "Step 1. and step 2. are optional",
        "Step 1.1: a part of it",
        "Step 2b: another part",
        "Stepping 1: no",
        "| Step 1: Scan | haiku |",
        "`Step 1: Scan (haiku).`",
        "```\nStep 1: Scan (haiku).\n```",
        "~~~markdown\nStep 1: Scan\n  Model: haiku\n~~~",
        "Step 123456: too long a number",
    ],
)
def test_prose_tables_and_code_are_no_steps(text: str) -> None:
    assert read(text) == ((), [])


@pytest.mark.parametrize(
    ("line", "tiers", "reason"),
    [
        ("  Model: haiku (mechanical file scanning)", "haiku", "mechanical file scanning"),
        ("Model: haiku", "haiku", ""),
        ("- Model: haiku", "haiku", ""),
        ("    * **Model:** `haiku` – it only matches patterns.", "haiku", "it only matches patterns"),
        ("**Model: haiku** (mechanical)", "haiku", "mechanical"),
        ("*Model*: light", "haiku", ""),
        ("> model: HAIKU, mechanical", "haiku", "mechanical"),
        ("Model: claude-haiku-4-5 (mechanical)", "haiku", "mechanical"),
        ("Model: anthropic/claude-opus-5-5", "opus", ""),
        ("Model: haiku for scanning (fast)", "haiku", "for scanning (fast)"),
        ("Model: sonnet or opus (per Step 2)", "sonnet opus", "per Step 2"),
        ("Model: haiku/sonnet", "haiku sonnet", ""),
        ("Model: haiku, sonnet or opus", "haiku sonnet opus", ""),
        ("Model: sonnet | opus", "sonnet opus", ""),
        ("Model: fable", "fable", ""),
        ("Model tier: heavy(needs thought)", "opus", "needs thought"),
    ],
)
def test_the_model_line_below_a_step_names_its_tiers_and_says_why(line: str, tiers: str, reason: str) -> None:
    (step,), findings = read(f"Step 1: Scan\n\nSome words.\n{line}\n")

    assert " ".join(tier.name for tier in step.tiers) == tiers
    assert (step.reason, step.line, findings) == (reason, 1, [])


@pytest.mark.parametrize(
    ("title", "read_title", "tiers", "reason"),
    [
        ("Quick classification (haiku).", "Quick classification", "haiku", ""),
        ("Deep analysis (sonnet or opus per Step 2).", "Deep analysis", "sonnet opus", "per Step 2"),
        ("**Verify** (`haiku`)", "Verify", "haiku", ""),
        ("Scan (haiku, mechanical)", "Scan", "haiku", "mechanical"),
        ("Port it to C#", "Port it to C#", "", ""),
        ("Pre-screen with haiku.", "Pre-screen with haiku", "haiku", ""),
        ("Choose a theme (light or dark)", "Choose a theme (light or dark)", "", ""),
        ("Apply the fix (optional)", "Apply the fix (optional)", "", ""),
        ("Trim the text with light", "Trim the text with light", "", ""),
        ("Read the haiku (a poem)", "Read the haiku (a poem)", "", ""),
        ("Pour (haiku) into the form", "Pour (haiku) into the form", "", ""),
    ],
)
def test_a_title_may_name_the_tier_at_its_end(title: str, read_title: str, tiers: str, reason: str) -> None:
    (step,), findings = read(f"Step 1: {title}")

    assert (step.title, " ".join(tier.name for tier in step.tiers)) == (read_title, tiers)
    assert (step.reason, findings) == (reason, [])


def test_a_step_ends_with_the_next_one_and_with_a_heading_that_is_not_below_its_own() -> None:
    assert told("### Step 1: a\n#### Details\nModel: haiku\n### Step 2: b\nModel: opus\n") == [
        (1, "a", "haiku"),
        (2, "b", "opus"),
    ]
    steps, findings = read("Step 1: a\n## Notes\nModel: haiku (fast)\nStep 2: b\nModel: opus\n")
    assert [step.tiers for step in steps] == [(), (WORDS.ladder["opus"],)]
    assert [(f.rule, f.line) for f in findings] == [("model-without-step", 3)]


@pytest.mark.parametrize(
    ("text", "rule", "line", "key"),
    [
        ("Step 1: a\n  Model: hiaku (scan)", "unknown-tier", 2, "step 1"),
        ("Step 1: a\n  Model: sonnet or opsu", "unknown-tier", 2, "step 1"),
        ("Step 1: a (haiku)\nStep 2: b\n  Model: gpt-zero", "unknown-tier", 3, "step 2"),
        ("Step 1: a (haiku)\nStep 2: b (sonet)", "unknown-tier", 2, "step 2"),
        ("Step 1: a (haiku)\n  Model: sonnet", "step-model-twice", 2, "step 1"),
        ("Step 1: a\nModel: haiku\nModel: sonnet", "step-model-twice", 3, "step 1"),
        ("Step 1: a (haiku)\nStep 1: b", "step-twice", 2, "step 1"),
        ("Step 1: a\n## Other\nStep 1: b\nModel: opus", "step-twice", 3, "step 1"),
        ("1. Scan\n   Model: haiku (mechanical)", "model-without-step", 2, ""),
        ("Model: haiku\nStep 1: a (opus)", "model-without-step", 1, ""),
        ("Step 1: a (opus)\n# Other\nModel: haiku", "model-without-step", 3, ""),
        ("Step 1: a\n" * (MAX_STEPS + 1), "too-many-steps", MAX_STEPS + 1, ""),
        ("Step 1: a\n" + "Model: any\n" * MAX_MODEL_LINES, "too-many-steps", MAX_MODEL_LINES + 1, ""),
    ],
)
def test_what_cannot_be_meant_is_told_where_it_stands(text: str, rule: str, line: int, key: str) -> None:
    findings = read(text)[1]

    assert [(f.rule, f.line, f.key, f.severity) for f in findings] == [(rule, line, key, "warning")]


@pytest.mark.parametrize(
    "text",
    [
        "Step 1: Add the fields\n- Model: User\nStep 2: Add a view\nModel: Post (ORM)",
        "Step 1: Train\nModel: ResNet-50\n\nStep 1: Again\n",
        "### Reviewer\n- **Model:** sonnet\n### Fixer\n- **Model:** opus\n",
        "Step 1: a\nStep 1: b\nStep 2: c (table)",
        "Step 1: a\nModel: inherit",
        "Step 1: Call the agents\n## Agents\n- Model: haiku\n",
    ],
)
def test_a_skill_whose_steps_name_no_tier_is_left_in_peace(text: str) -> None:
    assert read(text)[1] == []


def test_of_two_steps_with_one_number_the_first_counts() -> None:
    assert told("Step 1: a (haiku)\nStep 2: b\nStep 1: c (opus)") == [(1, "a", "haiku"), (2, "b", "")]


def test_titles_and_reasons_are_cut() -> None:
    (step,), _ = read(f"Step 1: {'a' * 900}\nModel: haiku ({'b' * 900})")

    assert (len(step.title), len(step.reason)) == (MAX_TEXT, MAX_TEXT)


@given(st.text(max_size=300))
def test_any_text_is_read_without_harm(text: str) -> None:
    steps, findings = read(f"Step 1: {text}\nModel: {text}\n{text}")

    assert all(step.number >= 0 and len(step.title) <= MAX_TEXT for step in steps)
    assert all(finding.rule for finding in findings)


@given(st.lists(st.sampled_from(["haiku", "or", "/", ",", "opus", "(", ")", "x", "|", "light"]), max_size=12))
def test_a_phrase_names_each_tier_once_and_only_tiers_that_stand_in_it(words: list[str]) -> None:
    phrase = phrase_of(" ".join(words), WORDS)
    written = {WORDS.ladder.get(word) for word in words}

    assert len(set(phrase.tiers)) == len(phrase.tiers)
    assert set(phrase.tiers) <= written
    assert not phrase.tiers or WORDS.ladder.get(words[0].strip("()")) in (None, phrase.tiers[0])


@pytest.mark.parametrize(
    "text",
    [
        "Step 1: " + "(" * 300_000,
        "model: sonet\n" * 50_000,
        "Step 1: x\n" + "Model: haiku or sonet\n" * 40_000,
        "- " * 300_000 + "step 1",
        "Step 1: " + "[a](" * 100_000,
        "Step 1: x (sonet)\n" * 40_000,
        ("Model: " + "a/" * 400 + "\n") * 1_000 + "Step 1: x (haiku)\n",
    ],
)
def test_a_hostile_page_costs_no_more_than_its_length(text: str) -> None:
    lines = list(lines_of(text))
    began = time.process_time()
    read_steps(lines, "SKILL.md", WORDS)
    assert time.process_time() - began < 1
