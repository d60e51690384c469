"""Schemas: what may be written, as JSON Schema 2020-12, so that an editor completes it and marks mistakes.

    routing    model-routing.yaml                 session    .claude/session-config.yaml
    skill      the frontmatter of a SKILL.md      sidecar    routing.yaml beside it
    budgets    budgets.yaml

Made from the tables that the readers use. A schema refuses nothing that is read without a finding; it cannot
say all that a reader finds: what keys mean together, which models exist, who may say what.

Source: rules.md sections 2, 4 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tierwise.core.budgets import SCOPE_KINDS
from tierwise.core.tiers import BUILT_IN, Ladder
from tierwise.files.budget_block import NEEDED
from tierwise.files.budget_limits import AMOUNT_PATTERN
from tierwise.files.config_keys import BLOCK, BUDGET, CONDITION, ESTIMATES, KEYS, KeyInfo, Kind
from tierwise.files.config_ladder import RUNG
from tierwise.files.config_schema import built_in_values
from tierwise.files.config_sources import SESSION_KEY
from tierwise.files.config_values import MAX_AMOUNT, MODEL_ID
from tierwise.files.dynamic_block import MAX_FALLBACKS
from tierwise.files.homes import METADATA_PREFIX, NATIVE_KEYS, SILENT_MODELS, TWIN_OF
from tierwise.files.notify_block import MAX_URL_CHARACTERS
from tierwise.files.patterns import any_case
from tierwise.files.routing_block import COMMENT_KEYS
from tierwise.files.token_ranges import RANGE_PATTERN

Json = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
NOTHING: Final[Json] = {"type": "null"}
MODEL: Final = rf"(?!\S*//){MODEL_ID}"
"""The id of a model, wherever only that may stand."""
NAMED_MODEL: Final = rf"(?=[\w.:/@\[\]]*[0-9-]){MODEL}"
"""The id of a model where a tier may stand as well: with a digit or a dash in it, unlike a misspelt tier."""
MOST_TOKENS: Final = 10**12 - 1


def schema_of(name: str, ladder: Ladder = BUILT_IN) -> Json:
    """The schema of that name in `SCHEMAS`, for files that are read against this ladder."""
    title, make = SCHEMAS[name]
    return {"$schema": DIALECT, "title": title, **make(ladder), "$defs": _definitions(ladder)}


# -- kinds of values ---------------------------------------------------------------------------------------


def _matching(pattern: str) -> Json:
    return {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$"}


def _words(words: Iterable[str]) -> Json:
    """One of these: in small letters for completion, in any case as it is read."""
    known = [str(word) for word in words]
    return {"anyOf": [{"enum": known}, _matching(any_case(known))]}


def _tier_words(ladder: Ladder) -> tuple[str, ...]:
    """Every word that is a tier on this ladder or on the built-in one."""
    return tuple(dict.fromkeys((*ladder.words(), *BUILT_IN.words())))


def _tier_pattern(ladder: Ladder) -> str:
    return f"{any_case(_tier_words(ladder))}|{NAMED_MODEL}"


def _definitions(ladder: Ladder) -> Json:
    tier = {"anyOf": [{"enum": list(_tier_words(ladder))}, _matching(_tier_pattern(ladder))]}
    condition = _object(CONDITION, others=dict.fromkeys(COMMENT_KEYS, True)) | {
        "type": "object",
        "required": ["when"],
        "oneOf": [
            {"required": [one], "properties": {one: {"not": NOTHING}, other: NOTHING}}
            for one, other in (("downgrade_to", "hold_at"), ("hold_at", "downgrade_to"))
        ],
    }
    condition["properties"]["when"] = {
        "description": CONDITION["when"].meaning,
        "type": "string",
        "pattern": r"\S",
    }
    return {"tier": tier, "condition": condition, "block": _block()}


_SAID: Final[dict[Kind, Json]] = {
    "tier": {"$ref": "#/$defs/tier"},
    "tiers": {"type": "array", "items": {"$ref": "#/$defs/tier"}},
    "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "ratio": {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_AMOUNT},
    "amount": {"type": "number", "minimum": 0, "maximum": MAX_AMOUNT},
    "boolean": {"type": "boolean"},
    "text": {"type": "string"},
    "model": _matching(MODEL),
    "models": {
        "type": "array",
        "maxItems": MAX_FALLBACKS,
        "items": {
            "anyOf": [
                _matching(MODEL),
                {"type": "object", "required": ["model"], "properties": {"model": _matching(MODEL)}},
            ]
        },
    },
    "url": _matching(r"""[Hh][Tt][Tt][Pp][Ss]?://[^\s#\\<>"]+""") | {"maxLength": MAX_URL_CHARACTERS},
    "range": {"anyOf": [_matching(RANGE_PATTERN), {"type": "integer", "minimum": 0, "maximum": MOST_TOKENS}]},
    "conditions": {"type": "array", "items": {"$ref": "#/$defs/condition"}},
    "match": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    "limit": _matching(AMOUNT_PATTERN),
    "day": {"type": "integer", "minimum": 1, "maximum": 31},
}
"""Kind of a value → its schema. `word`, `ranges` and `scope` are made where they are used."""


