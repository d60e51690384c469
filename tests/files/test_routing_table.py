from __future__ import annotations

import time

import pytest

from tierwise.core.skills import Trigger
from tierwise.core.tiers import BUILT_IN
from tierwise.files.findings import Finding
from tierwise.files.markdown import lines_of
from tierwise.files.routing_table import RoutingRow, read_tables
from tierwise.files.tier_words import TierWords

HAIKU, SONNET, OPUS, _ = BUILT_IN.rungs


def read(text: str) -> tuple[tuple[RoutingRow, ...], list[Finding]]:
    return read_tables(lines_of(text), "SKILL.md", TierWords())


SEED = """\
## Routing Table

| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |
|-------|------|-------------|-----------------|-----------------|
| page-component-mapper | skills/page-component-mapper/ | haiku | Complex dynamic imports → sonnet | haiku |
| css-layout-debugger | skills/css-layout-debugger/ | sonnet | Animation/transition issues → opus | haiku |
| ui-bug-investigator | skills/ui-bug-investigator/ | opus | Known pattern match → sonnet | sonnet |

Step 1: classify.
"""


def test_the_seeds_table_is_read_row_by_row() -> None:
    rows, findings = read(SEED)
    assert findings == []
    assert [(row.skill, row.default, row.floor, row.line) for row in rows] == [
        ("page-component-mapper", HAIKU, HAIKU, 5),
        ("css-layout-debugger", SONNET, HAIKU, 6),
        ("ui-bug-investigator", OPUS, SONNET, 7),
    ]
    assert rows[1].path == "skills/css-layout-debugger/"
    assert rows[2].triggers == (Trigger("Known pattern match", SONNET),)


def test_columns_may_stand_in_any_order_in_any_case_with_others_between() -> None:
    rows, findings = read("""\
Owner | **default tier** | SKILL | Notes
:---|:---:|---:|---
me | `Opus` | [ui-bug](skills/ui-bug/) | a \\| b
you | light (routing only) | **mapper** | |
""")
    assert findings == []
    assert [(row.skill, row.default, row.path, row.floor, row.triggers) for row in rows] == [
        ("ui-bug", OPUS, "", None, ()),
        ("mapper", HAIKU, "", None, ()),
    ]


@pytest.mark.parametrize(
    ("cell", "triggers"),
    [
        ("Big fix → opus", [("Big fix", OPUS)]),
        ("Big fix -> opus", [("Big fix", OPUS)]),
        ("Big fix => `opus`.", [("Big fix", OPUS)]),
        ("Big fix → opus; trivial → haiku", [("Big fix", OPUS), ("trivial", HAIKU)]),
        ("A → B mapping → opus", [("A B mapping", OPUS)]),
        ("—", []),
        ("none", []),
        ("", []),
        (" ; ", []),
    ],
)
def test_a_trigger_is_text_then_tier_up_or_down(cell: str, triggers: list[tuple[str, object]]) -> None:
    rows, findings = read(
        f"| Skill | Default Tier | Upgrade Trigger |\n|---|---|---|\n| x | sonnet | {cell} |\n"
    )
    assert findings == []
    assert [(trigger.when, trigger.to) for trigger in rows[0].triggers] == triggers


@pytest.mark.parametrize(
    ("row", "rule", "key"),
    [
        ("| x | sonet | | |", "unknown-tier", "default tier"),
        ("| x | sonnet | Big fix | |", "trigger-without-arrow", "upgrade trigger"),
        ("| x | sonnet | → opus | |", "trigger-without-arrow", "upgrade trigger"),
        ("| x | sonnet | Big fix → opsu | |", "unknown-tier", "upgrade trigger"),
        ("| x | sonnet | " + "a → opus;" * 51 + " | |", "too-many-triggers", "upgrade trigger"),
        ("| x | sonnet | | haikuu |", "unknown-tier", "downgrade floor"),
    ],
)
def test_a_cell_that_cannot_be_read_is_told_and_the_row_stays(row: str, rule: str, key: str) -> None:
    rows, findings = read(f"| Skill | Default Tier | Upgrade Trigger | Downgrade Floor |\n|-|-|-|-|\n{row}\n")
    assert [row.skill for row in rows] == ["x"]
    assert [(f.rule, f.key, f.line, f.severity) for f in findings] == [(rule, key, 3, "warning")]


@pytest.mark.parametrize(
    "text",
    [
        "| Skill | When to use |\n|---|---|\n| x | always |\n",
        "| Default Tier | Meaning |\n|---|---|\n| haiku | small |\n",
        "| Skill | Default Tier |\n| x | haiku |\n",
        "```markdown\n| Skill | Default Tier |\n|---|---|\n| x | haiku |\n```\n",
        "~~~~\n| Skill | Default Tier |\n|---|---|\n| x | haiku |\n~~~\n",
        "| Skill | Default Tier |\n|---|---|\n",
        "| Skill | Default Tier |\n|---|\n| x | haiku |\n",
    ],
)
def test_what_is_no_routing_table_is_left_alone(text: str) -> None:
    assert read(text) == ((), [])


def test_short_rows_long_rows_and_second_tables_are_read() -> None:
    rows, findings = read("""\
| Skill | Default Tier | Path |
|---|---|---|
| short | haiku
| long | haiku | p | extra | cells |
|  | haiku | nobody |
then prose
| Skill | Default Model |
|---|---|
| other | opus |""")
    assert findings == []
    assert [(row.skill, row.path, row.line) for row in rows] == [
        ("short", "", 3),
        ("long", "p", 4),
        ("other", "", 9),
    ]


@pytest.mark.parametrize(
    "text", ["[" * 250_000 + "|", "|" * 250_000, "# " + "#" * 250_000 + "x", "[](" * 80_000 + "|"]
)
def test_a_hostile_line_costs_no_more_than_its_length(text: str) -> None:
    table = f"| Skill | Default Tier |\n|---|---|\n| {text} | haiku |\n"
    began = time.process_time()
    read(text + "\n" + table)
    [line.heading for line in lines_of(text)]
    assert time.process_time() - began < 5
