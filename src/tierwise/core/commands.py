"""Commands: what can be asked of the ledger of money, besides the wish to reserve.

Source: rules.md section 11.
"""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.core.entries import Charge, Reserve, Tags


@dataclass(frozen=True, slots=True)
class Settle:
    """The call has ended: `charge` is what it really cost, under the tags of the model that answered."""

    hold: str
    charge: Charge
    tags: Tags
    unconfirmed: bool = False


@dataclass(frozen=True, slots=True)
class Void:
    """The call was never sent: the hold is given back."""

    hold: str


@dataclass(frozen=True, slots=True)
class Expire:
    """End every hold whose time is over."""


@dataclass(frozen=True, slots=True)
class Adjust:
    """A correction ±`charge` of what was posted for the reservation or import `of`, at its moment."""

    id: str
    of: str
    charge: Charge
    tags: Tags
    note: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """Usage that was learned of elsewhere or later, at its own moment."""

    id: str
    at_us: int
    tags: Tags
    charge: Charge
    note: str = ""


Command = Reserve | Settle | Void | Expire | Adjust | Import
"""Every one of them, the wish included."""
