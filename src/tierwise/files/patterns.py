"""Patterns: words as regular expressions for readers that know no flags, such as JSON Schema's.

Source: JSON Schema 2020-12 section 6.3.3 (ECMA-262 patterns, without flags).
"""

from __future__ import annotations

from collections.abc import Iterable


def any_case(words: Iterable[str]) -> str:
    """A pattern for these words in any case of their letters."""
    return "|".join("".join(_letter(one) for one in word) for word in words)


def _letter(one: str) -> str:
    if one.isascii() and one.isalpha():
        return f"[{one.lower()}{one.upper()}]"
    return one if one.isalnum() or one in "_-%" else f"\\{one}"
