"""Listings: one model under one id on one platform, as the compiled data describes it, and its keys.

    models.json   platforms; models with tier, family, window, dates, ids on each platform
    prices.json   provider → id → every price with its day            both written by tools/compile_prices.py

Source: rules.md section 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import msgspec

from tierwise.catalog.names import keys_of
from tierwise.catalog.prices import both_rates, price_on
from tierwise.core.models import ModelCard
from tierwise.core.prices import Price


class Platform(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """`provider`: the platform whose servers answer and whose prices hold; `prefix`: often put before ids."""

    provider: str
    prefix: str = ""


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One model as `data/models.yaml` describes it. `on`: platform → its ids there, the one to send first."""

    id: str
    tier: str | None = None
    family: str = ""
    released: str = ""
    retired: str = ""
    window_tokens: int | None = None
    max_output_tokens: int | None = None
    aliases: tuple[str, ...] = ()
    on: dict[str, tuple[str, ...]]
    named_only_on: tuple[str, ...] = ()


class ModelData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `data/models.json`."""

    platforms: dict[str, Platform]
    models: tuple[Model, ...]


class PriceData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `data/prices.json`: provider → id → entries in order of `since`."""

    source: str
    prices: dict[str, dict[str, tuple[Price, ...]]]


@dataclass(frozen=True, slots=True)
class Listing:
    """One model under one id on one platform, with every price it ever had there."""

    model: Model
    platform: str
    id: str
    prices: tuple[Price, ...]
    named_only: bool = False

    def card(self, day: str) -> ModelCard:
        """The model as the rules see it on that day ("" = at its newest price)."""
        model = self.model
        price = price_on(self.prices, day)
        window, output = model.window_tokens, model.max_output_tokens
        return ModelCard(self.id, self.platform, model.tier, model.family, window, output, price)

    def served(self, day: str) -> bool:
        """Whether the maker answers for the model on that day, as far as is known."""
        return self.model.released <= day and not (self.model.retired and self.model.retired <= day)

    def automatic(self, day: str) -> bool:
        """Whether routing may pick it without being told its name."""
        priced = both_rates(price_on(self.prices, day)) is not None
        return priced and self.served(day) and not self.named_only


def built_in() -> tuple[dict[str, Platform], list[Listing]]:
    """The platforms and listings of the package's data, in the order of `data/models.yaml`."""
    data = resources.files("tierwise.catalog") / "data"
    models = msgspec.json.decode((data / "models.json").read_bytes(), type=ModelData)
    prices = msgspec.json.decode((data / "prices.json").read_bytes(), type=PriceData)
    listings = []
    for model in models.models:
        for platform, ids in model.on.items():
            known = prices.prices.get(models.platforms[platform].provider, {})
            for id in ids:
                named_only = platform in model.named_only_on or id != ids[0]
                listings.append(Listing(model, platform, id, known.get(id, ()), named_only))
    return models.platforms, listings


def keyed(listings: tuple[Listing, ...], prefix: str) -> dict[str, Listing]:
    """Every key under which a platform's listings may be asked for: ids and aliases before plainer forms."""
    index: dict[str, Listing] = {}
    for listing in listings:
        for name in (listing.id, listing.model.id, *listing.model.aliases):
            index.setdefault(name.lower(), listing)
            index.setdefault(prefix + name.lower(), listing)
    for listing in listings:
        index.setdefault(keys_of(listing.id)[-1], listing)
    return index


def keyed_anywhere(
    platforms: Mapping[str, Platform], index: Mapping[str, dict[str, Listing]]
) -> dict[str, Listing]:
    """Keys for when no platform is given: exact ids before other forms, a provider before its client."""
    home_first = sorted(platforms, key=lambda platform: platforms[platform].provider != platform)
    found: dict[str, Listing] = {}
    for platform in home_first:
        for key, listing in index[platform].items():
            if key == listing.id.lower():
                found.setdefault(key, listing)
    for platform in home_first:
        for key, listing in index[platform].items():
            found.setdefault(key, listing)
    return found
