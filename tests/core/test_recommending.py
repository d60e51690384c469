from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.recommending import OPERATIONS, SIGNALS, Confidence, Sighting, ran, recommend
from tierwise.core.skills import Demand, Role
from tierwise.core.tiers import BUILT_IN, Ladder, ladder_of

HAIKU, SONNET, OPUS, FABLE = BUILT_IN.rungs
PREMIUM = frozenset({"fable"})
LADDERS = st.sampled_from(
    [
        BUILT_IN,
        ladder_of(("one",)),
        ladder_of(("low", "high")),
        ladder_of(("a", "b", "c", "d", "e"), frozenset({"e"})),
    ]
)
SIGHTINGS = st.builds(
    Sighting,
    st.sampled_from(sorted(SIGNALS)),
    st.integers(0, 9),
    st.lists(st.sampled_from("abcdef"), max_size=1).map(tuple),
)
EVIDENCE = st.lists(SIGHTINGS, max_size=25)


def seen(*signals: str) -> list[Sighting]:
    return [Sighting(signal, at, (f"word {at}",)) for at, signal in enumerate(signals, 1)]


@pytest.mark.parametrize(
    ("signals", "preferred", "minimum", "demand"),
    [
        (["mechanical-lead", "mechanical-word"], HAIKU, HAIKU, Demand.LOW),
        (["mechanical-lead", "scripts"], HAIKU, HAIKU, Demand.LOW),
        (["routing-table", "analytical-lead", "deliberate-lead"], HAIKU, HAIKU, Demand.LOW),
        (["analytical-lead"], SONNET, SONNET, Demand.MEDIUM),
        (["deliberate-lead", "deliberate-word", "effort-high"], SONNET, SONNET, Demand.MEDIUM),
        (["mechanical-lead", "analytical-lead"], SONNET, SONNET, Demand.MEDIUM),
        (["operation", "operation-body"], SONNET, SONNET, Demand.MEDIUM),
        (["operation", "operation-body", "operation-body"], OPUS, SONNET, Demand.HIGH),
        (["operation", "operation", "operation-body", "analytical-lead"], OPUS, SONNET, Demand.HIGH),
        (["author-heavy"], OPUS, SONNET, Demand.MEDIUM),
        (["author-heavy", "mechanical-lead", "mechanical-word"], OPUS, HAIKU, Demand.LOW),
        (["author-light", "analytical-lead"], HAIKU, HAIKU, Demand.LOW),
        (["ran-light", "mechanical-word"], HAIKU, HAIKU, Demand.LOW),
    ],
)
def test_the_kind_of_work_decides(
    signals: list[str], preferred: object, minimum: object, demand: Demand
) -> None:
    routing = recommend(seen(*signals)).routing
    assert routing is not None
    assert (routing.preferred, routing.minimum, routing.reasoning_demand) == (preferred, minimum, demand)


@pytest.mark.parametrize(
    "signals",
    [
        [],
        ["analytical-word", "analytical-word"],
        ["mechanical-lead"],
        ["hard-words", "many-decisions", "long", "effort-high", "many-steps", "writing-tools"],
        ["mechanical-step", "analytical-step", "deliberate-step"],
    ],
)
def test_little_evidence_is_no_recommendation_and_that_is_said(signals: list[str]) -> None:
    found = recommend(seen(*signals))
    assert found.routing is None
    assert "what the work is" in found.without
    assert [reason.signal for reason in found.reasons] == sorted(set(signals), key=list(SIGNALS).index)


def test_heavy_needs_its_operation_on_two_lines() -> None:
    once = [Sighting("operation", 3, (word,)) for word in ("race conditions", "deadlocks")]
    assert recommend([*once, Sighting("operation-body", 3, ("data race",))]).routing.preferred == SONNET  # type: ignore[union-attr]
    assert recommend([*once, Sighting("operation-body", 9, ("data race",))]).routing.preferred == OPUS  # type: ignore[union-attr]


def test_only_runs_that_ended_low_count_and_only_enough_of_them() -> None:
    assert ran({"haiku": 4, "opus": 90, "fable": 9}) == ()
    assert [one.signal for one in ran({"haiku": 5, "sonnet": 7})] == ["ran-light", "ran-standard"]


def test_a_coordinators_floor_bounds_the_minimum() -> None:
    routing = recommend(seen("analytical-lead"), floor=HAIKU).routing
    assert routing is not None
    assert routing.minimum == HAIKU


@given(EVIDENCE, LADDERS, st.randoms(use_true_random=False))
def test_the_order_of_sightings_does_not_matter(
    evidence: list[Sighting], ladder: Ladder, chance: random.Random
) -> None:
    shuffled = list(evidence)
    chance.shuffle(shuffled)
    assert recommend(shuffled, ladder) == recommend(evidence, ladder)


@given(EVIDENCE, LADDERS)
def test_a_block_is_in_order_and_never_premium(evidence: list[Sighting], ladder: Ladder) -> None:
    routing = recommend(evidence, ladder).routing
    if routing is None:
        return
    assert routing.preferred is not None
    assert routing.acceptable is not None
    assert routing.minimum is not None
    assert routing.preferred in routing.acceptable
    assert routing.minimum <= min(routing.acceptable)
    assert routing.preferred.name not in ladder.premium
    assert (routing.reasoning_demand is Demand.HIGH) <= (routing.preferred == ladder.heavy)


@given(EVIDENCE, st.sampled_from(["mechanical-lead", "mechanical-word", "scripts", "short", "easy-words"]))
def test_more_mechanical_work_never_raises_the_tier(evidence: list[Sighting], signal: str) -> None:
    before = recommend(evidence).routing
    after = recommend([*evidence, Sighting(signal, 1, ("more",))]).routing
    if before is not None and after is not None:
        assert before.preferred is not None
        assert after.preferred is not None
        assert after.preferred <= before.preferred


@given(EVIDENCE, st.sampled_from(["analytical-lead", "deliberate-word", "many-decisions", "operation"]))
def test_more_analytical_work_never_makes_it_light(evidence: list[Sighting], signal: str) -> None:
    before = recommend(evidence).routing
    after = recommend([*evidence, Sighting(signal, 1, ("more",))]).routing
    if before is not None and after is not None:
        assert not (before.preferred != HAIKU and after.preferred == HAIKU)


@given(EVIDENCE)
def test_no_operation_no_heavy_unless_the_author_says_so(evidence: list[Sighting]) -> None:
    plain = [one for one in evidence if one.signal not in OPERATIONS and one.signal != "author-heavy"]
    routing = recommend(plain).routing
    assert routing is None or routing.preferred != OPUS


@given(EVIDENCE)
def test_a_coordinator_is_light_and_heavy_is_never_sure(evidence: list[Sighting]) -> None:
    own = [one for one in evidence if not one.signal.startswith("author")]
    found = recommend([*own, Sighting("routing-table", 20)])
    assert found.role is Role.COORDINATOR
    assert found.routing is not None
    assert (found.routing.preferred, found.routing.role) == (HAIKU, Role.COORDINATOR)
    heavy = recommend(own)
    if heavy.routing is not None and heavy.routing.preferred == OPUS:
        assert heavy.confidence is not Confidence.HIGH