def _value(info: KeyInfo) -> Json:
    if info.kind == "word":
        return _words(info.words)
    if info.kind == "ranges":
        return {"anyOf": [_SAID["range"], _object(ESTIMATES, others=dict.fromkeys(COMMENT_KEYS, True))]}
    return _SAID[info.kind]


def _property(info: KeyInfo, value: Json | None = None) -> Json:
    """The schema of a key's value; null is silence."""
    return {"description": info.meaning, "anyOf": [value or _value(info), NOTHING]}


def _object(keys: Mapping[str, KeyInfo], others: Mapping[str, Any] | None = None) -> Json:
    """A mapping with these keys, with `others`, and with no more."""
    properties = {key: _property(info) for key, info in keys.items()} | dict(others or {})
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}


# -- a skill's block ---------------------------------------------------------------------------------------


_TRUTH: Final[Json] = {"anyOf": [{"type": "boolean"}, _matching(any_case(("true", "false")))]}


def _block() -> Json:
    block = _object(BLOCK, others=dict.fromkeys(COMMENT_KEYS, True))
    for key, info in BLOCK.items():
        if info.kind == "boolean":
            block["properties"][key] = _property(info, _TRUTH)
    return block


def _model_or_block() -> list[Json]:
    return [{"$ref": "#/$defs/tier"}, _matching(any_case(SILENT_MODELS)), {"$ref": "#/$defs/block"}]


def _sidecar(_: Ladder) -> Json:
    block = _block()
    block["properties"]["model"] = {
        "description": "The block, or its preferred tier",
        "anyOf": _model_or_block(),
    }
    return block


def _skill(ladder: Ladder) -> Json:
    ours = {
        "description": "How the skill is routed: its preferred tier, or its block",
        "anyOf": [*_model_or_block(), NOTHING],
    }
    elsewhere = [key for key in BLOCK if key not in NATIVE_KEYS]
    misplaced: Json = {
        key: {"description": f"Belongs below `model:`, as `model.{key}`", "not": {}} for key in elsewhere
    }
    hidden: Json = {"not": {"type": "object", "anyOf": [{"required": [key]} for key in elsewhere]}}
    return {
        "type": "object",
        "properties": {"model": ours, "metadata": _metadata(ladder), **misplaced},
        "additionalProperties": hidden,
    }


def _metadata(ladder: Ladder) -> Json:
    """The portable home: flat keys, everything text; other keys belong to others."""
    flat = _flat(ladder)
    nested = {"properties": flat, "additionalProperties": False}
    prefix = METADATA_PREFIX.replace(".", r"\.")
    known = "|".join(key.replace(".", r"\.") for key in flat)
    return {
        "properties": {f"{METADATA_PREFIX}{key}": value for key, value in flat.items()}
        | {METADATA_PREFIX.rstrip("."): nested},
        "patternProperties": {f"^{prefix}(?!(?:{known})$)": {"not": {}}},
    }


def _flat(ladder: Ladder) -> Json:
    tier = _tier_pattern(ladder)
    said: Json = {key: _property(info) for key, info in BLOCK.items()}
    for key, info in BLOCK.items():
        if info.kind == "boolean":
            said[key] = _property(info, _TRUTH)
        elif info.kind == "tiers":
            words = _matching(rf"(?:(?:{tier})(?:[\s,]+(?:{tier}))*)?[\s,]*")
            said[key] = _property(info, {"anyOf": [words, _SAID["tiers"]]})
    ranges = {f"estimated_tokens.{key}": _property(info) for key, info in ESTIMATES.items()}
    return said | ranges | dict.fromkeys((*COMMENT_KEYS, TWIN_OF), True)


# -- the configuration -------------------------------------------------------------------------------------


