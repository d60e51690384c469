"""A row is put into a routing table, and nothing else of the page moves."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.tiers import BUILT_IN
from tierwise.errors import ConfigError
from tierwise.files.routing_table import RoutingRow
from tierwise.files.table_edit import with_row

HAIKU, SONNET = BUILT_IN["haiku"], BUILT_IN["sonnet"]
ROW = RoutingRow("new-skill", "../new-skill/", SONNET, (), HAIKU, 0)
HEAD = "| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |"
RULE = "|-------|------|--------------|-----------------|-----------------|"
OLD = "| a | ../a/ | haiku | dynamic → sonnet | haiku |"
NEW = "| new-skill | ../new-skill/ | sonnet       |                 | haiku           |"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([HEAD, RULE], [HEAD, RULE, NEW]),
        ([HEAD, RULE, OLD], [HEAD, RULE, OLD, NEW]),
        ([HEAD, RULE, OLD, "", "Text | with bars"], [HEAD, RULE, OLD, NEW, "", "Text | with bars"]),
        # the first table of ours, and not one in a fence
        (
            ["```", HEAD, RULE, "```", "", HEAD, RULE, OLD],
            ["```", HEAD, RULE, "```", "", HEAD, RULE, OLD, NEW],
        ),
        ([HEAD, RULE, OLD, "", HEAD, RULE, OLD], [HEAD, RULE, OLD, NEW, "", HEAD, RULE, OLD]),
        (
            ["| Words | Default Model | Skill |", "|:-|-:|:-:|", "| x | opus | a |"],
            [
                "| Words | Default Model | Skill |",
                "|:-|-:|:-:|",
                "| x | opus | a |",
                "|  | sonnet | new-skill |",
            ],
        ),
        (
            ["  Skill | Default Tier", "  ---|---", "  a | haiku"],
            ["  Skill | Default Tier", "  ---|---", "  a | haiku", "  new-skill | sonnet"],
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_one_line_is_put_in_and_every_other_character_stays(
    before: list[str], after: list[str], end: str, last: bool
) -> None:
    for start in ("", "\ufeff", f"\ufeff---{end}name: x{end}---{end}", f"# A{end}{end}"):
        tail = end if last else ""
        text = start + end.join(before) + tail
        assert with_row(text, ROW, "SKILL.md") == start + end.join(after) + tail


def test_a_bar_in_a_path_is_escaped() -> None:
    odd = RoutingRow("new-skill", "a|b/new-skill/", SONNET, (), HAIKU, 0)
    assert "| a\\|b/new-skill/ |" in with_row(f"{HEAD}\n{RULE}\n", odd, "SKILL.md")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no routing table"),
        ("# Coordinator\n", "there is no routing table"),
        ("| Skill | Path |\n|-|-|\n| a | b |\n", "there is no routing table"),
        (f"```\n{HEAD}\n{RULE}\n```\n", "there is no routing table"),
        ("Path | Skill | Default Tier\n-|-|-\n", None),
        ("Words | Skill | Default Tier\n-|-|-\n", "by hand"),  # the first cell would be blank, and be lost
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, why: str | None) -> None:
    if why is None:
        assert with_row(text, ROW, "SKILL.md").endswith("../new-skill/ | new-skill | sonnet\n")
    else:
        with pytest.raises(ConfigError, match=why):
            with_row(text, ROW, "SKILL.md")


pieces = st.sampled_from(
    [
        HEAD,
        RULE,
        OLD,
        "",
        "```",
        "text",
        "| a | b |",
        "Skill | Default Tier",
        "-|-",
        "| - | - |",
        "---",
        "# H",
    ]
)


@given(st.lists(pieces, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_whatever_the_page_a_row_is_added_alone_or_refused(lines: list[str], end: str) -> None:
    text = end.join(lines)
    try:
        result = with_row(text, ROW, "SKILL.md")
    except ConfigError:
        return
    out = [line for line in result.split(end) if "new-skill" not in line]
    assert len(out) == len(result.split(end)) - 1
    assert out == text.split(end)


@given(st.text(max_size=200))
def test_no_page_makes_it_stumble(text: str) -> None:
    with suppress(ConfigError):
        assert "new-skill" in with_row(text, ROW, "SKILL.md")
