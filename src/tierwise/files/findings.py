"""Findings: what is wrong in a file that a person wrote, where, and how to mend it. All at once, as values.

Source: style.md, "Errors"; rules.md section 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning"]
MAX_GUESSES: Final = 200
"""Guesses made for one file. Each may take a tenth of a millisecond, and a file can hold 100,000 mistakes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake. `line` is 1-based in the file (0: the file as a whole); `key` is dotted, "" if none.

    `rule` is a stable kebab-case word for the kind of mistake. An `error` makes the file unusable; a
    `warning` costs only the value that it names.
    """

    path: str
    line: int
    key: str
    problem: str
    remedy: str
    severity: Severity
    rule: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        key = f" `{self.key}`:" if self.key else ""
        return f"{place}: {self.severity}:{key} {self.problem}. {self.remedy}"


def did_you_mean(word: str, known: Iterable[str], told: int = 0) -> str | None:
    """The known word that `word` is most likely a misspelling of; None if nothing is close.

    `told` is how many mistakes of the same file were told before: after `MAX_GUESSES` nothing is guessed.
    """
    if told >= MAX_GUESSES:
        return None
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return close[0] if close else None
