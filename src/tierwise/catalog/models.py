"""Models: which models exist, on which rung they stand, and which can serve a tier on a platform.

    "Claude-Opus-5-5-20260921[1m]"  ──►  get  ──►  ModelCard(claude-opus-5-5, opus, $4/$20, …)
    tier + platform + day           ──►  candidates: the id that the configuration names, then newest first

The catalog is compiled data (`data/models.json`, `data/prices.json`) with a person's own prices laid over
it; it never changes once it is made. Names match as `names` says. Nothing is picked automatically that is
retired, not yet released, without a known price, or kept for those who name it.

Source: rules.md section 1; A§1.2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import msgspec

from tierwise.catalog.listings import Listing, Model, Platform, built_in, keyed, keyed_anywhere
from tierwise.catalog.names import CACHED_NAMES, MAX_NAME_CHARACTERS, keys_of, without_window
from tierwise.catalog.prices import Override, Problem, both_rates, merged, price_on, ratio_problems
from tierwise.core.models import ANYWHERE, Candidates, ModelCard
from tierwise.core.prices import Price
from tierwise.core.tiers import Ladder

TierModels = Mapping[str, Mapping[str, str]]
"""Rung name → platform (or `ANYWHERE`) → model id, as a configuration names them (A§1.2)."""

NO_TIER_MODELS: Final[TierModels] = MappingProxyType({})
CACHED_SURVEYS: Final = 512


class Catalog:
    """Every known model and its prices. Immutable; look-ups are dictionary hits, answers are remembered."""

    def __init__(self, platforms: Mapping[str, Platform], listings: Iterable[Listing]) -> None:
        self.platforms: Final = MappingProxyType(dict(platforms))
        self.listings: Final = tuple(listings)
        self._on: Final = {p: tuple(x for x in self.listings if x.platform == p) for p in self.platforms}
        self._index: Final = {p: keyed(on, self.platforms[p].prefix) for p, on in self._on.items()}
        self._anywhere: Final = keyed_anywhere(self.platforms, self._index)
        self._cards: Final = lru_cache(CACHED_NAMES)(self._card)
        self._tiers: Final = lru_cache(CACHED_NAMES)(self._tier)
        self._surveys: Final = lru_cache(CACHED_SURVEYS)(self._survey)

    def find(self, name: str, platform: str | None = None) -> Listing | None:
        """The listing that `name` means on the platform (None: on its maker's own first); None if unknown."""
        if len(name) > MAX_NAME_CHARACTERS:
            return None
        index = self._anywhere if platform is None else self._index.get(platform, {})
        return next((index[key] for key in keys_of(name) if key in index), None)

    def get(self, name: str, platform: str | None = None, day: str = "") -> ModelCard | None:
        """The card of the model that `name` means, at the price of `day` ("" = its newest); None if unknown.

        Matches exactly, by alias, or by date suffix, in any case; with a platform only what it lists itself.
        """
        return self._cards(name, platform, day) if len(name) <= MAX_NAME_CHARACTERS else None

    def price_at(self, name: str, day: str, platform: str | None = None) -> Price | None:
        """The price of a model on `day` (ISO, UTC); None if the model or its price is not known."""
        listing = self.find(name, platform)
        return price_on(listing.prices, day) if listing else None

    def names(self) -> tuple[str, ...]:
        """Every id, in order: for suggestions."""
        return tuple(sorted({listing.id for listing in self.listings}))

    def shared(self, name: str) -> tuple[str, ...]:
        """The platforms of the provider whose model `name` means first of all; every platform if unknown."""
        listing = self.find(name)
        home = self._provider(listing.platform) if listing else None
        return tuple(p for p in self.platforms if home in (None, self._provider(p)))

    def tier_of(
        self, name: str, ladder: Ladder | None = None, tier_models: TierModels = NO_TIER_MODELS
    ) -> str | None:
        """The rung of a model: where `tier_models` puts it, else its built-in one; None if unknown.

        With a ladder, a built-in rung only counts if the ladder has one of that name. A model that is
        named on several rungs stands on its built-in one among them, else on the highest.
        """
        rungs = None if ladder is None else tuple([rung.name for rung in ladder.rungs])
        named = tuple([(tier, *each) for tier, ids in tier_models.items() for each in ids.items() if each[1]])
        return self._tiers(name, rungs, named) if len(name) <= MAX_NAME_CHARACTERS else None

    def candidates(
        self,
        platform: str,
        ladder: Ladder,
        tier_models: TierModels,
        day: str,
        like: str | None = None,
    ) -> Candidates:
        """The models that can serve each rung on the platform, best first; rungs without any are left out.

        First the id that `tier_models` names, if the platform has it; then those of the family of the model
        named `like`; then the newest. A rung without a built-in name has only what `tier_models` names.
        """
        rungs = tuple([rung.name for rung in ladder.rungs])
        named = tuple([(tier, id) for tier, ids in tier_models.items() if (id := self._named(ids, platform))])
        asked = None if like is None else self.get(like, platform) or self.get(like)
        return self._surveys(platform, rungs, named, day, asked.family if asked else "")

    def elsewhere(
        self,
        platform: str,
        ladder: Ladder,
        tier_models: TierModels,
        day: str,
        reachable: Iterable[str],
    ) -> Candidates:
        """The best model of each rung at every other provider among the `reachable` platforms.

        Cheapest first, by the mean of input and output list price; unknown prices last. Platforms that share
        the provider of `platform` are left out: what is down there is down here.
        """
        home = self._provider(platform)
        others = [p for p in reachable if self._provider(p) == p != home]
        offers = [self.candidates(other, ladder, tier_models, day) for other in others]
        found = {}
        for rung in ladder.rungs:
            cards = [offer[rung.name][0] for offer in offers if rung.name in offer]
            if cards:
                found[rung.name] = tuple(sorted(cards, key=_list_price))
        return found

    def ratio_problems(
        self,
        cost_ratios: Mapping[str, float],
        platform: str,
        ladder: Ladder,
        tier_models: TierModels,
        day: str,
    ) -> tuple[Problem, ...]:
        """Every `cost_ratio` that the prices of the platform's first candidates contradict."""
        found = self.candidates(platform, ladder, tier_models, day)
        cards = {rung.name: found[rung.name][0] for rung in ladder.rungs if rung.name in found}
        return ratio_problems(cost_ratios, cards)

    def _provider(self, platform: str) -> str:
        known = self.platforms.get(platform)
        return known.provider if known else platform

    def _tier(
        self, name: str, rungs: tuple[str, ...] | None, named: tuple[tuple[str, str, str], ...]
    ) -> str | None:
        """What `tier_of` says; a pure function of its arguments. `named` is rung, platform and id."""
        listing = self.find(name)
        built_in = listing.model.tier if listing else None
        on = [rung for rung, platform, id in named if self._same(listing, name, self.find(id, platform), id)]
        order = rungs or tuple(dict.fromkeys(rung for rung, _, _ in named))
        if on and built_in not in on:
            return max((rung for rung in on if rung in order), key=order.index, default=None)
        return built_in if rungs is None or built_in in rungs else None

    def _same(self, listing: Listing | None, name: str, other: Listing | None, id: str) -> bool:
        """Whether a configuration's `id` means the model that `name` means; unknown names are compared."""
        meant = other or self.find(id)
        if meant is None or listing is None:
            return keys_of(id)[0] in keys_of(name)
        return meant.model.id == listing.model.id

    def _card(self, name: str, platform: str | None, day: str) -> ModelCard | None:
        listing = self.find(name, platform)
        return listing.card(day) if listing else None

    def _named(self, ids: Mapping[str, str], platform: str) -> str | None:
        """The id that a configuration names for the platform; one for `ANYWHERE` only if it has the model."""
        anywhere = ids.get(ANYWHERE)
        return ids.get(platform) or (anywhere if anywhere and self.find(anywhere, platform) else None)

    def _survey(
        self, platform: str, rungs: tuple[str, ...], named: tuple[tuple[str, str], ...], day: str, family: str
    ) -> Candidates:
        """What `candidates` says; a pure function of its arguments."""
        listed = ((tier, self._explicit(tier, written, platform, day)) for tier, written in named)
        explicit = {tier: card for tier, card in listed if card is not None}
        placed = {listing.model.id for card in explicit.values() if (listing := self.find(card.id, platform))}
        free = [x for x in self._on.get(platform, ()) if x.model.id not in placed and x.automatic(day)]
        free.sort(key=lambda listing: listing.model.released, reverse=True)
        free.sort(key=lambda listing: listing.model.family != family)
        found = {}
        for rung in rungs:
            first = (explicit[rung],) if rung in explicit else ()
            cards = first + tuple(x.card(day) for x in free if x.model.tier == rung)
            if cards:
                found[rung] = cards
        return MappingProxyType(found)

    def _explicit(self, tier: str, written: str, platform: str, day: str) -> ModelCard | None:
        """The card of a named id on this rung, under the id as it is sent; None if it does not answer."""
        listing = self.find(written, platform)
        if listing is None or not listing.served(day):
            return None
        sent = without_window(written).removeprefix(self.platforms[platform].prefix)
        return replace(listing.card(day), tier=tier, id=listing.id if sent in self._index[platform] else sent)


def load_catalog(overrides: Mapping[str, Override] = MappingProxyType({})) -> Catalog:
    """The built-in catalog with a person's own prices and models laid over it.

    A name that the catalog knows is repriced on the platform that the override names, else wherever the
    provider answers whose name it is first of all: `claude-opus-5-5` is Anthropic's, for every client. An
    unknown one becomes a model of its own, picked automatically only where its platform is named.
    """
    base = _built_in()
    if not overrides:
        return base
    listings = {(x.platform, x.id): x for x in base.listings}
    for name, override in overrides.items():
        platforms = (override.platform,) if override.platform else base.shared(name)
        meant = [found for platform in platforms if (found := base.find(name, platform))]
        for found in meant or _own_model(name, override, platforms):
            key = (found.platform, found.id)
            listings[key] = _repriced(listings.get(key, found), override)
    return Catalog(base.platforms, listings.values())


@lru_cache(1)
def _built_in() -> Catalog:
    return Catalog(*built_in())


def unplaced(overrides: Mapping[str, Override]) -> tuple[Problem, ...]:
    """A problem for every name that the catalog does not know and that no platform or tier is given for.

    Most likely it is a slip of the pen; the price holds for calls under that very name all the same.
    """
    base = _built_in()
    problems = []
    for name, override in overrides.items():
        if override.platform is None and override.tier is None and base.find(name) is None:
            close = difflib.get_close_matches(name.lower(), base.names(), n=1, cutoff=0.6)
            hint = f"Did you mean `{close[0]}`? " if close else ""
            remedy = f"{hint}A model of your own needs `platform` and `tier`."
            problems.append(Problem((name,), "is not a known model", remedy, "unknown-model"))
    return tuple(problems)


def _own_model(name: str, override: Override, platforms: tuple[str, ...]) -> list[Listing]:
    id = keys_of(name)[0]
    model = Model(id=id, family=id, on=dict.fromkeys(platforms, (id,)))
    return [Listing(model, platform, id, (), override.platform is None) for platform in platforms]


def _repriced(listing: Listing, override: Override) -> Listing:
    model = listing.model
    tier, window = override.tier or model.tier, override.window_tokens or model.window_tokens
    if (tier, window) != (model.tier, model.window_tokens):
        model = msgspec.structs.replace(model, tier=tier, window_tokens=window)
    return replace(listing, model=model, prices=merged(listing.prices, override))


def _list_price(card: ModelCard) -> tuple[bool, int]:
    """Sorts by list price, unknown ones last."""
    rates = both_rates(card.price)
    return rates is None, rates or 0
