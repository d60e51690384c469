"""Patterns: from the break-even on never dearer than going direct, and every sum adds up."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pattern_samples import CARDS, DECLARED, cards, sized

from tierwise.core.models import ModelCard
from tierwise.core.patterns import (
    STEPS,
    WHAT_IF_TOKENS,
    Course,
    Courses,
    Plan,
    cheap_tier,
    conversations,
    in_conversation,
    plan_of,
)
from tierwise.core.prices import Price, Rates
from tierwise.core.skills import EstimatedTokens, Routing, TokenRange, skill_of
from tierwise.core.task_sizes import sizes_of
from tierwise.core.tiers import BUILT_IN

HAIKU, SONNET, OPUS, FABLE = BUILT_IN.rungs
patterns = st.sampled_from(sorted(STEPS))
shares = st.fractions(0, 1, max_denominator=1_000)
ranges = st.tuples(st.integers(0, 200_000), st.integers(0, 200_000)).map(lambda r: TokenRange(*sorted(r)))
declarations = st.builds(
    EstimatedTokens,
    input=st.none() | ranges,
    output=st.none() | ranges,
    tool_calls=st.none()
    | st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda r: TokenRange(*sorted(r))),
    total_estimate=st.none() | ranges,
).filter(lambda declared: sizes_of(declared, ()) is not None)


def planned(
    pattern: str, cheap: str, top: str, declared: EstimatedTokens = DECLARED, warm: int | None = None
) -> Courses:
    """The courses of a plan by itself, or inside a conversation of so many warm tokens."""
    if warm is not None:
        courses = in_conversation(pattern, sized(declared), CARDS[cheap], CARDS[top], warm)
        assert courses is not None
        return courses
    plan = plan_of(pattern, sized(declared), CARDS[cheap], CARDS[top])
    assert plan is not None
    return plan.courses


# -- the inequality ----------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(patterns, declarations, cards, cards, shares)
def test_from_its_break_even_on_a_pattern_is_never_dearer_than_going_direct(
    pattern: str, declared: EstimatedTokens, cheap: ModelCard, top: ModelCard, share: Fraction
) -> None:
    plan = plan_of(pattern, sized(declared), cheap, top)
    assert plan is not None
    enough = plan.courses.break_even

    for course in (plan.courses.small, plan.courses.large):
        if enough is not None and share >= enough:
            assert course.expected(share) <= course.direct_nanousd
    if enough is None:
        assert plan.courses.verdict(Fraction(1)) in ("costs_more", "depends")
    elif share < enough:
        assert plan.courses.verdict(share) != "pays"


@settings(max_examples=50)
@given(patterns, declarations, cards, cards, st.integers(0, 300_000), shares)
def test_the_same_holds_inside_a_conversation(
    pattern: str, declared: EstimatedTokens, cheap: ModelCard, top: ModelCard, warm: int, share: Fraction
) -> None:
    courses = in_conversation(pattern, sized(declared), cheap, top, warm)
    enough = courses.break_even if courses else None
    if courses is None or enough is None or share < enough:
        return

    assert courses.verdict(share) in ("pays", "equal")


@settings(max_examples=50)
@given(patterns, declarations, cards, cards, shares)
def test_the_steps_of_a_plan_add_up_to_what_it_costs(
    pattern: str, declared: EstimatedTokens, cheap: ModelCard, top: ModelCard, share: Fraction
) -> None:
    plan = plan_of(pattern, sized(declared), cheap, top)
    assert plan is not None
    weights = {"every": Fraction(1), "easy": share, "hard": 1 - share}

    assert plan.courses.small.expected(share) == sum(weights[s.share] * s.cost.low for s in plan.steps)
    assert plan.courses.large.expected(share) == sum(weights[s.share] * s.cost.high for s in plan.steps)


@settings(max_examples=50)
@given(patterns, declarations, st.integers(1, 500), st.integers(1, 500))
def test_the_dearer_the_top_model_the_fewer_easy_tasks_are_enough(
    pattern: str, declared: EstimatedTokens, one: int, other: int
) -> None:
    def break_even(ratio: int) -> Fraction | None:
        base = CARDS["sonnet"].price
        assert base is not None
        scaled = Rates(*(ratio * (getattr(base.base, name) or 0) for name in Rates.__slots__))
        top = replace(CARDS["opus"], price=Price(scaled))
        plan = plan_of(pattern, sized(declared), CARDS["sonnet"], top)
        assert plan is not None
        return plan.courses.break_even

    cheaper, dearer = break_even(min(one, other)), break_even(max(one, other))
    if cheaper is not None:
        assert dearer is not None
        assert dearer <= cheaper


def test_a_course_at_its_edges() -> None:
    assert Course(1, 3, 2).break_even == Fraction(1, 2)
    assert Course(2, 3, 2).break_even == 1
    assert Course(3, 3, 2).break_even is None
    assert Course(0, 2, 2).break_even == 0
    assert Course(0, 0, 0).break_even == 0
    assert Courses(Course(0, 0, 0), Course(0, 0, 0)).verdict(Fraction(0)) == "equal"
    assert Courses(Course(1, 3, 2), Course(3, 3, 2)).verdict(Fraction(1)) == "depends"
    assert Courses(Course(1, 3, 2), Course(3, 3, 2)).break_even is None


# -- by hand -----------------------------------------------------------------------------------------------


def test_a_cascade_from_haiku_to_opus_by_hand() -> None:
    """Nano-dollars, a small and a large task.

    look, verify    2,000 · 100 + 500 · 500 = 450,000           5,000 · 100 + 1,500 · 500 = 1,250,000
    cheap run       7,500 · 100 + 500 · 500 = 1,000,000         23,500 · 100 + 1,500 · 500 = 3,100,000
    top run         7,500 · 4,000 + 500 · 20,000 = 40,000,000   23,500 · 4,000 + … = 124,000,000
    """
    small, large = Course(1_900_000, 40_900_000, 40_000_000), Course(5_600_000, 126_500_000, 124_000_000)

    assert planned("cascade", "haiku", "opus") == Courses(small, large)
    assert planned("cascade", "haiku", "opus").break_even == Fraction(9, 390)
    assert planned("prescreen", "haiku", "opus").break_even == Fraction(45, 3_900)


def test_a_middle_tier_saves_much_less_than_its_name_says() -> None:
    """look + verify at sonnet: 2 · $0.009; run: $0.020 instead of $0.040: nine tasks in ten must be easy."""
    assert planned("cascade", "sonnet", "opus").break_even == Fraction(18, 20)


def test_a_conversation_by_hand() -> None:
    """20,000 warm tokens, four calls a run, two looks; nano-dollars of the small task.

    easy     1,900,000 + 20,000 · 125 + 5 · 20,000 · 10              =  5,400,000
    hard    40,900,000 + 20,000 · 125 + 20,000 · 10 + 4 · 20,000 · 200 = 59,600,000
    direct  40,000,000 + 4 · 20,000 · 200                            = 56,000,000
    """
    assert planned("cascade", "haiku", "opus", warm=20_000).small == Course(5_400_000, 59_600_000, 56_000_000)


@pytest.mark.parametrize(("calls", "pays"), [(15, False), (16, True)])
def test_from_opus_to_sonnet_a_warm_conversation_takes_many_calls_to_pay_back(calls: int, pays: bool) -> None:
    """At 100,000 warm tokens, 1,000 new ones and 500 of output a call, a switch pays back after 14 calls.

    A pre-screening makes one call more at sonnet, $0.017, so:  n · $0.034 > $0.240 + (n + 1) · $0.017.
    """
    each, run = TokenRange(1_000, 1_000), TokenRange(1_500 * calls, 1_500 * calls)
    declared = EstimatedTokens(each, TokenRange(500, 500), TokenRange(calls - 1, calls - 1), run)
    sizes = sized(declared)
    usage = replace(sizes.runs[0][0], input_tokens=1_000 * calls, output_tokens=500 * calls)
    courses = in_conversation(
        "prescreen", replace(sizes, runs=((usage,),) * 2), CARDS["sonnet"], CARDS["opus"], 100_000
    )

    assert courses is not None
    assert (courses.break_even is not None) == pays


def test_where_reads_are_counted_a_conversation_adds_one_writing() -> None:
    sizes = replace(sized(DECLARED), source="history", warm_tokens=50_000)
    plan = plan_of("cascade", sizes, CARDS["haiku"], CARDS["opus"])
    courses = in_conversation("cascade", sizes, CARDS["haiku"], CARDS["opus"], 50_000)
    once = 50_000 * (125 - 10)

    assert plan is not None
    assert courses is not None
    assert courses.small.easy_nanousd == plan.courses.small.easy_nanousd + once
    assert courses.large.hard_nanousd == plan.courses.large.hard_nanousd + once
    assert courses.large.direct_nanousd == plan.courses.large.direct_nanousd


# -- what is not known -------------------------------------------------------------------------------------


def test_a_missing_price_leaves_no_plan() -> None:
    for missing in ("haiku", "opus"):
        cards = {**CARDS, missing: replace(CARDS[missing], price=None)}
        assert plan_of("cascade", sized(DECLARED), cards["haiku"], cards["opus"]) is None
        assert in_conversation("cascade", sized(DECLARED), cards["haiku"], cards["opus"], 1_000) is None


def test_without_the_calls_of_a_run_nothing_is_said_of_a_conversation() -> None:
    declared = replace(DECLARED, tool_calls=None)

    assert in_conversation("cascade", sized(declared), CARDS["haiku"], CARDS["opus"], 1_000) is None


def test_conversations_are_the_observed_one_or_examples_that_fit() -> None:
    assert conversations(sized(DECLARED)) == list(WHAT_IF_TOKENS)
    assert conversations(sized(DECLARED), 150_000) == [20_000, 100_000]
    assert conversations(replace(sized(DECLARED), warm_tokens=7)) == (7,)


@pytest.mark.parametrize(
    ("routing", "cheap", "says"),
    [
        (Routing(preferred=OPUS, minimum=SONNET), SONNET, True),
        (Routing(preferred=OPUS, acceptable=(HAIKU, OPUS)), HAIKU, True),
        (Routing(preferred=OPUS), HAIKU, False),
        (Routing(preferred=HAIKU), HAIKU, False),
        (None, HAIKU, False),
    ],
)
def test_the_cheap_tier_is_the_lowest_that_the_skill_allows(routing, cheap, says) -> None:
    skill = skill_of("x", routing)

    assert cheap_tier(skill, skill.preferred or OPUS, BUILT_IN) == (cheap, says)


def test_a_verified_floor_counts() -> None:
    skill = replace(skill_of("x", Routing(preferred=OPUS, minimum=HAIKU)), verified_floor=SONNET)

    assert cheap_tier(skill, OPUS, BUILT_IN) == (SONNET, True)


def test_every_pattern_runs_one_share_at_the_top() -> None:
    for pattern in STEPS:
        plan = plan_of(pattern, sized(DECLARED), CARDS["haiku"], CARDS["opus"])
        assert isinstance(plan, Plan)
        assert [step.tier for step in plan.steps].count("opus") == 1
        assert plan.direct == next(step.cost for step in plan.steps if step.share == "hard")
