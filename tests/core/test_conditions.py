"""Conditions: every row of the table holds for the words that it says, and nothing makes them slow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tierwise.core.conditions import INSPECTED_CHARS, holds, matched_words
from tierwise.core.skills import Condition
from tierwise.core.tiers import BUILT_IN

TABLE = Path(__file__).parents[1] / "scenarios" / "conditions.yaml"
OPUS = BUILT_IN["opus"]


def rows() -> Iterator[tuple[Condition, str, str, str | None]]:
    """(condition, request, touched file, the reason expected; None: it does not hold)."""
    for entry in YAML(typ="safe", pure=True).load(TABLE):
        condition = Condition(entry["when"], hold_at=OPUS, match=tuple(entry.get("match", ())))
        for request, words in entry.get("holds", {}).items():
            said = ", ".join(f"`{word.strip()}`" for word in str(words).split(","))
            yield condition, request, "", f"the request says {said}"
        for request in entry.get("not", ()):
            yield condition, request, "", None
        for file, glob in entry.get("touching", {}).items():
            yield condition, "", file, f"`{file}` matches `{glob}`"
        for file in entry.get("not touching", ()):
            yield condition, "", file, None


@pytest.mark.parametrize(("condition", "request_", "file", "why"), list(rows()))
def test_a_condition_holds_by_the_words_that_the_table_names(
    condition: Condition, request_: str, file: str, why: str | None
) -> None:
    assert holds(condition, request_.lower(), (file,), ()) == why


def test_the_table_is_large_enough_to_lean_on() -> None:
    assert len(list(rows())) >= 150


def test_the_callers_word_beats_all_others() -> None:
    condition = Condition("no hydration, or pure styling", hold_at=OPUS)
    for said in ("no hydration, or pure styling", "No  Hydration", "pure styling"):
        assert holds(condition, "", (), (said,)) == "the caller says it holds"
    assert holds(condition, "", (), ("hydration",)) is None


TEXTS = st.text() | st.lists(
    st.sampled_from(
        "known pattern or , ( ) / no not import imports a.css src/x.ts e.g. such as 's - and".split()
    )
).map(" ".join)


@given(when=TEXTS, request=TEXTS)
def test_whatever_is_written_a_match_names_words_of_the_request(when: str, request: str) -> None:
    low = request.lower()
    why = matched_words(when, low)
    if why is not None:
        for word in why.removeprefix("the request says ").split(", "):
            assert word.strip("`") in low


@given(when=TEXTS, request=TEXTS, more=TEXTS)
def test_more_words_in_front_never_undo_a_match(when: str, request: str, more: str) -> None:
    if matched_words(when, request.lower()) is not None:
        assert matched_words(when, f"{more}. {request}".lower()) is not None


@pytest.mark.parametrize(
    ("when", "request_"),
    [
        ("a, " * 50_000, "b " * 200_000),
        ("typing " * 20_000, "type " * 100_000),
        ("/".join("ab" * 5_000), "ab " * 100_000),
        ("(" * 50_000 + "x", "x"),
        ("x", "a/" * 200_000),
        ("x", "not " * 100_000 + "x"),
        ("状态" * 10_000, "状态" * 50_000),
        ("x", "e.g." * 100_000),
        ("a" * 20_000 + " b", "a" * 20_000 + " b"),
    ],
)
def test_no_text_takes_long(when: str, request_: str) -> None:
    began = time.process_time()
    matched_words(when, request_)
    matched_words(when, request_)
    assert time.process_time() - began < 1


def test_a_hostile_glob_takes_no_longer() -> None:
    condition = Condition(
        "x", hold_at=OPUS, match=("*a" * 5_000 + "b", "**/" * 5_000 + "x", "[" * 5_000 + "*")
    )
    began = time.process_time()
    holds(condition, "y", ["a" * 4_000] * 20 + ["a/" * 2_000] * 20, ())
    assert time.process_time() - began < 1


def test_only_the_beginning_of_a_very_long_request_is_read() -> None:
    assert matched_words("needle", "needle " + "x " * INSPECTED_CHARS) is not None
    assert matched_words("needle", "x " * INSPECTED_CHARS + "needle") is None
