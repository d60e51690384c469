"""The configuration: every source merged into one, and for every value where it was said.

    built-in  <  user's files  <  AGENTS.md, CLAUDE.md  <  project's files  <  session's file

Each source becomes a list of statements. They are laid over each other key by key: the stronger one stands
and remembers what it overrode, so the merged configuration is its own audit. Of caps the lower one stands,
whoever says it. What a project may not say is a finding. Per-call and inline wishes are not configuration.

Source: rules.md sections 1 and 5; seed A§1.2, A§3.1, A§3.2, A§7.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from tierwise.core.questions import Settings
from tierwise.core.skills import Role, Routing
from tierwise.core.tiers import Ladder, Tier
from tierwise.core.zones import EVERYTHING, Scope, Thresholds
from tierwise.files.config_keys import Steering
from tierwise.files.config_ladder import ladder_from
from tierwise.files.config_schema import (
    CONSERVATION_MODE,
    RED,
    SECTIONS,
    TIER_FIELDS,
    TIER_UNITS,
    TOTALS,
    YELLOW,
    built_in_values,
    read_statements,
)
from tierwise.files.config_sources import NO_TEXTS, SESSION_KEY, Layer, Source, config_files, read_layers
from tierwise.files.config_trust import Case, reaching_out, verdict_on
from tierwise.files.config_values import Key, Said
from tierwise.files.dynamic_block import (
    NOT_DYNAMIC,
    DynamicSpec,
    dynamic_of,
    fallback_tiers,
    waiting,
    with_tier_models,
)
from tierwise.files.findings import Finding
from tierwise.files.nodes import Node, node_of
from tierwise.files.notify_block import NOWHERE, NotifySpec, notify_of
from tierwise.files.provenance import Home
from tierwise.files.tier_words import TierOfModel, TierWords, no_model

__all__ = [
    "BudgetSpec",
    "Config",
    "Entry",
    "Layer",
    "Mode",
    "config_files",
    "config_of",
    "load_config",
    "merge",
]

Mode = Literal["off", "observe", "enforce"]
"""What is done with decisions: nothing, logged only, applied."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value that stands, where it was said, and what it overrode, strongest first.

    `line` is 0 for what stands in no file.
    """

    key: str
    value: Any
    source: Source | Home
    path: str = ""
    line: int = 0
    overridden: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """A budget as it was configured; `limit` in dollars, weighted tokens or messages, None: only tracked."""

    name: str
    scope: Scope
    dimension: str
    unit: Literal["usd", "tokens", "messages"]
    limit: float | None
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """The merged configuration, ready for use.

    `skill_overrides` are the user's wishes for this session, `overrides` the blocks that the project lays
    over its skills', with `reasons` in words. `tier_models` is tier → platform (or `ANYWHERE`) → model id.
    `entries` holds every value with its provenance, `findings` everything that was wrong, in the order of
    the sources.
    """

    settings: Settings
    mode: Mode
    force: Tier | None
    skill_overrides: Mapping[str, Tier]
    overrides: Mapping[str, Routing]
    reasons: Mapping[str, str]
    tier_models: Mapping[str, Mapping[str, str]]
    cost_ratios: Mapping[str, float]
    budgets: tuple[BudgetSpec, ...]
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    notify: NotifySpec = NOWHERE
    dynamic: DynamicSpec = NOT_DYNAMIC
    steering: Steering = "auto"


def load_config(
    *,
    user_file: Path | None,
    project: Path | None,
    gsd_home: Path | None = None,
    tier_of_model: TierOfModel = no_model,
    texts: Mapping[Path, str] = NO_TEXTS,
) -> Config:
    """The configuration that these files make; missing ones say nothing. Never raises for what they hold.

    A file that is unusable costs itself and is a finding of severity `error`. `texts` as in `read_layers`.
    """
    files = config_files(user_file=user_file, project=project, gsd_home=gsd_home)
    layers, findings = read_layers(user_file=user_file, project=project, gsd_home=gsd_home, texts=texts)
    config = merge(layers, tier_of_model, findings)
    order = {str(path): at for at, path in enumerate(files)}
    in_order = sorted(config.findings, key=lambda finding: (order[finding.path], finding.line))
    return replace(config, findings=tuple(in_order))


def config_of(
    *, session: object = None, project: object = None, tier_of_model: TierOfModel = no_model
) -> Config:
    """The configuration that a question brings along as JSON values: A§3.1's block and A§3.2's. Never raises.

    In findings the two stand where a path would.
    """
    inner = session[SESSION_KEY] if isinstance(session, Mapping) and SESSION_KEY in session else session
    sources: tuple[tuple[Source, object], ...] = (("project", project), ("session", inner))
    return merge([Layer(source, source, node_of(said)) for source, said in sources], tier_of_model)


def merge(
    layers: Iterable[Layer], tier_of_model: TierOfModel = no_model, findings: Iterable[Finding] = ()
) -> Config:
    """The configuration that these sources make, weakest first; only the user's own may name a ladder."""
    layers, said_wrong = list(layers), list(findings)
    ladder, wrong = _ladder(layers)
    built_in = built_in_values(ladder)
    standing = {key: Entry(".".join(key), value, "built-in") for key, value in built_in.items()}
    words = TierWords(ladder, tier_of_model)
    for layer in layers:
        wrong += _lay(standing, layer, words)
    wrong += waiting((key, entry.value, entry.path, entry.line) for key, entry in standing.items())
    return _config(standing, words, (*said_wrong, *wrong))


