"""Dynamic routing as it is configured: `dynamic_routing:` and the models of phases.

    dynamic_routing:
      enabled: true
      tier_models: {light: claude-haiku-4-5}          acts: the model of a rung, wherever that model is
      escalate_on_failure: true
    models:
      planning: {model: claude-opus-4-6, fallbacks: [claude-sonnet-4-6]}     `fallbacks` act: opus → sonnet
    dynamic_model_routing: true                       the old name of `dynamic_routing.enabled`

What needs a classifier of work (`enabled`, the switches, a phase's model as a pin) is read, shown and kept
for it, and changes nothing as long as there is none: that is said once, as a warning.

Source: rules.md sections 5 and 7; seed B, "Updated Preference Configuration".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tierwise.core.models import ANYWHERE
from tierwise.core.tiers import Tier
from tierwise.files.config_values import Key, Reader, Said
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.nodes import Entry, Node, quoted
from tierwise.files.tier_words import TierWords, no_model

DYNAMIC: Final = "dynamic_routing"
LEGACY: Final = "dynamic_model_routing"
PHASES: Final = "models"
TIER_MODELS: Final = "tier_models"
ENABLED: Final[Key] = (DYNAMIC, "enabled")
SWITCHES: Final = ("enabled", "escalate_on_failure", "budget_pressure", "cross_provider", "hooks")
PHASE_KEYS: Final = ("model", "fallbacks")
KNOWN_PHASES: Final = (
    "research", "planning", "discuss", "execution", "execution_simple", "completion", "validation",
    "subagent", "uat",
)  # fmt: skip
"""Phases by name, for suggestions; any other name is taken as well."""
PLATFORMS: Final = ("claude_code", "anthropic", "codex", "openai", "openrouter", "bedrock", "vertex")
"""Platforms by name, for suggestions; any other name is taken as well."""
MAX_FALLBACKS: Final = 20


@dataclass(frozen=True, slots=True)
class Phase:
    """The model of a phase of work, and the models to turn to, as they were written."""

    model: str | None = None
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DynamicSpec:
    """Dynamic routing as it was configured; `phases` by their names."""

    enabled: bool = False
    escalate_on_failure: bool = True
    budget_pressure: bool = True
    cross_provider: bool = True
    hooks: bool = True
    phases: Mapping[str, Phase] = field(default_factory=dict)


NOT_DYNAMIC: Final = DynamicSpec()


# -- reading -----------------------------------------------------------------------------------------------


def read_dynamic(reader: Reader, written: str, entry: Entry) -> None:
    """The block: switches, and the model of each rung."""
    for name, value in reader.entries(f"{written}.", entry.node).items():
        key = f"{written}.{name}"
        if name == TIER_MODELS:
            _read_tier_models(reader, key, value)
        elif name not in SWITCHES:
            reader.unknown(key, value.line, name, (*SWITCHES, TIER_MODELS))
        elif value.node.value is not None and (said := reader.boolean(key, value.node)) is not None:
            reader.put((DYNAMIC, name), said, value, key)


def read_legacy(reader: Reader, written: str, entry: Entry) -> None:
    """The old name of `dynamic_routing.enabled`: read, and told."""
    if entry.node.value is None or (said := reader.boolean(written, entry.node)) is None:
        return
    problem, remedy = "an old name; it is read", f"Write `{DYNAMIC}: {{enabled: {str(said).lower()}}}`."
    reader.warn("old-name", entry.line, written, problem, remedy)
    reader.put(ENABLED, said, entry, written)


def _read_tier_models(reader: Reader, written: str, entry: Entry) -> None:
    for name, value in reader.entries(f"{written}.", entry.node).items():
        tier, key = reader.words.ladder.get(name), f"{written}.{name}"
        if tier is None:
            problem = f"{quoted(name)} is no rung of the ladder"
            reader.warn("unknown-tier", value.line, key, problem, reader.words.remedy(name))
        elif value.node.value is not None and (model := known_model(reader, key, value)) is not None:
            reader.put((DYNAMIC, TIER_MODELS, tier.name), model, value, key)


def known_model(reader: Reader, written: str, entry: Entry, *, targeted: bool = True) -> str | None:
    """A model's id, kept and told if nobody knows the model; None if it cannot be one.

    If `targeted`, it may begin with its platform, as in `bedrock/…`.
    """
    model, words = reader.model_id(written, entry.node), reader.words
    if model is None or words.tier_of_model is no_model:
        return model
    if (_tier_name(model, words) if targeted else words.tier_of_model(model)) is None:
        problem = f"{quoted(model)} is a model that the catalog does not know"
        remedy = "`tierwise models` lists the known ones; until then the best known one of the tier serves."
        reader.warn("unknown-model", entry.line, written, problem, remedy)
    return model


def read_phases(reader: Reader, written: str, entry: Entry) -> None:
    """Phase → a model's id, or a mapping with `model` and `fallbacks`."""
    for name, value in reader.entries(f"{written}.", entry.node).items():
        key, close = f"{written}.{name}", did_you_mean(name, KNOWN_PHASES)
        if name not in KNOWN_PHASES and close is not None:
            reader.unknown(key, value.line, name, KNOWN_PHASES)
            continue
        node = value.node
        if isinstance(node.value, str):
            node = Node({"model": value}, value.line)
        _read_phase(reader, key, name, node)


