"""Tiers: the rungs of one ordered ladder, from the cheapest to the most capable.

    haiku  <  sonnet  <  opus  <  fable (premium)
    light     standard   heavy

A tier knows its rank, so tiers compare directly. A user's file may name rungs of its own; the aliases
`light`, `standard` and `heavy` then mean the lowest, the middle and the highest rung that is not premium.
Nothing routes to a premium rung unless a person or a skill names it.

Source: rules.md section 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, order=True)
class Tier:
    """One rung: its rank (0 is the cheapest) and its name. Ranks only compare within one ladder."""

    rank: int
    name: str = field(compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs in order, cheapest first, with their aliases.

    `rungs` holds at least one tier, ranks 0, 1, 2, …; `aliases` maps a word to a rung's name; `premium`
    holds the names of rungs that must be named to be used.
    """

    rungs: tuple[Tier, ...]
    aliases: dict[str, str] = field(hash=False)
    premium: frozenset[str] = frozenset()
    _by_name: dict[str, Tier] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        assert self.rungs, "a ladder needs a rung"
        by_name = {rung.name: rung for rung in self.rungs}
        assert len(by_name) == len(self.rungs), "two rungs of one name"
        by_name |= {alias: by_name[name] for alias, name in self.aliases.items()}
        object.__setattr__(self, "_by_name", by_name)

    def get(self, name: str) -> Tier | None:
        """The rung of that name or alias, in any case; None if the ladder has none."""
        return self._by_name.get(name) or self._by_name.get(name.strip().lower())

    def __getitem__(self, name: str) -> Tier:
        """The rung of that name or alias; KeyError if there is none."""
        return self._by_name[name]

    def words(self) -> tuple[str, ...]:
        """Every word that names a rung: names first, then aliases."""
        return tuple(self._by_name)

    @property
    def lowest(self) -> Tier:
        """The cheapest rung."""
        return self.rungs[0]

    @property
    def light(self) -> Tier:
        """What the cascade calls haiku: mechanical work."""
        return self._by_name["light"]

    @property
    def standard(self) -> Tier:
        """What the cascade calls sonnet: analytical work."""
        return self._by_name["standard"]

    @property
    def heavy(self) -> Tier:
        """The highest rung that is not premium."""
        return self._by_name["heavy"]

    def above(self, tier: Tier) -> Tier | None:
        """The next rung up that is not premium; None at the top."""
        higher = [r for r in self.rungs if r > tier and r.name not in self.premium]
        return higher[0] if higher else None

    def below(self, tier: Tier) -> Tier | None:
        """The next rung down; None at the bottom."""
        return self.rungs[tier.rank - 1] if tier.rank > 0 else None


def ladder_of(names: tuple[str, ...], premium: frozenset[str] = frozenset()) -> Ladder:
    """A ladder of these rungs, cheapest first; the aliases fall on the rungs that are not premium.

    If every rung is premium the aliases fall on all of them: a ladder must be usable as it stands.
    """
    rungs = tuple(Tier(rank, name) for rank, name in enumerate(names))
    plain = [r.name for r in rungs if r.name not in premium] or [r.name for r in rungs]
    wanted = {"light": plain[0], "standard": plain[len(plain) // 2], "heavy": plain[-1]}
    if len(plain) == 2:
        wanted["standard"] = plain[0]
    aliases = {word: name for word, name in wanted.items() if word not in names}
    return Ladder(rungs, aliases, premium)


BUILT_IN: Final = ladder_of(("haiku", "sonnet", "opus", "fable"), premium=frozenset({"fable"}))