def _ladder(layers: Iterable[Layer]) -> tuple[Ladder, list[Finding]]:
    for layer in layers:
        if layer.source == "user" and "tiers" in layer.root.entries:
            return ladder_from(layer.root.entries["tiers"].node, layer.path)
    return ladder_from(Node(None, 0), "")


# -- laying sources over each other ------------------------------------------------------------------------


def _lay(standing: dict[Key, Entry], layer: Layer, words: TierWords) -> list[Finding]:
    """Lay one source over what stands; return what is wrong with it."""
    statements, wrong = read_statements(layer.root, layer.path, words)
    findings = [reaching_out(finding, layer.source) for finding in wrong]
    allowed: list[Said] = []
    for said in statements:
        before = standing.get(said.key)
        verdict = verdict_on(Case(said, layer.source, before.value if before else None, words))
        if verdict is None:
            allowed.append(said)
        else:
            findings.append(verdict.finding(said, layer.path))
    crossed = _crossed(standing, allowed)
    findings += [_crossing(said, layer.path) for said in crossed]
    for said in allowed:
        if said not in crossed:
            _stand(standing, said, layer)
    return sorted(findings, key=lambda finding: finding.line)


def _stand(standing: dict[Key, Entry], said: Said, layer: Layer) -> None:
    """Let the statement stand on top of its key; a cap only if it is the lower one."""
    before = standing.get(said.key)
    if before and said.key[0] == "weekly_budget" and not _is_lower(said.value, before.value):
        return
    overridden = (replace(before, overridden=()), *before.overridden) if before else ()
    standing[said.key] = Entry(
        ".".join(said.key), said.value, layer.source, layer.path, said.line, overridden
    )


def _is_lower(cap: object, before: object) -> bool:
    if not isinstance(cap, int | float):
        return False
    return not isinstance(before, int | float) or cap <= before


_EDGES: Final = (YELLOW, RED)


def _crossed(standing: Mapping[Key, Entry], allowed: Iterable[Said]) -> list[Said]:
    """The thresholds of one source that, with what stands, would put yellow above red."""
    said = {one.key: one for one in allowed if one.key in _EDGES}
    values: dict[Key, Any] = {key: said[key].value if key in said else standing[key].value for key in _EDGES}
    return list(said.values()) if values[YELLOW] > values[RED] else []


def _crossing(said: Said, path: str) -> Finding:
    problem = "yellow would begin above red; neither is followed"
    remedy = "Set both thresholds, yellow at most as high as red."
    return Finding(path, said.line, said.written, problem, remedy, "warning", "thresholds-cross")


