"""The promises of `fuzz/fuzz_targets.py`, for the seed corpus and for what Hypothesis makes up.

atheris searches longer and deeper (`make fuzz`); what it found stands in `fuzz/corpus` and is tried here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz_targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FUZZ = Path(__file__).parents[2] / "fuzz"
WORDS = [
    line[1:-1].encode().decode("unicode_escape").encode("latin-1").decode()
    for line in (FUZZ / "words.dict").read_text(encoding="utf-8").splitlines()
    if line.startswith('"')
]
TEXT = st.lists(
    st.sampled_from([*WORDS, "\n", "\n  ", " ", "x", "|", "haiku ", "%%% y\n"]) | st.text(max_size=8)
)
QUICK = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("name", list(TARGETS))
def test_every_target_has_seeds_and_keeps_its_promises_for_them(name: str) -> None:
    seeds = sorted((FUZZ / "corpus" / name).iterdir())
    assert seeds
    for seed in seeds:
        TARGETS[name](seed.read_bytes())


@pytest.mark.parametrize("name", list(TARGETS))
def test_the_promises_hold_for_whatever_is_made_of_the_readers_own_words(name: str) -> None:
    @QUICK
    @given(TEXT)
    def holds(parts: list[str]) -> None:
        TARGETS[name]("".join(parts).encode("utf-8", "surrogatepass"))

    holds()


@pytest.mark.parametrize("name", list(TARGETS))
def test_the_promises_hold_for_any_bytes_between_known_ones(name: str) -> None:
    seeds = [seed.read_bytes() for seed in sorted((FUZZ / "corpus" / name).iterdir())]

    @QUICK
    @given(st.sampled_from(seeds), st.integers(0, 2_000), st.integers(0, 40), st.binary(max_size=20))
    def holds(seed: bytes, at: int, cut: int, more: bytes) -> None:
        TARGETS[name](seed[:at] + more + seed[at + cut :])

    holds()
