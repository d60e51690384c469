"""What must hold for every decision, whatever the question."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st
from questions_strategy import questions, tiers

from tierwise.core.bounds import ceiling_of
from tierwise.core.case import case_of
from tierwise.core.decide import RULES, decide
from tierwise.core.questions import AtStep, Question, UserWish
from tierwise.core.tiers import Tier
from tierwise.core.zones import Zone


@given(questions())
def test_decide_never_raises_and_its_trace_ends_at_the_decision(question: Question) -> None:
    decision = decide(question)

    assert [step.rule for step in decision.trace] == list(RULES)
    assert decision.trace[-1].after == decision.tier
    assert all(
        earlier.after == later.before
        for earlier, later in zip(decision.trace, decision.trace[1:], strict=False)
    )
    assert all(step.why for step in decision.trace)


@given(questions(), st.data())
def test_spending_more_never_raises_the_tier(question: Question, data: st.DataObject) -> None:
    assume(question.gauges)
    which = data.draw(st.integers(0, len(question.gauges) - 1))
    gauge = question.gauges[which]
    dearer = replace(gauge, spent=gauge.spent + data.draw(st.floats(0, 100)))
    more = replace(question, gauges=(*question.gauges[:which], dearer, *question.gauges[which + 1 :]))

    before, after = decide(question), decide(more)

    unserved = after.refusal or (after.offer and after.offer.kind == "unavailable")
    assert before.tier is None or unserved or after.tier <= before.tier


@given(questions(), tiers)
def test_a_users_choice_is_never_lowered_by_budget(question: Question, wish: Tier) -> None:
    free = replace(question, user=UserWish(inline=wish), gauges=())
    pressed = replace(free, gauges=question.gauges)
    assume(question.failure is None)

    assert decide(pressed).tier == decide(free).tier


@given(questions())
def test_nothing_goes_below_the_minimum_unless_waived_or_capped(question: Question) -> None:
    case = case_of(question)
    floor = case.skill.floor if case.skill else None
    waived = floor is None or question.user.waive_minimum or question.answer == "accept"
    ceiling = ceiling_of(case)
    tier = decide(question).tier

    assert waived or tier is None or tier >= (floor if ceiling is None else min(floor, ceiling[0]))


@given(questions())
def test_no_step_goes_below_a_minimum_that_was_declared(question: Question) -> None:
    skill, at_step = question.skill, case_of(question).skill

    assert skill is None or not skill.minimum_declared or at_step.floor == skill.floor


@given(questions())
def test_a_step_only_speaks_where_the_skill_itself_would(question: Question) -> None:
    case, decision = case_of(question), decide(question)
    away = decide(replace(question, step=None))
    said = {step.rule: step for step in decision.trace}["preferred"]
    unknown = question.asked_model is not None and question.asked is None

    if case.step_tier is None:
        assert decision.tier == away.tier
    elif not unknown:
        assert said.after == case.step_tier
        assert case.step_tier in case.step.tiers
        assert str(case.step) in said.why


@given(questions())
def test_a_step_that_is_not_there_is_a_warning_and_changes_nothing(question: Question) -> None:
    asked, away = replace(question, step=AtStep(77)), replace(question, step=None)
    decision, without = decide(asked), decide(away)

    assert "77" in decision.warnings[0]
    assert replace(decision, warnings=()) == replace(without, warnings=())


@given(questions())
def test_nothing_goes_above_the_ceiling(question: Question) -> None:
    ceiling = ceiling_of(case_of(question))
    tier = decide(question).tier

    assert ceiling is None or tier is None or tier <= ceiling[0]


@given(questions())
def test_a_premium_tier_must_be_named_by_somebody(question: Question) -> None:
    user = question.user
    named = {question.asked, user.pin, user.inline, user.force, user.skill_override}
    named.add(question.settings.platform_default)
    named |= set(question.settings.fallbacks) | set(question.settings.user_defaults.values())
    if question.skill:
        named |= {question.skill.preferred, question.skill.minimum, *question.skill.acceptable}
        named |= {trigger.to for trigger in question.skill.triggers}
        named |= set(step.tiers if (step := case_of(question).step) else ())
    if question.cache:
        named.add(question.cache.tier)
    tier = decide(question).tier

    assert tier is None or tier.name != "fable" or tier in named


@given(questions())
def test_rules_that_lower_never_raise_and_rules_that_raise_never_lower(question: Question) -> None:
    pending = question.cache is not None and question.cache.tool_result_pending
    raising = {"minimum", "context_fit", "escalation"} | (set() if pending else {"switch_cost"})
    for step in decide(question).trace:
        if step.rule in ("fit", "budget", "ceiling") and step.before is not None:
            assert step.after <= step.before
        if step.rule in raising and step.before is not None:
            assert step.after >= step.before


@given(questions())
def test_an_unknown_model_is_left_alone_unless_the_user_names_a_tier(question: Question) -> None:
    unknown = replace(question, asked_model="who-knows", asked=None, user=UserWish())
    decision = decide(unknown)

    assert decision.tier is None
    assert decision.model is None
    assert decision.warnings


@given(questions())
def test_an_exhausted_hard_budget_that_governs_the_call_refuses_it(question: Question) -> None:
    decision = decide(question)
    tier = decision.tier
    assume(tier is not None)
    case = case_of(question)
    full = [g for g in case.gauges_at(tier) if g.hard and case.zone_of(g) is Zone.EXHAUSTED]

    assert bool(full) <= bool(decision.refusal)


@given(questions())
def test_conservation_off_keeps_every_wish(question: Question) -> None:
    off = replace(question, settings=replace(question.settings, conservation="off"))
    step = next(step for step in decide(off).trace if step.rule == "budget")

    assert step.before == step.after
