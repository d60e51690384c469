"""Names: the keys under which a model's name may be looked up, the most exact first, and never a substring.

    us.anthropic.claude-haiku-4-5-20251001-v1:0[1m]
    └┬┘                          └───┬───┘└─┬─┘└─┬─┘
    region of a profile             date  revision  window, as Claude Code writes it

A name matches exactly, by alias, or after these decorations are taken off, one of each kind at most.
What then remains must be an id or an alias as a whole: `gpt-5.1-codex` is not `gpt-5.1-codex-mini`.

Source: rules.md section 1; research/clients.md sections 1 and 2.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

CACHED_NAMES: Final = 4_096
MAX_NAME_CHARACTERS: Final = 200
"""A longer name is unknown: names come from requests, and answers about them are remembered."""

_WINDOW: Final = re.compile(r"\[\d{1,4}[km]\]$")
_REGION: Final = re.compile(r"^(?:us-gov|us|eu|apac|au|jp|in)\.(?=(?:anthropic|openai)\.)")
_REVISION: Final = re.compile(r"^((?:global\.)?(?:anthropic|openai)\..+)-v\d{1,2}(?::\d{1,2})?$")
_MONTH_DAY: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_DASHED: Final = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_DATE: Final = re.compile(rf"(?:[-@]20\d\d(?:{_MONTH_DAY}|-{_DASHED})|@default)$")


def without_window(name: str) -> str:
    """The name in lower case, trimmed, without Claude Code's window suffix (`[1m]`)."""
    return _WINDOW.sub("", name.strip().lower())


@lru_cache(CACHED_NAMES)
def keys_of(name: str) -> tuple[str, ...]:
    """The keys to try in turn: the name itself, then with one decoration less each time. Never empty."""
    keys = [without_window(name)]
    for pattern, rest in ((_REGION, ""), (_REVISION, r"\1"), (_DATE, "")):
        plainer = pattern.sub(rest, keys[-1])
        if plainer != keys[-1]:
            keys.append(plainer)
    return tuple(keys)
