"""Names of skills and tiers on the command line: what may be written, and what is said of the rest.

Source: the Agent Skills specification (names); rules.md section 1 (tiers).
"""

from __future__ import annotations

import re
from typing import Final

import click

from tierwise import wiring
from tierwise.core.figures import printable
from tierwise.core.tiers import BUILT_IN, Tier
from tierwise.files.tier_words import TierWords

MAX_NAME_CHARACTERS: Final = 64
"""What the Agent Skills specification allows."""
MAX_SKILLS: Final = 50
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class NameType(click.ParamType[str]):
    """A name in kebab-case; `spare` characters of it are kept for an ending."""

    name = "name"

    def __init__(self, spare: int = 0) -> None:
        self.longest = MAX_NAME_CHARACTERS - spare

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is; fails with what a name may be."""
        word = str(value)
        if len(word) > self.longest or not _NAME.fullmatch(word):
            problem = (
                f"`{printable(word)}` is no name: lower-case letters and digits, joined by single hyphens"
            )
            self.fail(f"{problem}, at most {self.longest} characters", param, ctx)
        return word


class NamesType(click.ParamType[tuple[str, ...]]):
    """Several names, separated by commas."""

    name = "names"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The names in their order; fails at one that is wrong or stands there twice."""
        one = NameType()
        words = [one.convert(word.strip(), param, ctx) for word in str(value).split(",")]
        twice = sorted({word for word in words if words.count(word) > 1})
        if twice:
            self.fail(f"{', '.join(twice)}: named twice", param, ctx)
        if len(words) > MAX_SKILLS:
            self.fail(f"{len(words)} skills; at most {MAX_SKILLS} at once", param, ctx)
        return tuple(words)


class TierType(click.ParamType[Tier]):
    """A tier, an alias, or a model that the catalog knows."""

    name = "tier"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Tier:
        """The rung; fails with those that there are."""
        words = TierWords(BUILT_IN, wiring.tier_of_model)
        tier = words.tier(str(value))
        if tier is None:
            self.fail(printable(f"`{value}` is no tier. {words.remedy(str(value))}"), param, ctx)
        return tier
