"""Usage: what one call consumed, in disjoint token classes.

    prompt = input + cache_read + cache_write_5m + cache_write_1h        (nothing is counted twice)

Usage in a stream is cumulative: the truth is the maximum per field, not the sum (rules.md section 11).

Source: rules.md sections 10 and 11; research/clients.md sections 1 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `input_tokens` excludes everything that the cache served or stored."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """Everything that was sent: fresh, read from the cache, and written to it."""
        cached = self.cache_read_tokens + self.cache_write_5m_tokens + self.cache_write_1h_tokens
        return self.input_tokens + cached

    @property
    def total_tokens(self) -> int:
        """Prompt and answer together."""
        return self.prompt_tokens + self.output_tokens

    def merge(self, other: Usage) -> Usage:
        """The larger of both in every field: usage that is reported again only ever grows."""
        return Usage(
            max(self.input_tokens, other.input_tokens),
            max(self.output_tokens, other.output_tokens),
            max(self.cache_read_tokens, other.cache_read_tokens),
            max(self.cache_write_5m_tokens, other.cache_write_5m_tokens),
            max(self.cache_write_1h_tokens, other.cache_write_1h_tokens),
        )

    def plus(self, other: Usage) -> Usage:
        """Both together, field by field: for totals over several calls."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_5m_tokens + other.cache_write_5m_tokens,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
        )
