"""Blocks: a routing block written down again, flat where it fits into metadata, else as a sidecar.

    Routing ──► {"tierwise.preferred": "haiku", "tierwise.acceptable": "haiku sonnet", …}     metadata
            └─► "conditions:\n  - when: …"                                                     routing.yaml

Read back, both together are the block that was written.

Source: rules.md section 2; research/clients.md section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tierwise.core.skills import Condition, EstimatedTokens, Routing, TokenRange
from tierwise.files.frontmatter_edit import scalar
from tierwise.files.homes import METADATA_PREFIX

METADATA_INDENT: Final = "  "


def metadata_of(routing: Routing) -> dict[str, str]:
    """The flat keys of a block, prefixed, all values text; its conditions are left to the sidecar."""
    return {METADATA_PREFIX + key: value for key, value in _flat(routing)}


def metadata_lines(values: dict[str, str]) -> list[str]:
    """`metadata:` with these values, as lines."""
    return ["metadata:", *(f"{METADATA_INDENT}{key}: {scalar(value)}" for key, value in values.items())]


def sidecar_of(routing: Routing) -> str | None:
    """What metadata cannot hold, as the text of a routing.yaml; None if that is nothing."""
    if not routing.conditions:
        return None
    return "".join(f"{line}\n" for line in ["conditions:", *_conditions(routing.conditions)])


def _flat(routing: Routing) -> Iterator[tuple[str, str]]:
    for key in routing.__slots__:
        match getattr(routing, key):
            case None:
                pass
            case bool() as flag:
                yield key, "true" if flag else "false"
            case EstimatedTokens() as estimate:
                yield from _ranges(key, estimate)
            case tuple() as several if key == "acceptable":
                yield key, " ".join(str(tier) for tier in several)
            case tuple():
                assert key == "conditions", "no other key is a list"
            case word:
                yield key, str(word)


def _ranges(key: str, estimate: EstimatedTokens) -> Iterator[tuple[str, str]]:
    for name in estimate.__slots__:
        span: TokenRange | None = getattr(estimate, name)
        if span is not None:
            yield f"{key}.{name}", f"{span.low}-{span.high}"


def _conditions(conditions: tuple[Condition, ...]) -> Iterator[str]:
    for condition in conditions:
        yield f"  - when: {_quoted(condition.when)}"
        if condition.downgrade_to is not None:
            yield f"    downgrade_to: {scalar(condition.downgrade_to.name)}"
        if condition.hold_at is not None:
            yield f"    hold_at: {scalar(condition.hold_at.name)}"
        if condition.match:
            yield "    match:"
            yield from (f"      - {_quoted(entry)}" for entry in condition.match)


def _quoted(text: str) -> str:
    """The text in YAML's double quotes; what is not plainly printable is escaped."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '\\"':
        return "\\" + char
    if char.isprintable() and char != "\ufeff":
        return char
    code = ord(char)
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}"
