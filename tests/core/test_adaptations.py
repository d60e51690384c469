"""Adaptations: the text for each pair of tiers, the skill's own before the built-in one."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.adaptations import (
    MAX_TEXT_CHARACTERS,
    Adaptation,
    adaptation_between,
    adaptation_of,
    built_in,
)
from tierwise.core.skills import Skill
from tierwise.core.tiers import BUILT_IN, Ladder, ladder_of

OPENING = "This work usually runs on a more capable model."
HAIKU, SONNET, OPUS, FABLE = BUILT_IN.rungs


def text(preferred: str, tier: str, ladder: Ladder = BUILT_IN) -> str:
    return built_in(ladder[preferred], ladder[tier], ladder)


def test_each_pair_of_the_ladder_has_a_text_of_its_own() -> None:
    texts = [built_in(high, low, BUILT_IN) for low, high in combinations(BUILT_IN.rungs, 2)]

    assert len(set(texts)) == len(texts) == 6
    assert all(each.startswith(OPENING) and each.count("\n- ") >= 3 for each in texts)


def test_a_built_in_text_is_short() -> None:
    assert all(len(built_in(high, low, BUILT_IN)) < 700 for low, high in combinations(BUILT_IN.rungs, 2))


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("opus sonnet", "diagnostic checklist"),
        ("opus sonnet", "small steps"),
        ("sonnet haiku", "Match the exact patterns"),
        ("sonnet haiku", "structured data only"),
        ("opus haiku", "list every other part as open"),
        ("fable opus", "second approach"),
        ("fable sonnet", "what could go wrong"),
        ("fable haiku", "Decide nothing"),
    ],
)
def test_a_text_says_what_the_seed_asks_of_its_end(pair: str, words: str) -> None:
    assert words in text(*pair.split())


def test_a_ladder_of_ones_own_goes_by_the_end_and_by_how_many_rungs() -> None:
    ladder = ladder_of(("nano", "mini", "mid", "max", "ultra"), premium=frozenset({"ultra"}))
    two = ladder_of(("small", "large"))

    assert text("large", "small", two) == text("sonnet", "haiku")
    assert text("mini", "nano", ladder) == text("sonnet", "haiku")
    assert text("mid", "nano", ladder) == text("opus", "haiku")
    assert text("ultra", "nano", ladder) == text("max", "nano", ladder) == text("fable", "haiku")
    assert text("max", "mid", ladder) == text("mid", "mini", ladder) == text("opus", "sonnet")
    assert text("ultra", "mini", ladder) == text("fable", "sonnet")
    assert text("ultra", "max", ladder) == text("fable", "opus")


STEPS = {("opus", "sonnet"): "check", ("sonnet", "haiku"): "mechanical"}


def test_the_section_for_the_very_pair_wins() -> None:
    own = {**STEPS, ("opus", "haiku"): "at once"}

    assert adaptation_between(own.items(), OPUS, HAIKU, BUILT_IN) == Adaptation(
        "at once", (("opus", "haiku"),)
    )


def test_sections_for_every_step_on_the_way_count_together_the_higher_first() -> None:
    found = adaptation_between(STEPS.items(), OPUS, HAIKU, BUILT_IN)

    assert found is not None
    assert found.sections == (("opus", "sonnet"), ("sonnet", "haiku"))
    assert found.text.startswith("check\n\n")
    assert found.text.endswith(":\nmechanical")


@pytest.mark.parametrize("missing", STEPS)
def test_a_way_with_a_gap_is_no_way(missing: tuple[str, str]) -> None:
    own = {pair: text for pair, text in STEPS.items() if pair != missing}

    assert adaptation_between(own.items(), OPUS, HAIKU, BUILT_IN) == Adaptation(text("opus", "haiku"))


def test_the_fewest_sections_are_taken() -> None:
    own = {**STEPS, ("fable", "opus"): "plan", ("fable", "sonnet"): "plan and check"}
    found = adaptation_between(own.items(), FABLE, HAIKU, BUILT_IN)

    assert found is not None
    assert found.sections == (("fable", "sonnet"), ("sonnet", "haiku"))


def test_sections_too_long_together_are_passed_over_and_said_so() -> None:
    own = dict.fromkeys(STEPS, "x" * (MAX_TEXT_CHARACTERS // 2))

    assert adaptation_between(own.items(), OPUS, HAIKU, BUILT_IN) == Adaptation(
        text("opus", "haiku"), passed_over=(("opus", "sonnet"), ("sonnet", "haiku"))
    )


rungs = st.sampled_from(BUILT_IN.rungs)
pairs = st.tuples(rungs, rungs).filter(lambda pair: pair[0] > pair[1])
sections = st.dictionaries(
    pairs.map(lambda pair: (pair[0].name, pair[1].name)),
    st.text("ab", min_size=1, max_size=5_000),
    max_size=6,
)


@given(sections, rungs, rungs)
def test_a_text_is_there_exactly_below_the_preferred_tier_and_it_is_bounded(own, preferred, tier) -> None:
    found = adaptation_between(own.items(), preferred, tier, BUILT_IN)
    skill = Skill("x", declared=True, preferred=preferred, adaptations=tuple(own.items()))

    assert (found is None) == (tier >= preferred)
    assert adaptation_of(skill, tier, BUILT_IN) == (found.text if found else None)
    if found is None:
        return
    assert len(found.text) <= MAX_TEXT_CHARACTERS
    ends = [found.sections[0][0], found.sections[-1][1]] if found.sections else [preferred.name, tier.name]
    assert ends == [preferred.name, tier.name]
    assert all(one[1] == other[0] for one, other in zip(found.sections, found.sections[1:], strict=False))
    assert (preferred.name, tier.name) not in own or found.sections == ((preferred.name, tier.name),)


def test_who_prefers_nothing_is_told_nothing() -> None:
    assert adaptation_of(None, HAIKU, BUILT_IN) is None
    assert adaptation_of(Skill("x"), HAIKU, BUILT_IN) is None
    assert adaptation_of(Skill("x", preferred=OPUS), None, BUILT_IN) is None