def _routing(ladder: Ladder) -> Json:
    """Every key of `KEYS`, as a tree of mappings."""
    root: Json = {"type": ["object", "null"], "properties": {}, "additionalProperties": False}
    defaults = {".".join(key): value for key, value in built_in_values(BUILT_IN).items()}
    for name, info in KEYS.items():
        node = root
        *above, last = name.split(".")
        for part in above:
            node = _below(node, part)
        leaf = _property(info)
        if isinstance(defaults.get(name), str | float | int):
            leaf["default"] = defaults[name]
        _put(node, last, leaf, ladder)
    properties = root["properties"]
    skills = properties["overrides"]
    skills["additionalProperties"] = {
        "anyOf": [{"$ref": "#/$defs/block"} | _reason(), {"$ref": "#/$defs/tier"}]
    }
    phases = properties["models"]
    phases["additionalProperties"] = {"anyOf": [_SAID["model"], phases["additionalProperties"]]}
    old = properties["dynamic_model_routing"]
    properties["dynamic_model_routing"] = {"description": old["description"], "deprecated": True, **NOTHING}
    return root


def _reason() -> Json:
    return {"properties": {"reason": _property(KEYS["overrides.<skill>.reason"])}}


def _below(node: Json, part: str) -> Json:
    """The mapping under this part of a name, made if it is not there."""
    empty: Json = {"type": ["object", "null"], "properties": {}, "additionalProperties": False}
    if part == "<tier>":
        found: Json = node.setdefault("patternProperties", {}).setdefault(f"^{RUNG}$", empty)
        return found
    if part.startswith("<"):
        if node["additionalProperties"] is False:
            node["additionalProperties"] = empty
        inner: Json = node["additionalProperties"]
        return inner
    known: Json = node["properties"].setdefault(part, empty)
    return known


def _put(node: Json, part: str, leaf: Json, ladder: Ladder) -> None:
    tier, _, ending = part.rpartition(">")
    if tier == "<tier":
        pattern = rf"^\s*(?:{any_case(_tier_words(ladder))})\s*{ending}$"
        node.setdefault("patternProperties", {})[pattern] = leaf
        node["properties"] |= {f"{word}{ending}": leaf for word in _tier_words(ladder)}
    elif part.startswith("<"):
        node["additionalProperties"] = leaf
    else:
        node["properties"][part] = leaf


def _session(ladder: Ladder) -> Json:
    return {"type": ["object", "null"], "properties": {SESSION_KEY: _routing(ladder)}}


# -- budgets -----------------------------------------------------------------------------------------------


BUDGET_NAME: Final = rf"^(?!(?:{any_case(('true', 'false', 'null'))})$)[^\W\d_][\w .:-]{{0,59}}$"


def _budgets(ladder: Ladder) -> Json:
    named = {
        "type": "object",
        "propertyNames": {"pattern": BUDGET_NAME},
        "additionalProperties": _budget(ladder),
    }
    listed = _budget(ladder)
    listed["required"] = ["name", *NEEDED]
    listed["properties"]["name"] = {
        "description": BUDGET["name"].meaning,
        "type": "string",
        "pattern": BUDGET_NAME,
    }
    return {"anyOf": [named, {"type": "array", "items": listed}, NOTHING]}


def _budget(ladder: Ladder) -> Json:
    budget = _object(
        {key: info for key, info in BUDGET.items() if info.kind != "scope"}, others={"name": True}
    )
    budget |= {"type": "object", "required": list(NEEDED)}
    budget["properties"]["scope"] = _property(BUDGET["scope"], _scope(ladder))
    budget["properties"]["window"] = {
        "description": BUDGET["window"].meaning,
        **_words(BUDGET["window"].words),
    }
    return budget


def _scope(ladder: Ladder) -> Json:
    others = any_case(kind for kind in SCOPE_KINDS if kind not in ("all", "tier"))
    tiers = rf"{any_case(('tier',))}(?:\s*=\s*(?:{_tier_pattern(ladder)})?)?"
    written = rf"{any_case(('all',))}\s*=?|{tiers}|(?:{others})(?:\s*=.*)?"
    pair = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "propertyNames": {"enum": list(SCOPE_KINDS)},
    }
    return {"anyOf": [_matching(written), pair]}


SCHEMAS: Final = {
    "routing": ("model-routing.yaml: how skills and calls are routed", _routing),
    "session": ("session-config.yaml: routing for one session, below model_routing", _session),
    "skill": ("The frontmatter of a SKILL.md, as far as it is about routing", _skill),
    "sidecar": ("routing.yaml beside a SKILL.md: the skill's routing block", _sidecar),
    "budgets": ("budgets.yaml: what may be spent", _budgets),
}
"""Name → title, and how the schema is made."""
