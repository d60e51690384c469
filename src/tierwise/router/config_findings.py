"""Configuration findings: what is wrong in the files, and what the catalog says against what they name.

A `cost_ratio` that the price table contradicts, a model that a tier names but its platform does not have, and
a rung without any model: all are read and followed as far as that goes, and said once.

Source: rules.md section 1; seed A§1.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tierwise.catalog.models import Catalog
from tierwise.core.models import ANYWHERE
from tierwise.core.tiers import BUILT_IN
from tierwise.files.config import Config, Entry
from tierwise.files.config_sources import USER_FILE
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
            *_empty_rungs(config, catalog, platform, day),
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


def _empty_rungs(config: Config, catalog: Catalog, platform: str, day: str) -> Iterator[Finding]:
    """Rungs that the configuration names, or that its own ladder has, and that no model can serve there."""
    ladder, models = config.settings.ladder, config.tier_models
    named = models if ladder == BUILT_IN else {rung.name for rung in ladder.rungs}
    served = catalog.candidates(platform, ladder, models, day)
    for rung in ladder.rungs:
        if rung.name not in named or rung.name in served:
            continue
        written = [entry for entry in config.entries if entry.key.startswith("tiers.") and entry.path]
        own = (entry for entry in written if entry.key.startswith(f"tiers.{rung.name}."))
        at = next(iter((*own, *written)), None)
        path, line = (at.path, at.line) if at is not None else (USER_FILE, 0)
        problem = f"no model of {platform} stands on this rung: what is decided for it cannot be served there"
        remedy = f"Name one under `tiers.{rung.name}.{platform}`."
        yield Finding(path, line, f"tiers.{rung.name}", problem, remedy, "warning", "tier-without-model")
