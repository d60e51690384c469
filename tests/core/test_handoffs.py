"""Whom a request is for: the rules of the choice, and what may never change it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.handoffs import WEIGHTS, Candidate, Specialist, candidates_of, choose

WORDS = [
    "trace imports page component map layout overflow css hydration state race bug fix verify test generate",
    "mapper debugger investigator the and please haiku a.tsx styles.css",
]
word = st.sampled_from(" ".join(WORDS).split())
text = st.lists(word, max_size=8).map(" ".join)
names = st.lists(word.filter(str.isalpha), min_size=1, max_size=3).map("-".join)
specialists = st.builds(
    Specialist,
    place=st.uuids().map(str),
    name=names,
    description=text,
    triggers=st.lists(text, max_size=2).map(tuple),
    conditions=st.lists(text, max_size=2).map(tuple),
)
suites = st.lists(specialists, max_size=6, unique_by=lambda one: one.place)


def score_of(specialist: Specialist, candidates: Sequence[Candidate]) -> float:
    return next((c.score for c in candidates if c.specialist.place == specialist.place), 0.0)


@given(text, suites, st.randoms())
def test_the_order_of_the_skills_does_not_matter(prompt: str, suite: list[Specialist], chance) -> None:
    shuffled = list(suite)
    chance.shuffle(shuffled)
    assert choose(prompt, suite) == choose(prompt, shuffled)


@given(text, suites.filter(bool), st.data())
def test_words_of_a_skill_never_lower_its_score(prompt: str, suite: list[Specialist], data) -> None:
    one = data.draw(st.sampled_from(suite))
    own = " ".join([one.name, one.description, *one.triggers, *one.conditions])
    before = score_of(one, candidates_of(prompt, suite))
    assert score_of(one, candidates_of(f"{prompt} {own}", suite)) >= before


@given(text, suites.filter(bool), text, st.data())
def test_describing_a_skill_further_never_lowers_its_score(
    prompt: str, suite: list[Specialist], more: str, data
) -> None:
    at = data.draw(st.integers(0, len(suite) - 1))
    one = suite[at]
    longer = Specialist(one.place, one.name, f"{one.description} {more}", one.triggers, one.conditions)
    widened = [*suite[:at], longer, *suite[at + 1 :]]
    fresh = score_of(longer, candidates_of(prompt, widened)) - score_of(one, candidates_of(prompt, suite))
    assert fresh >= 0


@given(text, suites)
def test_nobody_is_chosen_without_evidence_or_at_a_tie(prompt: str, suite: list[Specialist]) -> None:
    choice = choose(prompt, suite)
    scores = [candidate.score for candidate in choice.candidates]
    assert scores == sorted(scores, reverse=True)
    assert all(candidate.evidence for candidate in choice.candidates)
    assert choice.why
    if choice.chosen is not None and choice.why != "the request names it":
        assert scores[0] > 0
        assert len(scores) == 1 or scores[0] > scores[1]
        assert choice.evidence == choice.candidates[0].evidence


@given(text, suites, st.sampled_from(["use {}", "Please let {} do it", "/{} now", "`{}`"]))
def test_a_skill_that_is_named_wins(prompt: str, suite: list[Specialist], say: str) -> None:
    one = Specialist("here", "very-own-name", "nothing of all that")
    chosen = choose(f"{prompt}. {say.format(one.name)}", [*suite, one]).chosen
    assert chosen == one


@given(text, suites)
def test_words_that_are_silent_are_no_evidence(prompt: str, suite: list[Specialist]) -> None:
    assert choose(prompt, suite, set(prompt.split()) | {"tsx", "css", "a", "styles"}).candidates == ()


@given(
    st.text(max_size=300),
    st.lists(st.builds(Specialist, st.uuids().map(str), st.text(max_size=20), st.text())),
)
def test_whatever_is_said_something_is_answered(prompt: str, suite: list[Specialist]) -> None:
    assert choose(prompt, suite).why


MAPPER = Specialist("1", "page-component-mapper", "Draws the tree. Do not use for CSS layout.")
REVIEW = Specialist("2", "review", "Looks through a change.")
FORMS = Specialist("3", "forms-linter", "Checks forms.", conditions=("a known pattern",))
SUITE = [MAPPER, REVIEW, FORMS]


@pytest.mark.parametrize(
    ("prompt", "chosen"),
    [
        ("page-component-mapper", MAPPER),
        ("Page Component Mapper, please", MAPPER),
        ("/page-component-mapper src/", MAPPER),
        ("suite:page-component-mapper", MAPPER),
        ("use page_component_mapper for the forms", MAPPER),
        ("page-component-mapper-v2 of somebody else", MAPPER),  # by its words; it is not named
        ("lint the forms", FORMS),
        ("review the forms", None),
        ("/review the forms", REVIEW),
        ("use the review skill on the forms", REVIEW),
        ("forms: skill review", REVIEW),
        ("not with forms-linter: forms", None),
        ("Don't use the forms-linter skill, look through the change", REVIEW),
        ("page-component-mapper or forms-linter?", None),
        ("have the page component mapper look, not /forms-linter", MAPPER),
        ("forms-linter for the page component mapper", FORMS),
        ("instead of page-component-mapper use forms-linter", FORMS),
        ("is this a css layout?", None),
        ("known forms.tsx", FORMS),
        ("see forms.tsx", None),
        ("", None),
    ],
)
def test_naming_refusing_and_describing(prompt: str, chosen: Specialist | None) -> None:
    choice = choose(prompt, SUITE)
    assert choice.chosen == chosen, choice


def test_the_words_that_count_are_told_with_their_places() -> None:
    choice = choose("Linting: a KNOWN pattern in these forms", SUITE)
    assert [(e.word, e.found_in) for e in choice.evidence] == [
        ("known", ("condition",)),
        ("pattern", ("condition",)),
        ("forms", ("name", "description")),
        ("linting", ("deed",)),
    ]
    assert {place for e in choice.evidence for place in e.found_in} <= WEIGHTS.keys()


def test_two_skills_of_one_name_are_never_told_apart_by_guessing() -> None:
    twin = Specialist("4", "review", "Looks through a change.")
    assert choose("/review", [*SUITE, twin]).chosen is None
    assert choose("look through the change", [*SUITE, twin]).chosen is None


@pytest.mark.parametrize(
    "prompt", ["a." * 50_000, "-" * 100_000, "a" * 100_000, "page-" * 20_000, "not " * 30_000]
)
def test_a_long_request_is_read_in_time(prompt: str) -> None:
    began = time.perf_counter()
    choose(prompt, [*SUITE, Specialist("5", "a-a-a-a", "- " * 50_000)])
    assert time.perf_counter() - began < 1