def _read_phase(reader: Reader, written: str, phase: str, node: Node) -> None:
    for name, value in reader.entries(f"{written}.", node).items():
        key = f"{written}.{name}"
        if name not in PHASE_KEYS:
            reader.unknown(key, value.line, name, PHASE_KEYS)
        elif value.node.value is None:
            continue
        elif name == "fallbacks":
            if (models := _fallbacks(reader, key, value.node)) is not None:
                reader.put((PHASES, phase, name), models, value, key)
        elif (model := reader.model_id(key, value.node)) is not None:
            reader.put((PHASES, phase, name), model, value, key)


def _fallbacks(reader: Reader, written: str, node: Node) -> tuple[str, ...] | None:
    """The ids of a list; an entry may be a mapping with `model`."""
    if not isinstance(node.value, tuple):
        problem = f"{node.shown} where a list was meant"
        reader.warn("not-a-list", node, written, problem, "Write [claude-sonnet-4-6].")
        return None
    if len(node.items) > MAX_FALLBACKS:
        problem = f"more than {MAX_FALLBACKS} fallbacks; the rest is not read"
        reader.warn("out-of-range", node, written, problem, "Keep the first ones.")
    entries = (item.entries.get("model", Entry(item.line, item)) for item in node.items[:MAX_FALLBACKS])
    read = (known_model(reader, f"{written}[{at}]", entry) for at, entry in enumerate(entries))
    return tuple(model for model in read if model is not None)


def without_doubles(said: list[Said]) -> list[Said]:
    """The statements without the old name's, where the same file uses the new one."""
    if any(one.written == ".".join(ENABLED) for one in said):
        return [one for one in said if one.written != LEGACY]
    return said


# -- what it means -----------------------------------------------------------------------------------------


def dynamic_of(value: Mapping[Key, Any]) -> DynamicSpec:
    """The block and the phases as they stand among the values of a configuration."""
    switches = {name: value[DYNAMIC, name] for name in SWITCHES if (DYNAMIC, name) in value}
    phases: dict[str, dict[str, Any]] = {}
    for key, said in value.items():
        if key[0] == PHASES:
            phases.setdefault(key[1], {})[key[2]] = said
    return DynamicSpec(**switches, phases={name: Phase(**said) for name, said in phases.items()})


def with_tier_models(
    named: Mapping[str, Mapping[str, str]], value: Mapping[Key, Any], words: TierWords
) -> dict[str, dict[str, str]]:
    """`named` (tier → platform → model) with `tier_models` where it is silent.

    A model is named for `ANYWHERE`, or for the one platform that stands before it, as in `bedrock/…`.
    """
    found = {tier: dict(models) for tier, models in named.items()}
    for key, model in value.items():
        if key[:2] == (DYNAMIC, TIER_MODELS):
            platform, id = _place_of(model, words)
            found.setdefault(key[2], {}).setdefault(platform, id)
    return found


def fallback_tiers(spec: DynamicSpec, words: TierWords) -> dict[str, tuple[Tier, ...]]:
    """Tier → the tiers to turn to if it cannot be had, as the phases say; unknown models are left out."""
    found: dict[str, dict[Tier, None]] = {}
    for phase in spec.phases.values():
        own = _tier(phase.model, words) if phase.model else None
        tiers = (_tier(model, words) for model in phase.fallbacks)
        if own is not None:
            found.setdefault(own.name, {}).update({tier: None for tier in tiers if tier not in (None, own)})
    return {name: tuple(tiers) for name, tiers in found.items() if tiers}


def waiting(standing: Iterable[tuple[Key, Any, str, int]]) -> list[Finding]:
    """The one warning about what is read and changes nothing yet; none if nothing of that is said.

    `standing` are key, value, path and line of what stands.
    """
    said = [one for one in standing if one[2] and _waits(one[0])]
    if any(key == ENABLED and value is False for key, value, *_ in said):
        said = [one for one in said if one[0][0] == PHASES]
    if not said:
        return []
    _, _, path, line = said[0]
    names = dict.fromkeys(PHASES if key[0] == PHASES else key[1] for key, *_ in said)
    problem = f"{', '.join(f'`{name}`' for name in names)}: read and shown, but nothing acts on it yet"
    remedy = (
        "Nothing has to be mended: `tier_models` and `fallbacks` act, the rest waits for dynamic routing."
    )
    return [Finding(path, line, said[0][0][0], problem, remedy, "warning", "not-yet")]


def _waits(key: Key) -> bool:
    return (key[0] == DYNAMIC and key[1] in SWITCHES) or (key[0] == PHASES and key[2] == "model")


def _tier(model: str, words: TierWords) -> Tier | None:
    name = _tier_name(model, words)
    return None if name is None else words.ladder.get(name)


def _tier_name(model: str, words: TierWords) -> str | None:
    return words.tier_of_model(model) or words.tier_of_model(_place_of(model, words)[1])


def _place_of(model: str, words: TierWords) -> tuple[str, str]:
    """The platform that a model is named for, and its id there."""
    platform, slash, id = model.partition("/")
    if slash and platform in PLATFORMS and words.tier_of_model(model) is None:
        return platform, id
    return ANYWHERE, model
