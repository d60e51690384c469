"""`tierwise route`: JSON lines in and out, and what becomes of lines that are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.catalog.models import load_catalog
from tierwise.cli import main
from tierwise.core.decide import RULES
from tierwise.router.asking import Asker
from tierwise.router.question_form import FIELDS

KEYS = {
    "id", "tier", "model", "platform", "effort", "requested", "reason", "rule", "zone", "binding", "trace",
    "offer", "refusal", "warnings", "notify", "adaptations", "estimate", "handoff",
}  # fmt: skip


def route(*lines: Any, exit_code: int = 0) -> list[dict[str, Any]]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    result = CliRunner().invoke(main, ["route"], input=text)
    assert result.exit_code == exit_code, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_empty_question_is_answered_with_every_key_and_every_rule() -> None:
    (answer,) = route({"id": "a"})

    assert set(answer) == KEYS
    assert [step["rule"] for step in answer["trace"]] == list(RULES)
    assert answer["tier"] == "opus"


def test_a_wrong_line_says_what_and_where_and_the_others_are_answered() -> None:
    answers = route(
        {"id": 1, "budgets": [{"name": "weekly", "spent": "much"}]},
        {"id": 2, "skil": {}},
        "nonsense",
        {"id": 3, "skill": {"name": "x", "model": {"preferred": "haiku"}}},
        {"id": 4, "skill_path": "/nowhere/at/all"},
        {"id": 5, "pin": "opsu"},
        {"id": 6, "budgets": [{"name": "weekly", "scope": {"teir": "opus"}}]},
        "[1, 2]",
        exit_code=1,
    )
    by_id = {answer["id"]: answer for answer in answers if answer["id"] is not None}

    assert len(answers) == 8
    assert by_id[3]["tier"] == "haiku"
    for id, said in {
        1: "budgets[0].spent",
        2: "Did you mean `skill`?",
        4: "/nowhere/at/all",
        5: "Did you mean `opus`?",
        6: "Did you mean `tier`?",
    }.items():
        assert said in by_id[id]["error"]
    assert [answer["error"] for answer in answers if answer["id"] is None] == [
        answers[2]["error"],
        "the line is not a JSON object",
    ]
    assert "not JSON" in answers[2]["error"]


def test_a_mistake_in_a_block_is_a_warning_and_the_rest_counts() -> None:
    block = {"preferred": "haiku", "minimun": "haiku", "reasoning_demand": "hihg"}
    (answer,) = route({"id": 1, "skill": {"name": "x", "model": block}})

    assert answer["tier"] == "haiku"
    assert any("minimun" in w and "Did you mean `minimum`" in w for w in answer["warnings"])
    assert any("reasoning_demand" in w for w in answer["warnings"])


def test_a_skill_can_be_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("---\nname: mapper\nmodel: {preferred: haiku}\n---\n")
    (answer,) = route({"id": 1, "skill_path": str(tmp_path), "asked_model": "claude-opus-5-5"})

    assert (answer["tier"], answer["model"]) == ("haiku", "claude-haiku-5-5")


def test_questions_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": 1}\n\n{"id": 2}\n')
    result = CliRunner().invoke(main, ["route", "--file", str(file)])

    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [1, 2]


def test_an_estimate_comes_from_the_declared_ranges_at_every_tiers_price() -> None:
    block = {
        "preferred": "sonnet",
        "estimated_tokens": {"output": "500-1500", "total_estimate": "8000-25000"},
    }
    (answer,) = route({"id": 1, "skill": {"name": "x", "model": block}})
    usd = answer["estimate"]["usd"]

    assert answer["estimate"]["tokens"] == {"low": 8000, "high": 25000}
    assert usd["sonnet"]["low"] == pytest.approx((7_500 * 2 + 500 * 10) / 1e6)
    assert usd["haiku"]["high"] == pytest.approx((23_500 * 0.1 + 1_500 * 0.5) / 1e6)
    assert set(usd) == {"haiku", "sonnet", "opus", "fable"}


def test_a_ladder_of_ones_own_is_obeyed() -> None:
    session = {
        "tiers": {
            "small": {"claude_code": "claude-haiku-5-5"},
            "large": {"claude_code": "claude-opus-5-5"},
        }
    }
    (answer,) = route({"id": 1, "session": session, "skill": {"name": "x", "model": {"preferred": "small"}}})

    assert (answer["tier"], answer["model"]) == ("small", "claude-haiku-5-5")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
ASKER = Asker(load_catalog(), "2026-11-23")


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4), st.integers())
def test_whatever_stands_in_a_question_it_is_answered_or_refused_with_its_id(
    fields: dict[str, Any], id: int
) -> None:
    answer = ASKER.answer(json.dumps({**fields, "id": id}))

    assert answer["id"] == id
    assert ("error" in answer) != ("tier" in answer)


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_line_at_all_is_answered(line: str) -> None:
    assert "error" in ASKER.answer(line.encode(errors="surrogatepass")) or line.strip().startswith("{")


def test_a_skill_by_its_path_stands_under_its_coordinators_row() -> None:
    suite = Path(__file__).parent.parent / "fixtures" / "skills" / "frontend-qa" / "skills"
    mapper = {"skill_path": str(suite / "page-component-mapper")}
    plain, raised = route(
        {"id": 1, "prompt": "Map the page", **mapper},
        {"id": 2, "prompt": "Map these complex dynamic imports", **mapper},
    )

    assert (plain["tier"], raised["tier"]) == ("haiku", "sonnet")
