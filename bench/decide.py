"""How long deciding takes, beside a plain `json.loads` of the same question in the same run.

    python bench/decide.py [--rounds N] [--json]

`decide` is the pure function on a question that is built already; `route` is the whole of one line of
`tierwise route`: reading the JSON, the block, the configuration, the words of the prompt, deciding, and the
answer as JSON values. The prompt has 2,000 characters, with and without a word that names a tier; three
budgets, two conditions, a warm cache. Rounds are interleaved; figures are medians over rounds of each
round's p50 and p99, in µs, and the ratio to `json.loads`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import msgspec

from tierwise.catalog.models import load_catalog
from tierwise.core.decide import decide
from tierwise.router.asking import Asker
from tierwise.router.question_form import QuestionIn

DAY = "2026-11-23"
CALLS = 400
TEXT = (
    "The summary box on the checkout page overflows on small screens and the total flickers after a reload. "
    "Please find out which component causes it and what else it reaches before you change anything. "
)


def question(prompt: str) -> bytes:
    """The question as a line of JSON."""
    return json.dumps(
        {
            "id": 1,
            "skill": {
                "name": "ui-bug-investigator",
                "model": {
                    "preferred": "opus",
                    "acceptable": ["opus", "sonnet"],
                    "minimum": "sonnet",
                    "reasoning_demand": "high",
                    "estimated_tokens": {"input": "8000-20000", "output": "1500-4000"},
                    "conditions": [
                        {
                            "when": "issue is a known pattern (exact CSS property fix, missing import)",
                            "downgrade_to": "sonnet",
                        },
                        {
                            "when": "issue involves state management, hydration, or race conditions",
                            "hold_at": "opus",
                        },
                    ],
                },
            },
            "prompt": prompt,
            "asked_model": "claude-opus-5-5",
            "budgets": [
                {"name": "daily", "dimension": "daily", "limit": 20, "spent": 11},
                {"name": "weekly", "dimension": "weekly", "limit": 100, "spent": 76},
                {
                    "name": "weekly opus",
                    "scope": {"tier": "opus"},
                    "unit": "messages",
                    "limit": 45,
                    "spent": 41,
                },
            ],
            "cache": {"model": "claude-opus-5-5", "warm_tokens": 80000, "new_input_tokens": 1000},
        }
    ).encode()


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """p50 and p99 of one call, in µs."""
    took = []
    for _ in range(CALLS):
        start = time.perf_counter_ns()
        call()
        took.append((time.perf_counter_ns() - start) / 1_000)
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.99)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    asker = Asker(load_catalog(), DAY)
    plain = (TEXT * 20)[:2_000]
    naming = (plain[:1_900] + " Debug this using sonnet, please. " + TEXT)[:2_000]
    lines = {"plain prompt": question(plain), "prompt that names a tier": question(naming)}
    decoder = msgspec.json.Decoder(QuestionIn)
    subjects: dict[str, Callable[[], object]] = {}
    for name, line in lines.items():
        asked, _ = asker.question(decoder.decode(line))
        subjects[f"json.loads, {name}"] = lambda line=line: json.loads(line)
        subjects[f"decide, {name}"] = lambda asked=asked: decide(asked)
        subjects[f"route, {name}"] = lambda line=line: asker.answer(line)
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in subjects}
    for call in subjects.values():
        timed(call)
    for _ in range(options.rounds):
        for name, call in subjects.items():
            rounds[name].append(timed(call))

    figures = {
        name: tuple(statistics.median(column) for column in zip(*seen, strict=True))
        for name, seen in rounds.items()
    }
    base = figures["json.loads, plain prompt"][0]
    if options.json:
        print(
            json.dumps(
                {n: {"p50_us": a, "p99_us": b, "x_json_loads": a / base} for n, (a, b) in figures.items()}
            )
        )
        return
    print(f"{'':40}{'p50 µs':>10}{'p99 µs':>10}{'x json.loads':>14}")
    for name, (p50, p99) in figures.items():
        print(f"{name:40}{p50:10.1f}{p99:10.1f}{p50 / base:14.1f}")


if __name__ == "__main__":
    main()
