"""Configuration findings: what is wrong in the files, and what the catalog says against what they name.

A `cost_ratio` that the price table contradicts, and a model that a tier names but its platform does not have:
both are read and followed as far as that goes, and said once.

Source: rules.md section 1; seed A§1.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tierwise.catalog.models import Catalog
from tierwise.core.models import ANYWHERE
from tierwise.files.config import Config, Entry
from tierwise.files.findings import Finding

PLATFORM: Final = "claude_code"
"""Whose prices a `cost_ratio` is compared with where no tier names a platform."""


def findings_of(config: Config, catalog: Catalog, day: str) -> list[Finding]:
    """Everything that is wrong with the configuration on this day (ISO, UTC)."""
    entries = {entry.key: entry for entry in config.entries}
    platforms = {platform for models in config.tier_models.values() for platform in models} - {ANYWHERE}
    found: dict[str, Finding] = {}
    for platform in sorted(platforms or {PLATFORM}, key=lambda name: (name != PLATFORM, name)):
        for finding in (
            *_stale_ratios(config, catalog, platform, day, entries),
            *_missing_models(config, catalog, platform, day, entries),
        ):
            found.setdefault(finding.key, finding)
    return [*config.findings, *found.values()]


def _stale_ratios(
    config: Config, catalog: Catalog, platform: str, day: str, entries: dict[str, Entry]
) -> Iterator[Finding]:
    ladder, models = config.settings.ladder, config.tier_models
    for problem in catalog.ratio_problems(config.cost_ratios, platform, ladder, models, day):
        key = ".".join(problem.key)
        at = entries[key]
        yield Finding(at.path, at.line, key, problem.problem, problem.remedy, "warning", problem.rule)


def _missing_models(
    config: Config, catalog: Catalog, platform: str, day: str, entries: dict[str, Entry]
) -> Iterator[Finding]:
    """Named models that the catalog knows but this platform does not have on this day."""
    for tier, models in config.tier_models.items():
        key, model = f"tiers.{tier}.{platform}", models.get(platform)
        at = entries.get(key)
        if model is None or at is None or catalog.find(model) is None:
            continue
        listing = catalog.find(model, platform)
        if listing is None or not listing.served(day):
            problem = f"`{model}` does not answer on {platform}"
            remedy = f"`tierwise models --platform {platform}` lists what does; the best of them serves."
            yield Finding(at.path, at.line, key, problem, remedy, "warning", "model-not-on-platform")
