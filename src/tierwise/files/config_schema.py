"""The schema of a routing configuration: one file's mapping as a list of statements, and its mistakes.

    defaults: {specialist: sonnet}      ──►  Said(("defaults", "specialist"), sonnet, line 3)
    yellow_zone_threshold: 0.6          ──►  Said(("budget_zones", "yellow_threshold"), 0.6, line 5)

All sources have the same keys, so each is read by the same tables; keys with two spellings (A§3.1, A§7.5)
become one. A value that cannot be read costs itself and a finding. Who may say what is judged elsewhere.

Source: seed A§1.2, A§3.1, A§3.2, A§7.5; rules.md section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from tierwise.core.questions import Settings
from tierwise.core.skills import Role
from tierwise.core.tiers import Ladder
from tierwise.files.config_keys import KEYS, KeyInfo, Kind
from tierwise.files.config_values import AMOUNT, RATIO, SHARE, Key, Read, Reader, Said
from tierwise.files.dynamic_block import (
    DYNAMIC,
    LEGACY,
    PHASES,
    PLATFORMS,
    known_model,
    read_dynamic,
    read_legacy,
    read_phases,
    without_doubles,
)
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.nodes import Entry, Node, quoted
from tierwise.files.notify_block import NOTIFY, SECTION
from tierwise.files.routing_block import read_block
from tierwise.files.tier_words import TierWords

YELLOW: Final[Key] = ("budget_zones", "yellow_threshold")
RED: Final[Key] = ("budget_zones", "red_threshold")
CONSERVATION_MODE: Final[Key] = ("conservation_mode",)
TIER_FIELDS: Final = ("description", "cost_ratio", "premium")
"""What a tier says beside its models."""
TOTALS: Final[dict[str, Literal["usd", "tokens", "messages"]]] = {
    "total_spend": "usd",
    "total_tokens": "tokens",
    "total_messages": "messages",
}
TIER_UNITS: Final = ("messages", "tokens")


def read_statements(root: Node, path: str, words: TierWords) -> tuple[list[Said], list[Finding]]:
    """What the mapping says, in the order of the file, and what is wrong with it. Never raises."""
    reader = Reader(path, words)
    if root.value is not None and not isinstance(root.value, Mapping):
        problem, remedy = f"the file holds {root.kind}, not a mapping", "Write `key: value` lines."
        return [], [Finding(path, root.line, "", problem, remedy, "error", "not-a-mapping")]
    reader.section("", root, SECTIONS)
    return without_doubles(reader.said), reader.findings


# -- the tables: key → how it is read ----------------------------------------------------------------------


def _share(reader: Reader, written: str, node: Node, _: KeyInfo) -> float | None:
    share = reader.number(written, node, SHARE)
    return None if share is None else float(share)


VALUES: Final[dict[Kind, Callable[[Reader, str, Node, KeyInfo], object]]] = {
    "tier": lambda reader, written, node, _: reader.tier(written, node),
    "tiers": lambda reader, written, node, _: reader.tiers(written, node),
    "word": lambda reader, written, node, info: reader.word(written, node, info.words),
    "share": _share,
}
"""Kind of a value → how it is read, for keys that need no more than that."""


def _leaf(name: str, key: Key | None = None) -> Read:
    """Reads the key of that name as `KEYS` says; null is silence. `key` is what it is called, if not so."""
    info = KEYS[name]
    read_value = VALUES[info.kind]

    def read(reader: Reader, written: str, entry: Entry) -> None:
        if entry.node.value is None:
            return
        value = read_value(reader, written, entry.node, info)
        if value is not None:
            reader.put(key or tuple(name.split(".")), value, entry, written)

    return read


def _force(reader: Reader, written: str, entry: Entry) -> None:
    """A tier, or null, which says in so many words that no tier is forced."""
    tier = reader.tier(written, entry.node) if entry.node.value is not None else None
    if tier is not None or entry.node.value is None:
        reader.put((written,), tier, entry, written)


def _nested(known: Mapping[str, Read]) -> Read:
    return lambda reader, written, entry: reader.section(f"{written}.", entry.node, known)


def _tiers(reader: Reader, written: str, entry: Entry) -> None:
    for name, rung in reader.entries(f"{written}.", entry.node).items():
        tier, key = reader.words.ladder.get(name), f"{written}.{name}"
        if tier is not None:
            for field_name, value in reader.entries(f"{key}.", rung.node).items():
                _tier_field(reader, f"{key}.{field_name}", ("tiers", tier.name, field_name), value)
        else:
            remedy = f"{reader.words.remedy(name)} A ladder is named in the user's own file."
            reader.warn("unknown-tier", rung.line, key, f"{quoted(name)} is no rung of the ladder", remedy)


def _tier_field(reader: Reader, written: str, key: Key, entry: Entry) -> None:
    """A tier's description, ratio or premium mark; any other key is a platform with its model."""
    if entry.node.value is None:
        return
    value: object
    match key[-1]:
        case "description":
            value = reader.text(written, entry.node)
        case "cost_ratio":
            value = reader.number(written, entry.node, RATIO)
        case "premium":
            value = reader.boolean(written, entry.node)
        case platform:
            value = _platform_model(reader, written, platform, entry)
    if value is not None:
        reader.put(key, value, entry, written)


