"""Random questions: everything that may bear on a decision, drawn together."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tierwise.core.models import ModelCard
from tierwise.core.prices import Price, Rates
from tierwise.core.questions import AtStep, CacheFacts, Hint, Question, Settings, UserWish
from tierwise.core.skills import (
    EFFORTS,
    Condition,
    Demand,
    Role,
    Routing,
    Skill,
    SkillStep,
    Trigger,
    skill_of,
)
from tierwise.core.tiers import BUILT_IN
from tierwise.core.zones import Gauge, Scope, Thresholds

tiers = st.sampled_from(BUILT_IN.rungs)
common_tiers = st.sampled_from(BUILT_IN.rungs[:3])
maybe_tier = st.none() | tiers
words = st.sampled_from(
    ["fix the css", "hydration issue", "known pattern", "a missing import", "", "state management bug"]
)

conditions = st.builds(
    lambda when, tier, hold: Condition(
        when, hold_at=tier if hold else None, downgrade_to=None if hold else tier
    ),
    words.filter(bool),
    tiers,
    st.booleans(),
)

routings = st.builds(
    Routing,
    preferred=maybe_tier,
    acceptable=st.none() | st.lists(tiers, min_size=1, max_size=3).map(tuple),
    minimum=maybe_tier,
    allow_upgrade=st.none() | st.booleans(),
    allow_downgrade=st.none() | st.booleans(),
    reasoning_demand=st.none() | st.sampled_from(Demand),
    conditions=st.none() | st.lists(conditions, max_size=2).map(tuple),
    effort=st.none() | st.sampled_from(EFFORTS),
    effort_first=st.none() | st.booleans(),
    role=st.none() | st.sampled_from(Role),
)


steps = st.lists(
    st.builds(
        SkillStep,
        number=st.integers(1, 3),
        title=st.sampled_from(["", "Scan", "Classify each component."]),
        tiers=st.lists(tiers, max_size=2, unique=True).map(tuple),
        reason=st.sampled_from(["", "mechanical"]),
    ),
    max_size=3,
    unique_by=lambda step: step.number,
).map(tuple)

at_steps = st.builds(AtStep, st.sampled_from([1, 2, 9, "2", "Step 3", "classify EACH component"]), maybe_tier)


@st.composite
def skills(draw: st.DrawFn) -> Skill:
    triggers = draw(st.lists(st.builds(Trigger, words.filter(bool), tiers), max_size=1))
    block = draw(st.none() | routings)
    skill = skill_of("a-skill", block, triggers=tuple(triggers), steps=draw(steps))
    return replace(skill, verified_floor=draw(st.none() | common_tiers))


scopes = st.sampled_from(
    [
        Scope(),
        Scope("tier", "opus"),
        Scope("tier", "sonnet"),
        Scope("tier", "haiku"),
        Scope("skill", "a-skill"),
        Scope("skill", "another"),
        Scope("session", "s"),
        Scope("model", "sonnet-model"),
    ]
)

gauges = st.builds(
    Gauge,
    name=st.sampled_from(["weekly", "daily"]),
    spent=st.floats(0, 120),
    limit=st.none() | st.sampled_from([0.0, 50.0, 100.0]),
    scope=scopes,
    elapsed=st.none() | st.floats(0, 1),
    hard=st.booleans(),
    thresholds=st.none() | st.just(Thresholds(0.5, 0.75)),
)

rates = st.integers(0, 50_000_000)


@st.composite
def priced(draw: st.DrawFn) -> Price | None:
    if draw(st.booleans()):
        return None
    a, b, c, d = (draw(rates) for _ in range(4))
    return Price(Rates(a, b, c, d, 2 * d))


@st.composite
def candidates(draw: st.DrawFn) -> dict[str, tuple[ModelCard, ...]]:
    window = st.none() | st.sampled_from([1_000, 200_000])
    return {
        rung.name: (
            ModelCard(
                f"{rung.name}-model",
                "claude_code",
                rung.name,
                window_tokens=draw(window),
                price=draw(priced()),
            ),
        )
        for rung in BUILT_IN.rungs
        if draw(st.integers(0, 5))
    }


settings_ = st.builds(
    Settings,
    platform_default=common_tiers,
    user_defaults=st.dictionaries(st.sampled_from(Role), common_tiers, max_size=2),
    conservation=st.sampled_from(["off", "auto", "aggressive"]),
    zone_by=st.sampled_from(["spent", "pace", "both"]),
    on_red_high=st.sampled_from(["downgrade", "hold", "pause"]),
    switch_cost=st.sampled_from(["all", "pressure", "off"]),
    fallbacks=st.lists(common_tiers, max_size=2).map(tuple),
)

wishes = st.builds(
    UserWish,
    skill_override=maybe_tier,
    force=maybe_tier,
    inline=maybe_tier,
    pin=maybe_tier,
    negated=st.lists(tiers, max_size=1).map(tuple),
    waive_minimum=st.booleans(),
)

caches = st.builds(
    CacheFacts,
    tier=maybe_tier,
    price=priced(),
    warm_tokens=st.integers(0, 300_000),
    calls_left=st.integers(1, 20),
    new_input_tokens=st.integers(0, 5_000),
    output_tokens=st.integers(0, 5_000),
    ttl=st.sampled_from(["5m", "1h"]),
    tool_result_pending=st.booleans(),
    skill_boundary=st.booleans(),
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    asked = draw(maybe_tier)
    asked_model = draw(st.sampled_from([None, "who-knows"])) if asked is None else f"{asked}-model"
    return Question(
        skill=draw(st.none() | skills()),
        role=draw(st.none() | st.sampled_from(Role)),
        prompt=draw(words),
        asked_model=asked_model,
        asked=asked,
        settings=draw(settings_),
        user=draw(st.just(UserWish()) | wishes),
        gauges=tuple(draw(st.lists(gauges, max_size=3))),
        matched_conditions=tuple(draw(st.lists(words, max_size=1))),
        fit=draw(st.none() | st.builds(Hint, tiers, st.just("looks easy"))),
        learned=draw(st.none() | st.builds(Hint, tiers, st.just("was learned"))),
        ceiling=draw(st.none() | common_tiers),
        candidates=draw(candidates()),
        unavailable=frozenset(draw(st.sets(st.sampled_from(["opus", "sonnet", "haiku-model"]), max_size=2))),
        context_tokens=draw(st.sampled_from([0, 500, 5_000])),
        output_tokens=draw(st.sampled_from([0, 600])),
        cache=draw(st.none() | caches),
        attempt=draw(st.integers(0, 2)),
        failure=draw(st.none() | st.sampled_from(["quality", "quota", "network", "deterministic"])),
        answer=draw(st.none() | st.sampled_from(["accept", "hold", "pause"])),
        step=draw(st.none() | at_steps),
    )
