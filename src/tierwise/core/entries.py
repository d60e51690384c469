"""Entries: what the ledger of money is made of, append-only; every balance is a sum over them.

    reserve  pending +h                      a call is about to be made: worst case (hard) or p90 (soft)
    post     pending -h   posted +a          it has ended: what it really cost replaces the hold
    void     pending -h                      it was never sent
    expire   pending -h   posted +h if sent  nobody said how it ended: charged as unconfirmed, if it was sent
    adjust   posted ±d                       a correction of something posted before
    import   posted +a                       usage that was learned of later, elsewhere

All entries of one hold carry the moment at which it was reserved, so that what cancels out does so in every
window. What was held and what was served may stand under different tags (another model may have answered):
so an entry names both.

Source: rules.md section 11; research/platform.md section B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["reserve", "post", "void", "expire", "adjust", "import"]
PurseUnit = Literal["usd", "tokens", "messages"]


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount in every unit at once: nano-dollars, weighted tokens, messages; negative in corrections."""

    nanousd: int = 0
    tokens: int = 0
    messages: int = 0

    def __add__(self, other: Charge) -> Charge:
        return Charge(
            self.nanousd + other.nanousd, self.tokens + other.tokens, self.messages + other.messages
        )

    def __neg__(self) -> Charge:
        return Charge(-self.nanousd, -self.tokens, -self.messages)

    def of(self, unit: PurseUnit) -> int:
        """The amount in one unit; `usd` in nano-dollars."""
        return {"usd": self.nanousd, "tokens": self.tokens, "messages": self.messages}[unit]


NO_CHARGE: Final = Charge()


@dataclass(frozen=True, slots=True)
class Tags:
    """What an amount counts under; "" where there is nothing. `run` is the agent tree."""

    session: str = ""
    run: str = ""
    agent: str = ""
    skill: str = ""
    project: str = ""
    key: str = ""
    model: str = ""
    tier: str = ""


NO_TAGS: Final = Tags()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `id` is unique for ever: writing it again changes nothing.

    `hold` names the reservation that it belongs to (its own id for a `reserve`; for an `adjust`, what it
    corrects). `at_us` is when the call was reserved, `recorded_us` when the entry was written, both µs UTC.
    `posted` counts under `tags`, `pending` under `held`. `expires_us` is a hold's end. `sent` says whether
    the request goes out with the hold. `unconfirmed` marks an amount that nobody reported.
    """

    id: str
    hold: str
    kind: Kind
    at_us: int
    recorded_us: int
    tags: Tags = NO_TAGS
    held: Tags = NO_TAGS
    posted: Charge = NO_CHARGE
    pending: Charge = NO_CHARGE
    expires_us: int = 0
    sent: bool = False
    unconfirmed: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Purse:
    """A budget as it governs one call: whose entries count, from when on, in which unit, up to what.

    `kind` is a scope's kind (`all`, `tier`, `model`, `skill`, `project`, `key`, `session`, `run`), `value`
    its value. `session` not "" counts only that session's entries. An entry counts if `since_us` ≤ at_us <
    `until_us` (None: no end). `limit` is nano-dollars, weighted tokens or messages; None only tracks.
    """

    name: str
    kind: str
    value: str
    unit: PurseUnit
    limit: int | None
    hard: bool = False
    since_us: int = 0
    until_us: int | None = None
    session: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a purse holds: posted and pending, in its unit. `spent` is both: held money is not free."""

    posted: int
    pending: int

    @property
    def spent(self) -> int:
        """Posted and pending together."""
        return self.posted + self.pending


@dataclass(frozen=True, slots=True)
class Reserve:
    """The wish to hold `charge` for a call, against every purse that governs it.

    `id` makes a replay harmless. A hard purse refuses what would go above its limit; a soft one never does.
    `instead_of` names an open hold that this one takes the place of: it is given back in the same step, and
    stays as it is where the wish is refused. "" for none; one that has ended gives nothing.
    """

    id: str
    tags: Tags
    charge: Charge
    purses: tuple[Purse, ...]
    expires_us: int
    sent: bool = True
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The hold is taken; how every purse stood before it, in the order of the wish."""

    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """The hold is not taken, nothing was written: this hard purse has only `available` left, in its unit."""

    purse: Purse
    standing: Standing
    available: int
    standings: tuple[Standing, ...]