def _platform_model(reader: Reader, written: str, platform: str, entry: Entry) -> str | None:
    known = (*PLATFORMS, *TIER_FIELDS)
    if platform not in known and did_you_mean(platform, known) is not None:
        reader.unknown(written, entry.line, platform, known)
        return None
    return known_model(reader, written, entry, targeted=False)


def _overrides(reader: Reader, written: str, entry: Entry) -> None:
    """A skill's block under its name; a plain word is its `preferred`."""
    for skill, block in reader.entries(f"{written}.", entry.node).items():
        node, prefix = block.node, f"{written}.{skill}."
        if isinstance(node.value, str):
            node = Node({"preferred": Entry(block.line, node)}, block.line)
        read = read_block(node, reader.path, reader.words, prefix)
        reader.findings += read.findings
        for name, value in read.values.items():
            reader.said.append(Said(("overrides", skill, name), value, read.lines[name], prefix + name))
        reason = node.entries.get("reason")
        if reason and reason.node.value is not None and (text := reader.text(f"{prefix}reason", reason.node)):
            reader.put(("overrides", skill, "reason"), text, reason, f"{prefix}reason")


def _skill_overrides(reader: Reader, written: str, entry: Entry) -> None:
    for skill, said in reader.entries(f"{written}.", entry.node).items():
        if said.node.value is not None and (tier := reader.tier(f"{written}.{skill}", said.node)):
            reader.put(("skill_overrides", skill), tier, said, f"{written}.{skill}")


def _weekly_budget(reader: Reader, written: str, entry: Entry) -> None:
    for name, limit in reader.entries(f"{written}.", entry.node).items():
        key, full = _budget_key(name, reader.words), f"{written}.{name}"
        if key is None:
            known = [f"{rung.name}_{unit}" for rung in reader.words.ladder.rungs for unit in TIER_UNITS]
            reader.unknown(full, limit.line, name, [*TOTALS, *known])
        elif limit.node.value is None:
            reader.put(("weekly_budget", key), None, limit, full)
        elif (amount := reader.number(full, limit.node, AMOUNT)) is not None:
            reader.put(("weekly_budget", key), amount, limit, full)


def _budget_key(name: str, words: TierWords) -> str | None:
    """The budget's name with the tier's own name in it (`heavy_tokens` → `opus_tokens`); None if unknown."""
    if name in TOTALS:
        return name
    tier_name, _, unit = name.rpartition("_")
    tier = words.ladder.get(tier_name)
    return f"{tier.name}_{unit}" if tier is not None and unit in TIER_UNITS else None


DEFAULTS: Final[dict[str, Read]] = {
    **{str(role): _leaf(f"defaults.{role}") for role in Role},
    "platform": _leaf("defaults.platform"),
    "conservation_mode": _leaf("defaults.conservation_mode", CONSERVATION_MODE),
}
SECTIONS: Final[dict[str, Read]] = {
    "mode": _leaf("mode"),
    "force_model": _force,
    "conservation_mode": _leaf("conservation_mode"),
    "zone_by": _leaf("zone_by"),
    "on_red_high": _leaf("on_red_high"),
    "switch_cost": _leaf("switch_cost"),
    "steering": _leaf("steering"),
    "fallbacks": _leaf("fallbacks"),
    "yellow_zone_threshold": _leaf("yellow_zone_threshold", YELLOW),
    "red_zone_threshold": _leaf("red_zone_threshold", RED),
    "budget_zones": _nested({key[1]: _leaf(".".join(key)) for key in (YELLOW, RED)}),
    "weekly_budget": _weekly_budget,
    SECTION: _nested(NOTIFY),
    "defaults": _nested(DEFAULTS),
    "tiers": _tiers,
    DYNAMIC: read_dynamic,
    LEGACY: read_legacy,
    PHASES: read_phases,
    "overrides": _overrides,
    "skill_overrides": _skill_overrides,
}
"""Every key at the top of a file, in the order in which they are shown."""


def built_in_values(ladder: Ladder) -> dict[Key, object]:
    """What every key is that always has a value, where nobody says anything."""
    settings = Settings()
    return {
        ("mode",): "enforce",
        ("force_model",): None,
        CONSERVATION_MODE: settings.conservation,
        ("zone_by",): settings.zone_by,
        ("on_red_high",): settings.on_red_high,
        ("switch_cost",): settings.switch_cost,
        ("steering",): "auto",
        ("fallbacks",): settings.fallbacks,
        YELLOW: settings.thresholds.yellow,
        RED: settings.thresholds.red,
        ("defaults", "platform"): ladder.heavy,
        **{
            ("defaults", str(role)): ladder.standard if role is Role.SPECIALIST else ladder.light
            for role in Role
        },
    }
