"""Compiles `catalog/data/models.yaml` and the prices of genai-prices into what the package reads at run time.

    python tools/compile_prices.py            write models.json and prices.json, say what changed
    python tools/compile_prices.py --check    change nothing; exit 1 if one of them is stale

genai-prices takes 0.4 s to import, and a YAML parser its own time, so neither is used at run time. Prices
are kept as exact integers (pico-dollars per token), with their days and their step for long prompts. The
output is the same for the same input, byte for byte.

Source: rules.md section 1; research/platform.md section D2 (the traps of genai-prices).
"""

from __future__ import annotations

import sys
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ConditionalPrice, ModelPrice, StartDateConstraint, TieredPrices
from ruamel.yaml import YAML

from tierwise.catalog.listings import Model, ModelData, Platform, PriceData
from tierwise.catalog.price_file import PICO_PER_USD_PER_MTOK, overrides_from
from tierwise.catalog.prices import merged
from tierwise.core.prices import Price, Rates
from tierwise.core.tiers import BUILT_IN

DATA = Path(__file__).resolve().parent.parent / "src" / "tierwise" / "catalog" / "data"
SOURCE = f"genai-prices {version('genai-prices')}"
CLASSES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
"""Our class → its key there. `cache_write_mtok` is the short-lived write: 5 minutes, at OpenAI 30."""


class WrongDataError(Exception):
    """The hand-written file, or a price that it asks for, cannot be compiled as it stands."""


def pico(usd_per_mtok: Decimal) -> int:
    """Pico-dollars per token; WrongDataError if it would have to be rounded."""
    exact = usd_per_mtok * PICO_PER_USD_PER_MTOK
    if exact != exact.to_integral_value():
        raise WrongDataError(f"{usd_per_mtok} USD per million tokens is no whole number of pico-dollars")
    return int(exact)


def step_of(prices: ModelPrice) -> int | None:
    """The largest prompt that still costs the base rates: `start` there, for a tier holds above its start."""
    tiered = [value for key in CLASSES.values() if isinstance(value := getattr(prices, key), TieredPrices)]
    starts = {tier.start for value in tiered for tier in value.tiers}
    if len(starts) > 1:
        raise WrongDataError(f"more than one step: {sorted(starts)}")
    return next(iter(starts), None)


def rates(prices: ModelPrice, *, long: bool) -> Rates:
    """The base rates, or those above the step; a class without a price stays None."""
    found: dict[str, int | None] = {}
    for name, key in CLASSES.items():
        value = getattr(prices, key)
        if isinstance(value, TieredPrices):
            value = value.tiers[-1].price if long else value.base
        found[name] = None if value is None else pico(value)
    return Rates(**found)


def price(prices: ModelPrice, since: str, source: str) -> Price:
    """One entry."""
    step = step_of(prices)
    long = rates(prices, long=True) if step is not None else None
    return Price(rates(prices, long=False), since, source, step, long)


def entries(provider: str, model_id: str) -> tuple[Price, ...]:
    """Every price of one model at one provider of genai-prices, in order of `since`; empty if it has none."""
    listed = next(p for p in get_snapshot().providers if p.id == provider)
    model = listed.find_model(model_id)
    if model is None:
        return ()
    source = f"{SOURCE}: {provider}/{model.id}"
    dated = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    found = [price(each.prices, since_of(each), source) for each in dated]
    if [each.since for each in found] != sorted({each.since for each in found}):
        raise WrongDataError(f"{source}: entries are not in order of their days")
    return tuple(found)


def since_of(dated: ConditionalPrice) -> str:
    """The day from which a price holds, "" for always; WrongDataError for prices by time of day."""
    if dated.constraint is None:
        return ""
    if not isinstance(dated.constraint, StartDateConstraint):
        raise WrongDataError(f"cannot keep a price that depends on {dated.constraint}")
    return dated.constraint.start_date.isoformat()


def model_of(raw: dict[str, Any]) -> Model:
    """One model of the hand-written file: `on` and `ids` become one mapping."""
    fields = {key: value for key, value in raw.items() if key not in ("on", "ids", "price")}
    fields["on"] = {platform: [raw["id"]] for platform in raw["on"]} | raw.get("ids", {})
    model = msgspec.convert(fields, Model)
    if BUILT_IN.get(model.tier or "") is None:
        raise WrongDataError(f"{model.id}: `{model.tier}` is not a built-in tier")
    if not set(model.named_only_on) <= set(model.on):
        raise WrongDataError(f"{model.id}: named_only_on says more than on")
    return model


def compiled(raw: dict[str, Any]) -> tuple[ModelData, PriceData]:
    """Both files as values."""
    lists = {name: fields.pop("genai_prices", None) for name, fields in raw["platforms"].items()}
    platforms = {name: msgspec.convert(fields, Platform) for name, fields in raw["platforms"].items()}
    models = tuple(model_of(each) for each in raw["models"])
    prices: dict[str, dict[str, tuple[Price, ...]]] = {name: {} for name in sorted(lists) if lists[name]}
    for model, own in zip(models, raw["models"], strict=True):
        for platform, ids in model.on.items():
            provider = platforms[platform].provider
            for model_id in ids:
                found = entries(lists[provider], model_id) or by_hand(own)
                if found:
                    prices[provider][model_id] = found
    ordered = {provider: dict(sorted(listed.items())) for provider, listed in prices.items()}
    return ModelData(platforms, models), PriceData(SOURCE, ordered)


def by_hand(raw: dict[str, Any]) -> tuple[Price, ...]:
    """The price that the hand-written file gives; empty if it gives none."""
    if "price" not in raw:
        return ()
    found, problems = overrides_from({raw["id"]: raw["price"]})
    if problems:
        raise WrongDataError(str(problems))
    return merged((), found[raw["id"]])


def superfluous(raw: dict[str, Any], prices: PriceData) -> list[str]:
    """Models whose hand-written price genai-prices has made superfluous."""
    priced = {each["id"] for each in raw["models"] if "price" in each}
    listed = [(i, price) for ids in prices.prices.values() for i, found in ids.items() for price in found]
    return sorted({i for i, price in listed if i in priced and price.source.startswith(SOURCE)})


def as_json(value: object) -> bytes:
    """Readable JSON without what is None, the same for the same value."""
    plain = without_none(msgspec.to_builtins(value))
    return msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n"


def without_none(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same JSON value without the keys that hold None or an empty word."""
    if isinstance(value, dict):
        return {key: without_none(each) for key, each in value.items() if each is not None and each != ""}
    if isinstance(value, list | tuple):
        return [without_none(each) for each in value]
    return value


def main(arguments: list[str]) -> int:
    """Write the two files, or with --check only compare them."""
    raw = YAML(typ="safe", pure=True).load((DATA / "models.yaml").read_text("utf-8"))
    models, prices = compiled(raw)
    for name in superfluous(raw, prices):
        print(f"{name}: {SOURCE} has a price now; delete the one in models.yaml")
    stale = 0
    for path, value in ((DATA / "models.json", models), (DATA / "prices.json", prices)):
        text = as_json(value)
        if path.exists() and path.read_bytes() == text:
            continue
        stale += 1
        if "--check" in arguments:
            print(f"{path.name} is stale; run `python tools/compile_prices.py`")
        else:
            path.write_bytes(text)
            print(f"{path.name} written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
