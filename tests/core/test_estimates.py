"""Estimates: what a run will take, from what was declared, else from what past runs took."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_samples import execution
from tierwise.core.estimates import (
    Estimate,
    estimate_for,
    estimate_of,
    history_estimate,
    remaining_of,
    runs_left,
)
from tierwise.core.ledger import Execution, weighted_tokens
from tierwise.core.models import ModelCard
from tierwise.core.prices import Price, Rates, cost_nanousd
from tierwise.core.run_history import RUNS_KEPT, RUNS_NEEDED, nearest_rank, runs_of
from tierwise.core.skills import EstimatedTokens, TokenRange
from tierwise.core.usage import Usage
from tierwise.core.zones import Gauge, Scope

HAIKU = Price(Rates(100_000, 500_000, 10_000, 125_000, 200_000))
OPUS = Price(Rates(4_000_000, 20_000_000, 200_000, 5_000_000, 8_000_000))
CANDIDATES = {
    "haiku": (ModelCard("h", "claude_code", "haiku", price=HAIKU),),
    "opus": (ModelCard("o", "claude_code", "opus", price=OPUS),),
    "fable": (ModelCard("f", "claude_code", "fable", price=None),),
    "local": (),
}
DECLARED = EstimatedTokens(output=TokenRange(500, 1_500), total_estimate=TokenRange(8_000, 25_000))

WIDE, FEW = TokenRange(1_000, 2_000), TokenRange(5, 50)

USAGES = st.builds(Usage, *[st.integers(0, 100_000)] * 5)
RUNS = st.lists(st.lists(USAGES, min_size=1, max_size=4), max_size=12)


def calls_of(runs: list[list[Usage]]) -> list[Execution]:
    """The calls of runs that ended well, each run a turn of its own."""
    return [
        execution(id=f"{turn}-{number}", turn=f"turn-{turn}", usage=usage)
        for turn, usages in enumerate(runs)
        for number, usage in enumerate(usages)
    ]


def answers_of(*output_tokens: int) -> list[Execution]:
    return calls_of([[Usage(1_000, tokens)] for tokens in output_tokens])


# -- from a declaration ------------------------------------------------------------------------------------


def test_declared_ranges_are_priced_at_every_tier() -> None:
    estimate = estimate_of(DECLARED, CANDIDATES)

    assert estimate == Estimate(
        source="declared",
        tokens=TokenRange(8_000, 25_000),
        by_tier_nanousd=(
            ("haiku", TokenRange(1_000_000, 3_100_000)),
            ("opus", TokenRange(40_000_000, 124_000_000)),
            ("fable", None),
        ),
        weighted_tokens=TokenRange(10_000, 31_000),
    )


@pytest.mark.parametrize(
    ("declared", "tokens", "haiku", "weighted"),
    [
        (EstimatedTokens(total_estimate=WIDE), (1_000, 2_000), (100_000, 1_000_000), (1_000, 10_000)),
        (EstimatedTokens(input=WIDE), (1_000, 2_000), (100_000, 200_000), (1_000, 2_000)),
        (EstimatedTokens(output=WIDE), (1_000, 2_000), (500_000, 1_000_000), (5_000, 10_000)),
        (EstimatedTokens(output=WIDE, total_estimate=FEW), (5, 50), (2_500, 25_000), (25, 250)),
    ],
)
def test_a_declaration_in_part_is_as_wide_as_what_it_leaves_open(
    declared: EstimatedTokens, tokens: tuple[int, int], haiku: tuple[int, int], weighted: tuple[int, int]
) -> None:
    estimate = estimate_of(declared, CANDIDATES)

    assert estimate is not None
    assert estimate.tokens == TokenRange(*tokens)
    assert estimate.by_tier_nanousd[0] == ("haiku", TokenRange(*haiku))
    assert estimate.weighted_tokens == TokenRange(*weighted)


def test_what_declares_nothing_has_no_estimate() -> None:
    assert estimate_of(None, CANDIDATES) is None
    assert estimate_of(EstimatedTokens(tool_calls=TokenRange(3, 8)), CANDIDATES) is None


# -- from history ------------------------------------------------------------------------------------------


def test_calls_of_one_session_agent_and_turn_are_one_run() -> None:
    one, two = Usage(10, 1), Usage(20, 2)
    calls = [
        execution(id="1", turn="a", usage=one),
        execution(id="2", turn="b", usage=one),
        execution(id="3", turn="a", usage=two),
        execution(id="4", turn="a", usage=two, agent="x"),
        execution(id="5", turn="a", usage=two, session="other"),
        execution(id="6", turn="", agent="y", usage=one),
        execution(id="7", turn="", agent="y", usage=two),
        execution(id="8", turn="", usage=one),
        execution(id="9", turn="", usage=two),
    ]

    assert runs_of(calls) == [(one, two), (one,), (two,), (two,), (one, two), (one,), (two,)]


def test_a_run_that_was_cut_off_says_nothing_and_a_call_that_used_nothing_is_no_part_of_it() -> None:
    used = Usage(10, 1)
    calls = [
        execution(id="1", turn="overloaded first", usage=Usage(), outcome="error", status=529),
        execution(id="2", turn="overloaded first", usage=used),
        execution(id="3", turn="refused last", usage=used),
        execution(id="4", turn="refused last", usage=Usage(), outcome="refused"),
        execution(id="5", turn="cut off", usage=Usage(20, 2)),
        execution(id="6", turn="cut off", usage=Usage(30, 3), outcome="cut"),
        execution(id="7", turn="recovered", usage=used, outcome="cut"),
        execution(id="8", turn="recovered", usage=used),
        execution(id="9", turn="nothing", usage=Usage()),
    ]

    assert runs_of(calls) == [(used,), (used,), (used, used)]


def test_history_is_p50_and_p90_by_nearest_rank_repriced_at_every_tier() -> None:
    """Ten runs of 100 to 1,000 output tokens: the median is the fifth, p90 the ninth."""
    estimate = history_estimate(answers_of(*range(100, 1_100, 100)), CANDIDATES)

    assert estimate is not None
    assert (estimate.source, estimate.runs, estimate.tokens) == ("history", 10, TokenRange(1_500, 1_900))
    assert estimate.by_tier_nanousd == (
        ("haiku", TokenRange(350_000, 550_000)),
        ("opus", TokenRange(14_000_000, 22_000_000)),
        ("fable", None),
    )
    assert (estimate.weighted_tokens, estimate.calls) == (TokenRange(3_500, 5_500), TokenRange(1, 1))
    assert estimate.p50 is not None
    assert estimate.p90 is not None
    assert (estimate.p50.usage, estimate.p90.usage) == (Usage(1_000, 500), Usage(1_000, 900))
    assert estimate.p90.by_tier_nanousd == (("haiku", 550_000), ("opus", 22_000_000), ("fable", None))


def test_fewer_than_five_runs_say_nothing() -> None:
    assert history_estimate(answers_of(*range(1, RUNS_NEEDED)), CANDIDATES) is None
    assert history_estimate(answers_of(*range(1, RUNS_NEEDED + 1)), CANDIDATES) is not None


def test_only_the_newest_runs_count() -> None:
    estimate = history_estimate(answers_of(*[100_000] * 50, *[10] * RUNS_KEPT), CANDIDATES)

    assert estimate is not None
    assert (estimate.runs, estimate.tokens) == (RUNS_KEPT, TokenRange(1_010, 1_010))


def test_every_call_of_a_run_has_its_own_long_prompt_rate() -> None:
    """Two prompts of 60 tokens stay below the step of 100, though together they would not."""
    stepped = replace(HAIKU, long_prompt_tokens=100, long=Rates(10**9, 10**9))
    candidates = {"haiku": (ModelCard("h", "claude_code", "haiku", price=stepped),)}
    estimate = history_estimate(calls_of([[Usage(60, 0)] * 2] * RUNS_NEEDED), candidates)

    assert estimate is not None
    assert estimate.by_tier_nanousd == (("haiku", TokenRange(12_000, 12_000)),)


@given(RUNS)
def test_a_history_stays_within_what_happened(runs: list[list[Usage]]) -> None:
    happened = [[usage for usage in run if usage != Usage()] for run in runs]
    happened = [run for run in happened if run]
    estimate = history_estimate(calls_of(runs), CANDIDATES)

    if len(happened) < RUNS_NEEDED:
        assert estimate is None
        return
    assert estimate is not None
    totals = [sum(usage.total_tokens for usage in run) for run in happened]
    costs = [sum(cost_nanousd(usage, OPUS) or 0 for usage in run) for run in happened]
    weighted = [sum(map(weighted_tokens, run)) for run in happened]
    opus = dict(estimate.by_tier_nanousd)["opus"]

    assert opus is not None
    for found, of in ((estimate.tokens, totals), (opus, costs), (estimate.weighted_tokens, weighted)):
        assert found is not None
        assert {found.low, found.high} <= set(of)
        assert found.low <= found.high
        assert 2 * sum(value <= found.low for value in of) >= len(of)
        assert 10 * sum(value <= found.high for value in of) >= 9 * len(of)


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=40), st.integers(1, 100))
def test_a_rank_is_the_smallest_value_that_enough_values_do_not_exceed(
    values: list[int], percent: int
) -> None:
    enough = [value for value in values if 100 * sum(v <= value for v in values) >= percent * len(values)]

    assert nearest_rank(values, percent) == min(enough)


# -- which of them, against what remains -------------------------------------------------------------------


def test_a_declaration_counts_before_history_and_history_before_nothing() -> None:
    history = history_estimate(answers_of(*range(100, 1_100, 100)), CANDIDATES)

    assert estimate_for(DECLARED, history, CANDIDATES) == estimate_of(DECLARED, CANDIDATES)
    assert estimate_for(None, history, CANDIDATES) == history
    assert estimate_for(EstimatedTokens(), history, CANDIDATES) == history
    assert estimate_for(None, None, CANDIDATES, [Gauge("week", 1, 5)]) is None


def test_what_remains_is_never_negative_and_unknown_without_a_limit() -> None:
    gauges = [
        Gauge("week", 1.5, 5.0, resets="in 2 d"),
        Gauge("over", 6.0, 5.0),
        Gauge("tracked", 6.0, None, Scope("tier", "opus"), unit="tokens"),
    ]

    assert [(r.budget, r.limit, r.left, r.resets) for r in remaining_of(gauges)] == [
        ("week", 5.0, 3.5, "in 2 d"),
        ("over", 5.0, 0.0, ""),
        ("tracked", None, None, ""),
    ]


@pytest.mark.parametrize(
    ("gauge", "tier", "runs"),
    [
        (Gauge("usd", 0, 1.0), "opus", (8, 25)),
        (Gauge("usd", 0.5, 1.0), "haiku", (161, 500)),
        (Gauge("usd", 2, 1.0), "opus", (0, 0)),
        (Gauge("usd", 0, 1.0), "fable", None),
        (Gauge("usd", 0, None), "opus", None),
        (Gauge("tokens", 0, 62_000, unit="tokens"), "fable", (2, 6)),
        (Gauge("messages", 0, 45, unit="messages"), "opus", None),
        (Gauge("quota", 50, 100, unit="percent"), "opus", None),
    ],
)
def test_a_budget_pays_for_so_many_runs(gauge: Gauge, tier: str, runs: tuple[int, int] | None) -> None:
    estimate = estimate_for(DECLARED, None, CANDIDATES, [gauge])

    assert estimate is not None
    assert runs_left(estimate, tier, estimate.remaining[0]) == runs


def test_a_budget_of_messages_pays_for_calls() -> None:
    runs = [[Usage(10, 1)] * calls for calls in (1, 2, 3, 4, 9)]
    gauge = Gauge("messages", 5, 45, unit="messages")
    estimate = estimate_for(None, history_estimate(calls_of(runs), CANDIDATES), CANDIDATES, [gauge])

    assert estimate is not None
    assert estimate.calls == TokenRange(3, 9)
    assert runs_left(estimate, "opus", estimate.remaining[0]) == (4, 13)


def test_there_is_no_most_where_a_run_may_take_nothing() -> None:
    declared = EstimatedTokens(input=TokenRange(0, 100))
    estimate = estimate_for(declared, None, CANDIDATES, [Gauge("usd", 0, 1.0)])
    free = estimate_for(EstimatedTokens(input=TokenRange(0, 0)), None, CANDIDATES, [Gauge("usd", 0, 1.0)])

    assert estimate is not None
    assert free is not None
    assert runs_left(estimate, "opus", estimate.remaining[0]) == (2_500, None)
    assert runs_left(free, "opus", free.remaining[0]) is None


@pytest.mark.parametrize(
    ("scope", "governed"),
    [
        (Scope(), ["haiku", "opus"]),
        (Scope("tier", "opus"), ["opus"]),
        (Scope("skill", "x"), ["haiku", "opus"]),
        (Scope("model", "claude-opus-5-5"), []),
    ],
)
def test_a_budget_of_one_tier_governs_that_tier(scope: Scope, governed: list[str]) -> None:
    (remaining,) = remaining_of([Gauge("b", 0, 1, scope)])

    assert [tier for tier in ("haiku", "opus") if remaining.governs(tier)] == governed
