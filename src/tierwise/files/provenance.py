"""Provenance: where a value was written, so that every answer can point at its line.

A skill's block has several homes; they merge key by key and the strongest one that speaks wins. A project's
override is stronger than all of them, but it is no home of the skill: `overlay` lays it on top.

    sidecar      routing.yaml beside SKILL.md
    frontmatter  the `model:` mapping
    metadata     flat `tierwise.…` keys, the only home that the Agent Skills validator accepts
    string       a plain `model: sonnet`, which means `preferred`
    table        a row of its coordinator's table; weakest, it speaks only where the skill is silent

Source: rules.md section 2.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final, Literal, NamedTuple

from tierwise.core.skills import Routing

Home = Literal["sidecar", "frontmatter", "metadata", "string", "table"]
HOMES: Final[tuple[Home, ...]] = ("table", "string", "metadata", "frontmatter", "sidecar")
"""Weakest first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Provenance:
    """The file, the 1-based line, the kind of place, and the dotted key as it is written there."""

    path: str
    line: int
    home: Home
    key: str


class Statement(NamedTuple):
    """What one home says about one key of the block, whether a stronger one overrules it or not."""

    key: str
    value: Any
    at: Provenance


def overlay(base: Routing, over: Routing) -> Routing:
    """`base` with every key that `over` speaks about replaced: how a stronger home wins."""
    spoken: dict[str, Any] = {f.name: getattr(over, f.name) for f in dataclasses.fields(over)}
    return dataclasses.replace(base, **{name: value for name, value in spoken.items() if value is not None})
