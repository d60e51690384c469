"""Token counts: how many tokens some bytes of text are, without asking anybody, corrected by what was billed.

    expected = bytes · ratio                      ratio      a moving mean of tokens per byte, by model family
    upper    = bytes · (ratio + margin) + hidden  margin     3 mean deviations, at least 5 % of the ratio

It starts from a table and moves with every call whose usage was reported: quickly at first, later by a
sixteenth of the difference. Three mean deviations lie beyond the 95th percentile of any bell-shaped spread.
No tokenizer makes more tokens than bytes, so neither does the upper bound, but for what a provider adds by
itself.

Count the bytes of text only, and the same ones each time: a picture's base64 has little to do with its
tokens, and what a request merely refers to (a file's id, an earlier response) is not in its bytes at all.

Source: research/platform.md section D1; rules.md section 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MICRO: Final = 1_000_000
"""Ratios are integers: micro-tokens per byte."""

HIDDEN_TOKENS: Final = 600
"""What a provider adds to a prompt by itself: the instructions for using tools, the frame of the messages."""

SMALLEST_SAMPLE_BYTES: Final = 1_000
"""Below this the hidden tokens drown the ratio: such a call teaches nothing."""

SLOWEST_STEP: Final = 16
"""The moving mean's memory, in calls."""

SPREADS: Final = 3
SMALLEST_MARGIN_DIVISOR: Final = 20
FIRST_SPREAD_DIVISOR: Final = 6
"""Before anything was observed the upper bound lies half above the ratio."""

LOWEST_RATIO_MICRO: Final = MICRO // 100

BYTES_PER_TOKEN_PERCENT: Final = {
    "claude-5": 280,
    "claude-4.8": 280,
    "claude-4.7": 280,
    "claude": 360,
    "gpt": 400,
    "": 300,
}
"""Hundredths of bytes per token to start from, by how a family's name begins; the first that fits holds.

Assumed for a mixture of prose, code and JSON: about 4 bytes a token where a large vocabulary is known
(gpt), 3.6 for the older Claude tokenizer, and 30 % more tokens of the same text since Opus 4.7
(research/peers.md section 0). An unknown family starts lower than most: too many tokens held is a smaller
mistake than too few.
"""


@dataclass(frozen=True, slots=True)
class TokenScale:
    """Tokens per byte as observed so far: the moving mean and the mean deviation from it, in micro-tokens.

    `samples` counts what was observed, up to `SLOWEST_STEP`.
    """

    ratio_micro: int
    spread_micro: int
    samples: int = 0

    def observe(self, bytes_: int, tokens: int) -> TokenScale:
        """The scale after a call whose prompt of `bytes_` was billed as `tokens`.

        A call too small to tell, or one without usage, changes nothing; an absurd ratio counts as the nearest
        that is possible.
        """
        if bytes_ < SMALLEST_SAMPLE_BYTES or tokens <= 0:
            return self
        seen = min(max(tokens * MICRO // bytes_, LOWEST_RATIO_MICRO), MICRO)
        step = min(self.samples + 2, SLOWEST_STEP)
        off = abs(seen - self.ratio_micro)
        return TokenScale(
            self.ratio_micro + (seen - self.ratio_micro) // step,
            self.spread_micro + (off - self.spread_micro) // step,
            min(self.samples + 1, SLOWEST_STEP),
        )

    def expected(self, bytes_: int) -> int:
        """The tokens of so many bytes, most likely; rounded up, 0 for none."""
        return -(-max(bytes_, 0) * self.ratio_micro // MICRO)

    def upper(self, bytes_: int) -> int:
        """More tokens than so many bytes will hardly be; for hard caps. At least `expected`."""
        margin = max(SPREADS * self.spread_micro, self.ratio_micro // SMALLEST_MARGIN_DIVISOR)
        ratio = min(self.ratio_micro + margin, MICRO)
        return -(-max(bytes_, 0) * ratio // MICRO) + HIDDEN_TOKENS


def first_scale(family: str) -> TokenScale:
    """The scale of a model family before anything was observed; any name has one."""
    start = next(value for name, value in BYTES_PER_TOKEN_PERCENT.items() if family.startswith(name))
    ratio = 100 * MICRO // start
    return TokenScale(ratio, ratio // FIRST_SPREAD_DIVISOR)
