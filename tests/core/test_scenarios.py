"""The seeds' worked examples, and one of every rule, as data, through the door that a program uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from tierwise.cli import main
from tierwise.core.audits import AuditView, audit_block
from tierwise.core.ledger import TraceStep

SCENARIOS = Path(__file__).parent.parent / "scenarios"
FILES = ("audit", "overrides", "cascade", "rules")


def _load(name: str) -> list[dict[str, Any]]:
    return YAML(typ="safe", pure=True).load((SCENARIOS / f"{name}.yaml").read_text())


CASES = [(file, case) for file in FILES for case in _load(file)]


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """Every question asked in one run of `tierwise route`."""
    lines = [json.dumps({**case["question"], "id": case["name"]}) for _, case in CASES]
    result = CliRunner().invoke(main, ["route"], input="\n".join(lines))
    assert result.exit_code == 0, result.output
    return {answer["id"]: answer for answer in map(json.loads, result.stdout.splitlines())}


@pytest.mark.parametrize(("file", "case"), CASES, ids=[f"{file}: {case['name']}" for file, case in CASES])
def test_the_worked_example_is_decided_as_written(
    file: str, case: dict[str, Any], answers: dict[str, dict[str, Any]]
) -> None:
    answer = answers[case["name"]]
    expected = dict(case["expect"])
    seen = {
        "refused": answer["refusal"] is not None,
        "offer": answer["offer"] and answer["offer"]["kind"],
        "notified": answer["notify"] is not None,
        "handoff": answer["handoff"]["model_tier"],
    }
    why = expected.pop("why", {})
    warned = expected.pop("warned", None)

    assert {key: seen.get(key, answer.get(key)) for key in expected} == expected, answer["trace"]
    for rule, words in why.items():
        assert words in next(step["why"] for step in answer["trace"] if step["rule"] == rule)
    assert warned is None or any(warned in warning for warning in answer["warnings"])


@pytest.mark.parametrize("case", _load("audit"), ids=lambda case: case["name"])
def test_the_audit_block_reads_as_the_seed_prints_it(
    case: dict[str, Any], answers: dict[str, dict[str, Any]]
) -> None:
    answer, model = answers[case["name"]], case["question"]["skill"]["model"]
    user = next(step["why"] for step in answer["trace"] if step["rule"] == "user")
    budget = case["question"].get("budgets", [{"spent": 0, "limit": 1}])[0]
    block = audit_block(
        AuditView(
            skill=case["question"]["skill"]["name"],
            preferred=model["preferred"],
            user_words=user.partition("`")[2].rstrip("`"),
            zone=answer["zone"],
            binding=f"{answer['binding']} at {budget['spent'] / budget['limit']:.0%}"
            if answer["binding"]
            else "",
            minimum=model["minimum"],
            steps=tuple(TraceStep(s["rule"], s["before"], s["after"], s["why"]) for s in answer["trace"]),
            tier=answer["tier"],
            model=answer["model"],
            reason=answer["reason"],
        )
    )

    for line in case.get("audit", []):
        assert line in block
