"""Masking: settings as they may be shown, with what looks like a secret made unreadable.

    "ANTHROPIC_AUTH_TOKEN": "sk-ant-…"          →   "ANTHROPIC_AUTH_TOKEN": "***"
    "X-Key: abc\\nx-tierwise-fallbacks: sonnet"  →   "X-Key: ***\\nx-tierwise-fallbacks: sonnet"

A value is masked for its key's name, or for its own look. Lines stay lines, so that a diff of two masked
texts is the masked diff.

Source: research/peers.md T19; style.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tierwise.clients import jsonc, toml_edit, toml_statements

MASK: Final = "***"

_SECRET_KEY: Final = re.compile(
    r"(?i)(?:api.?key|token|secret|passw|credential|authorization|cookie|bearer|private|signature|(?:^|[_-])(?:key|auth|pat|pwd)$)"
)
_OPEN_KEY: Final = re.compile(
    r"(?i)^(?:env_key|requires_openai_auth|max_.*tokens?|.*_tokens|.*helper|.*hint_headers)$"
)
"""Keys whose value is a name or a number, never a secret."""
_HEADER_KEY: Final = re.compile(r"(?i)headers?$")
_HEADER_LINE: Final = re.compile(r"(?m)(^|\\n|\")((?!x-tierwise-)[A-Za-z0-9-]+):[ \t]*((?:(?!\\n|\"|\n).)+)")
_HEADERS: Final = re.compile(r"^\"[A-Za-z0-9-]+:")
_PLAIN: Final = re.compile(r"true|false|[\d._-]+")
_LOOKS: Final = re.compile(
    r"sk-[A-Za-z0-9_-]{8,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|xox[abprs]-[\w-]{8,}|AKIA[0-9A-Z]{12,}"
    r"|AIza[\w-]{20,}|eyJ[\w-]{10,}(?:\.[\w-]+)*|(?<=://)[^/\s:@\"']+:[^/\s@\"']+(?=@)"
    r"|(?i:(?<=bearer )|(?<=token=)|(?<=key=)|(?<=password=)|(?<=secret=))[^\s\"'&\\]{4,}"
)


def masked(text: str, form: str) -> str:
    """The text with its secrets masked; as it is, but for what looks like one, where it cannot be read."""
    try:
        spans = dict(_secret_spans(text, form))
    except ValueError:
        spans = {}
    end = len(text)
    for start, stop in sorted(spans, reverse=True):
        if stop <= end:
            text = text[:start] + _mask_of(text[start:stop], spans[start, stop]) + text[stop:]
            end = start
    return without_secrets(text)


def without_secrets(text: str) -> str:
    """The text with what looks like a secret masked, whatever it is part of."""
    return _LOOKS.sub(MASK, text)


def is_secret(key: str) -> bool:
    """Whether a key of this name holds a secret, or headers, which may."""
    return not _OPEN_KEY.search(key) and bool(_SECRET_KEY.search(key) or _HEADER_KEY.search(key))


def _secret_spans(text: str, form: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Where values stand that are secret for the name of a key, with that name."""
    named: Iterable[tuple[tuple[str, ...], int, int]] = ()
    if form == "toml":
        toml_edit.read(text)
        named = toml_statements.named_values(text)
    elif not jsonc.is_blank(text):
        found = jsonc.strings(jsonc.read(text))
        named = ((keys[-2:], value.start, value.end) for keys, value in found)
    for keys, start, end in named:
        if secret := next(filter(is_secret, keys), None):
            yield (start, end), secret


def _mask_of(raw: str, key: str) -> str:
    """The value masked: header by header where it is headers, else whole, its lines kept."""
    if _HEADER_KEY.search(key) and _HEADERS.search(raw):
        return _HEADER_LINE.sub(lambda found: f"{found[1]}{found[2]}: {MASK}", raw)
    if _PLAIN.fullmatch(raw):
        return raw
    return f'"{MASK}"' + "\n" * raw.count("\n")
