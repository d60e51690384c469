"""What following a skill's steps costs: the sums, whatever the prices."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from questions_strategy import questions

from tierwise.core.decide import decide
from tierwise.core.estimates import Estimate, estimate_of
from tierwise.core.models import ModelCard
from tierwise.core.plans import plan_of
from tierwise.core.prices import Price, Rates
from tierwise.core.questions import AtStep, Question
from tierwise.core.skills import EstimatedTokens, TokenRange
from tierwise.core.step_costs import Money, Runner, costs_of, saved

TIERS = ("haiku", "sonnet", "opus")
rates = st.integers(0, 40_000_000)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    read = draw(rates)
    return Price(Rates(draw(rates), draw(rates), read, read + draw(rates), None))


@st.composite
def estimates(draw: st.DrawFn) -> tuple[Estimate, dict[str, Price]]:
    """A run of some size, priced on every tier."""
    low, more = draw(st.integers(0, 100_000)), draw(st.integers(0, 100_000))
    output = draw(st.integers(0, low))
    declared = EstimatedTokens(
        total_estimate=TokenRange(low, low + more), output=TokenRange(output, output + more)
    )
    priced = {tier: draw(prices()) for tier in TIERS}
    cards = {t: (ModelCard(f"{t}-model", "claude_code", t, price=price),) for t, price in priced.items()}
    found = estimate_of(declared, cards)
    assert found is not None
    return found, priced


def runners(tiers: list[str], priced: dict[str, Price]) -> list[Runner]:
    return [Runner(tier, f"{tier}-model", priced[tier]) for tier in tiers]


plans = st.lists(st.sampled_from(TIERS), min_size=1, max_size=12)


@given(estimates(), st.sampled_from(TIERS), st.integers(1, 200))
def test_all_steps_on_one_tier_cost_what_the_run_costs_and_never_pay_a_switch(
    estimate: tuple[Estimate, dict[str, Price]], tier: str, count: int
) -> None:
    costs = costs_of(runners([tier] * count, estimate[1]), estimate[0])
    direct = dict(estimate[0].by_tier_nanousd)[tier]

    assert (costs.apart, costs.together, costs.changes) == (direct, direct, 0)


@given(estimates(), plans)
def test_a_plan_lies_between_its_cheapest_and_its_dearest_tier(
    estimate: tuple[Estimate, dict[str, Price]], tiers: list[str]
) -> None:
    costs = costs_of(runners(tiers, estimate[1]), estimate[0])
    direct = [dict(estimate[0].by_tier_nanousd)[tier] for tier in tiers]
    rounding = len(tiers)

    assert min(each.low for each in direct) - rounding <= costs.apart.low
    assert costs.apart.high <= max(each.high for each in direct) + rounding
    assert costs.apart.low <= costs.apart.high


@given(estimates(), plans)
def test_one_conversation_costs_the_contexts_apart_and_every_change_of_model(
    estimate: tuple[Estimate, dict[str, Price]], tiers: list[str]
) -> None:
    costs = costs_of(runners(tiers, estimate[1]), estimate[0])

    assert costs.changes == sum(a != b for a, b in pairwise(tiers))
    assert costs.together.low >= costs.apart.low
    assert costs.together.high >= costs.apart.high
    assert saved(costs.apart, costs.together) == (
        sum(step.change.low for step in costs.steps),
        sum(step.change.high for step in costs.steps),
    )


@given(estimates(), plans, st.integers(0, 11))
def test_a_missing_price_is_not_known_and_never_nothing(
    estimate: tuple[Estimate, dict[str, Price]], tiers: list[str], at: int
) -> None:
    known = runners(tiers, estimate[1])
    at = min(at, len(known) - 1)
    unpriced = [*known[:at], Runner("fable", "fable-model"), *known[at + 1 :]]
    costs = costs_of(unpriced, estimate[0])

    assert costs.apart is None
    assert costs.together is None
    assert costs.steps[at].apart is None
    assert at == 0 or costs.steps[at].change is None


def test_without_an_estimate_nothing_is_known_but_the_changes() -> None:
    costs = costs_of([Runner("haiku", "a"), Runner("opus", "b")], None)

    assert (costs.apart, costs.together, costs.changes, costs.direct) == (None, None, 1, ())


def test_the_context_so_far_is_written_anew_at_every_change() -> None:
    """30,000 tokens in three steps: 10,000 are written for the second, 20,000 for the third."""
    price = Price(Rates(1_000_000, 5_000_000, 100_000, 1_250_000, None))
    both = Money(30_000_000, 30_000_000)
    estimate = Estimate("declared", TokenRange(30_000, 30_000), (("haiku", both), ("opus", both)))
    a, b = Runner("haiku", "a", price), Runner("opus", "b", price)

    assert [step.change.low for step in costs_of([a, b, a], estimate).steps] == [0, 11_500_000, 23_000_000]
    assert [step.change.low for step in costs_of([a, a, b], estimate).steps] == [0, 0, 23_000_000]


def test_two_tiers_of_one_model_are_no_change() -> None:
    price = Price(Rates(1, 1, 1, 2, 2))

    assert costs_of([Runner("haiku", "a", price), Runner("opus", "a", price)], None).changes == 0


@given(questions())
def test_a_plan_shows_every_step_as_it_would_be_decided(question: Question) -> None:
    plan = plan_of(question, None)
    steps = question.skill.steps if question.skill else ()

    assert [each.step for each in plan.steps] == (list(steps) or [None])
    assert plan.own == decide(replace(question, step=None))
    for each in plan.steps:
        at = AtStep(each.step.number) if each.step else None
        assert each.decision == decide(replace(question, step=at))
        written = each.said in (None, each.decision.tier) and each.decision.refusal is None
        assert bool(each.note) is not written
