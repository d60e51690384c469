"""The ledger as a child would write it: a list of amounts, added up anew for every question."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tierwise.core.entries import NO_CHARGE, Charge, Purse, Reserve, Standing, Tags


@dataclass
class Held:
    """A reservation in the model."""

    wish: Reserve
    at_us: int
    state: str = "open"


@dataclass
class Model:
    """What should be true after every command."""

    newest_us: int = 0
    holds: dict[str, Held] = field(default_factory=dict)
    posted: list[tuple[int, Tags, Charge]] = field(default_factory=list)

    def standing(self, purse: Purse) -> Standing:
        pending = [(held.at_us, held.wish.tags, held.wish.charge) for held in self.open()]
        return Standing(_total(purse, self.posted), _total(purse, pending))

    def without(self, id: str) -> Model:
        """The model if that hold had been given back."""
        holds = {name: replace(held) for name, held in self.holds.items()}
        other = Model(self.newest_us, holds, [*self.posted])
        other.void(id, self.newest_us)
        return other

    def open(self) -> list[Held]:
        return [held for held in self.holds.values() if held.state == "open"]

    def expire(self, now_us: int) -> int:
        due = [held for held in self.open() if held.wish.expires_us <= now_us]
        for held in due:
            held.state = "charged" if held.wish.sent else "lapsed"
            if held.wish.sent:
                self.posted.append((held.at_us, held.wish.tags, held.wish.charge))
        if due:
            self.newest_us = now_us
        return len(due)

    def reserve(self, wish: Reserve, now_us: int) -> bool:
        for purse in wish.purses:
            spent = self.standing(purse).spent
            if purse.hard and purse.limit is not None and spent + wish.charge.of(purse.unit) > purse.limit:
                return False
        self.holds[wish.id] = Held(wish, now_us)
        self.newest_us = now_us
        return True

    def settle(self, id: str, charge: Charge, tags: Tags, now_us: int) -> None:
        held = self.holds[id]
        if held.state == "settled":
            return
        if held.state == "charged":
            self.posted.append((held.at_us, held.wish.tags, -held.wish.charge))
        self.posted.append((held.at_us, tags, charge))
        held.state, self.newest_us = "settled", now_us

    def void(self, id: str, now_us: int) -> None:
        if id in self.holds and self.holds[id].state == "open":
            self.holds[id].state, self.newest_us = "voided", now_us


def _total(purse: Purse, amounts: list[tuple[int, Tags, Charge]]) -> int:
    total = NO_CHARGE
    for at_us, tags, charge in amounts:
        matches = purse.kind == "all" or getattr(tags, purse.kind) == purse.value
        in_time = purse.since_us <= at_us and (purse.until_us is None or at_us < purse.until_us)
        if matches and in_time and purse.session in ("", tags.session):
            total += charge
    return total.of(purse.unit)