# -- from keys to typed values -----------------------------------------------------------------------------


def _config(standing: Mapping[Key, Entry], words: TierWords, findings: tuple[Finding, ...]) -> Config:
    value = {key: entry.value for key, entry in standing.items()}
    blocks = _by_name(standing, "overrides")
    tiers, dynamic = _by_name(standing, "tiers"), dynamic_of(value)
    named = {tier: models for tier, said in tiers.items() if (models := _models(said))}
    return Config(
        settings=_settings(standing, words.ladder, fallback_tiers(dynamic, words)),
        mode=value["mode",],
        force=value["force_model",],
        skill_overrides={key[1]: said for key, said in value.items() if key[0] == "skill_overrides"},
        overrides={skill: _routing(block) for skill, block in blocks.items()},
        reasons={skill: block["reason"] for skill, block in blocks.items() if "reason" in block},
        tier_models=with_tier_models(named, value, words),
        cost_ratios={tier: said["cost_ratio"] for tier, said in tiers.items() if "cost_ratio" in said},
        budgets=tuple(
            _budget(key[1], entry.value) for key, entry in standing.items() if key[0] == "weekly_budget"
        ),
        entries=_in_order(standing),
        findings=findings,
        notify=notify_of(value),
        dynamic=dynamic,
        steering=value["steering",],
    )


def _in_order(standing: Mapping[Key, Entry]) -> tuple[Entry, ...]:
    """The entries by section; in a section by name, as they first came."""
    sections = {name: at for at, name in enumerate(SECTIONS)}
    names = {name: at for at, name in enumerate(dict.fromkeys(key[:2] for key in standing))}
    return tuple(
        standing[key] for key in sorted(standing, key=lambda key: (sections[key[0]], names[key[:2]]))
    )


def _settings(
    standing: Mapping[Key, Entry], ladder: Ladder, phase_fallbacks: Mapping[str, tuple[Tier, ...]]
) -> Settings:
    value = {key: entry.value for key, entry in standing.items()}
    roles = {role: standing["defaults", str(role)] for role in Role}
    return Settings(
        ladder=ladder,
        platform_default=value["defaults", "platform"],
        user_defaults={role: said.value for role, said in roles.items() if said.source != "built-in"},
        conservation=value[CONSERVATION_MODE],
        thresholds=Thresholds(value[YELLOW], value[RED]),
        zone_by=value["zone_by",],
        on_red_high=value["on_red_high",],
        switch_cost=value["switch_cost",],
        fallbacks=value["fallbacks",],
        phase_fallbacks=phase_fallbacks,
    )


def _by_name(standing: Mapping[Key, Entry], section: str) -> dict[str, dict[str, Any]]:
    """The values of a section whose keys are (section, name, field)."""
    found: dict[str, dict[str, Any]] = {}
    for key, entry in standing.items():
        if key[0] == section:
            found.setdefault(key[1], {})[key[2]] = entry.value
    return found


def _routing(block: Mapping[str, Any]) -> Routing:
    return Routing(**{name: value for name, value in block.items() if name != "reason"})


def _models(said: Mapping[str, Any]) -> dict[str, str]:
    return {platform: model for platform, model in said.items() if platform not in TIER_FIELDS}


def _budget(key: str, limit: float | None) -> BudgetSpec:
    """A soft weekly budget: of everything, or of one tier's messages or tokens."""
    total = TOTALS.get(key)
    if total is not None:
        return BudgetSpec(f"weekly {key.removeprefix('total_')}", EVERYTHING, "weekly", total, limit)
    tier, _, unit = key.rpartition("_")
    assert unit in TIER_UNITS, "the schema knows no other unit"
    counted: Literal["messages", "tokens"] = "messages" if unit == "messages" else "tokens"
    return BudgetSpec(f"weekly {tier} {unit}", Scope("tier", tier), "weekly", counted, limit)
