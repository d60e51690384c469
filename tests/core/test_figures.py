"""How money and shares are written, and that foreign text cannot act."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.core.figures import clipped, counted, dollars, printable, saved_percent


@pytest.mark.parametrize(
    ("nanousd", "written"),
    [
        (0, "$0.000"),
        (1, "$0.000000001"),
        (42_000, "$0.000042"),
        (420_000, "$0.00042"),
        (1_000_000, "$0.001"),
        (615_000_000, "$0.615"),
        (999_999_999, "$1.000"),
        (1_820_000_000, "$1.82"),
        (1_234_500_000_000, "$1,234.50"),
        (-420_000_000, "-$0.420"),
    ],
)
def test_dollars_show_what_matters_at_every_size(nanousd: int, written: str) -> None:
    assert dollars(nanousd) == written


@pytest.mark.parametrize(
    ("actual", "would", "written"),
    [
        (2_000_000, 120_000_000, "98.3%"),
        (615, 1_820, "66.2%"),
        (0, 10, "100.0%"),
        (10, 10, "0.0%"),
        (30, 20, "-50.0%"),
        (100_001, 100_000, "0.0%"),
        (5, 0, None),
    ],
)
def test_a_saving_has_one_decimal_and_may_be_negative(actual: int, would: int, written: str | None) -> None:
    assert saved_percent(actual, would) == written


def test_a_number_agrees_with_its_noun() -> None:
    assert [counted(0, "call"), counted(1, "call"), counted(1_200, "call")] == [
        "0 calls", "1 call", "1,200 calls",
    ]  # fmt: skip


@settings(max_examples=200)
@given(st.text(st.characters(), max_size=20))
def test_printable_text_is_one_line_of_the_same_length_without_control(text: str) -> None:
    shown = printable(text)

    assert len(shown) == len(text)
    assert shown.isprintable()
    shown.encode()


def test_what_moves_the_cursor_or_turns_the_writing_is_blanked() -> None:
    assert printable("a\x1b[31m\nb\u202ec\ud800") == "a [31m b c "


def test_clipping_says_that_it_clipped() -> None:
    assert clipped("page-component-mapper", 8) == "page-co…"
    assert clipped("short", 8) == "short"
