"""Keys: every key that a person may write, what it means, and what kind of value it takes.

    KEYS      model-routing.yaml, session-config.yaml      "defaults.specialist", "tiers.<tier>.<platform>"
    BLOCK     the routing block of a skill                 "preferred", "conditions"
    BUDGET    one budget of budgets.yaml                   "limit", "window"

The readers take their words from here, and so do `config explain`, the JSON Schemas and the reference: what
is said about a key is said once. `<tier>`, `<platform>`, `<skill>` and `<phase>` stand for any.

Source: rules.md sections 1, 2, 4, 5 and 7; seed A§1.1, A§1.2, A§3.1, A§3.2, A§7.1, A§7.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from tierwise.core.questions import Conservation, OnRedHigh, SwitchCost
from tierwise.core.skills import EFFORTS, Demand, Role
from tierwise.core.tiers import Ladder
from tierwise.core.windows import Dimension
from tierwise.core.zones import ZoneBy

Kind = Literal[
    "tier", "tiers", "word", "share", "ratio", "amount", "boolean", "text", "model", "models", "url",
    "ranges", "range", "conditions", "match", "limit", "scope", "day",
]  # fmt: skip
"""What a value is. `tiers`, `models`, `conditions` and `match` are lists, `ranges` is a mapping."""

_LONG: Final = frozenset({"<skill>", "<phase>"})
"""Names that may have dots in them."""
MODES: Final = ("off", "observe", "enforce")
"""What is done with decisions: nothing, logged only, applied; weakest first."""

Steering = Literal["auto", "off"]
"""Whether a client may be led to its own fallbacks."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What a key means, its kind of value, and `words`, if it takes only these.

    `default` is what holds where nobody says anything, if that is not among the built-in values.
    """

    meaning: str
    kind: Kind
    words: tuple[str, ...] = ()
    default: str = ""


_CONSERVATION: Final = KeyInfo(
    "What a filling budget does: off = nothing, auto = it lowers tiers by its zone; aggressive = always the"
    " lowest tier that works",
    "word",
    get_args(Conservation),
)
_YELLOW: Final = KeyInfo("The share of a budget at which the yellow zone begins", "share")
_RED: Final = KeyInfo("The share of a budget at which the red zone begins", "share")
_ROLES: Final[dict[Role, str]] = {
    Role.COORDINATOR: "of coordinators, which only route",
    Role.SPECIALIST: "of a skill whose block names none; said in your own file, also of one without a block",
    Role.REFERENCE_LOADING: "of reading reference files",
    Role.AUXILIARY: "of titles, summaries and the like, in prompts of their own",
    Role.HOOK: "of hooks",
}

BLOCK: Final[dict[str, KeyInfo]] = {
    "preferred": KeyInfo("The tier that the skill wants", "tier", default="the tier of its role"),
    "acceptable": KeyInfo("The tiers that work without loss of quality", "tiers", default="only `preferred`"),
    "minimum": KeyInfo("The lowest tier that works", "tier", default="the lowest of `acceptable`"),
    "allow_upgrade": KeyInfo(
        "Whether anything but a pin may lift the skill above `preferred`", "boolean", default="true"
    ),
    "allow_downgrade": KeyInfo(
        "Whether a filling budget may put the skill below `preferred`", "boolean", default="true"
    ),
    "reasoning_demand": KeyInfo(
        "How much reasoning the work needs; high is held as a budget fills", "word", tuple(Demand), "variable"
    ),
    "estimated_tokens": KeyInfo("What a typical run needs, for estimates before it starts", "ranges"),
    "conditions": KeyInfo("Cases that lower the tier, or hold it", "conditions"),
    "effort": KeyInfo("The reasoning effort that the skill asks for", "word", EFFORTS),
    "effort_first": KeyInfo("Whether effort is lowered before the tier", "boolean", default="false"),
    "role": KeyInfo(
        "What kind of work the skill is",
        "word",
        tuple(Role),
        "specialist; a skill with a routing table: coordinator",
    ),
}
"""Every key of a routing block; each is the name of a field of `Routing`."""

CONDITION: Final[dict[str, KeyInfo]] = {
    "when": KeyInfo("When the condition holds, in words; never executed", "text"),
    "downgrade_to": KeyInfo("The tier to go down to while it holds", "tier"),
    "hold_at": KeyInfo("The tier that no `downgrade_to` leads below while it holds", "tier"),
    "match": KeyInfo("Words of the request or globs of touched files that make it hold", "match"),
}
"""Every key of one condition."""

ESTIMATES: Final[dict[str, KeyInfo]] = {
    "input": KeyInfo("Tokens of context sent to the model", "range"),
    "output": KeyInfo("Tokens of the answer", "range"),
    "tool_calls": KeyInfo("Calls of tools", "range"),
    "total_estimate": KeyInfo("Tokens of a typical run from end to end", "range"),
}
"""Every key of `estimated_tokens`."""

BUDGET: Final[dict[str, KeyInfo]] = {
    "name": KeyInfo("The budget's name, in a list of budgets", "text"),
    "limit": KeyInfo(
        "How much: 5usd, 200ktokens, 45messages, 80% of a quota, or none: only tracked", "limit"
    ),
    "window": KeyInfo("Over which time; weekly is the last 7 days, rolling", "word", get_args(Dimension)),
    "scope": KeyInfo(
        "What counts: all, or a tier, model, skill, project, key, session or run", "scope", default="all"
    ),
    "hard": KeyInfo("Whether calls that would go above it are refused", "boolean", default="false"),
    "quota": KeyInfo("The platform's quota that a limit in percent is a share of", "text"),
    "zone": KeyInfo("The time zone in which its days begin", "text", default="UTC"),
    "billing_day": KeyInfo("The day on which a month begins", "day", default="1"),
    "yellow": KeyInfo("The share at which its yellow zone begins", "share", default="0.7"),
    "red": KeyInfo("The share at which its red zone begins", "share", default="0.9"),
    "zone_by": KeyInfo(
        "What moves its zone: what is spent, the pace, or the stricter of both", "word", get_args(ZoneBy)
    ),
}
"""Every key of one budget."""

KEYS: Final[dict[str, KeyInfo]] = {
    "mode": KeyInfo(
        "What is done with decisions: off = nothing, observe = logged only, enforce = applied", "word", MODES
    ),
    "force_model": KeyInfo("One tier for every skill, or null", "tier"),
    "conservation_mode": _CONSERVATION,
    "zone_by": KeyInfo(
        "What moves a zone: what is spent, the pace, or the stricter of both", "word", get_args(ZoneBy)
    ),
    "on_red_high": KeyInfo(
        "Work of high demand in the red zone, until you have answered", "word", get_args(OnRedHigh)
    ),
    "switch_cost": KeyInfo(
        "Which lowerings are undone if the warm prompt cache makes them dearer", "word", get_args(SwitchCost)
    ),
    "steering": KeyInfo(
        "Whether a client that falls back by itself is led to the decided tier, where its request cannot be"
        " given to that tier's model as it is: auto = yes, off = it is served as asked",
        "word",
        get_args(Steering),
    ),
    "fallbacks": KeyInfo(
        "Tiers to turn to, in order, if the decided one cannot be had", "tiers", default="none"
    ),
    "yellow_zone_threshold": _YELLOW,
    "red_zone_threshold": _RED,
    "budget_zones.yellow_threshold": _YELLOW,
    "budget_zones.red_threshold": _RED,
    "weekly_budget.total_spend": KeyInfo("Dollars of the last 7 days; null: only tracked", "amount"),
    "weekly_budget.total_tokens": KeyInfo("Weighted tokens of the last 7 days; null: only tracked", "amount"),
    "weekly_budget.total_messages": KeyInfo("Messages of the last 7 days; null: only tracked", "amount"),
    "weekly_budget.<tier>_messages": KeyInfo(
        "Messages at one tier in the last 7 days; null: only tracked", "amount"
    ),
    "weekly_budget.<tier>_tokens": KeyInfo(
        "Weighted tokens at one tier in the last 7 days; null: only tracked", "amount"
    ),
    "notify.webhook": KeyInfo("The URL to which notices are posted as JSON", "url", default="none"),
    "notify.desktop": KeyInfo("Whether notices show on the desktop", "boolean", default="false"),
    **{f"defaults.{role}": KeyInfo(f"The tier {whose}", "tier") for role, whose in _ROLES.items()},
    "defaults.platform": KeyInfo("The tier where neither the client nor a skill names one", "tier"),
    "defaults.conservation_mode": _CONSERVATION,
    "tiers.<tier>.description": KeyInfo("What the tier is for, for people", "text"),
    "tiers.<tier>.cost_ratio": KeyInfo(
        "How many times as dear as the cheapest tier; used where a price is unknown", "ratio"
    ),
    "tiers.<tier>.premium": KeyInfo(
        "Whether the tier is only used if a person or a skill names it", "boolean"
    ),
    "tiers.<tier>.<platform>": KeyInfo(
        "The model of this tier on this platform", "model", default="the newest of the catalog"
    ),
    "dynamic_routing.enabled": KeyInfo(
        "Whether work without a skill is lowered by how hard it is", "boolean", default="false"
    ),
    "dynamic_routing.tier_models.<tier>": KeyInfo(
        "The model of this tier, on every platform that has it and for which `tiers` names none",
        "model",
    ),
    "dynamic_routing.escalate_on_failure": KeyInfo(
        "Whether a failed unit is tried once more, one tier up", "boolean", default="true"
    ),
    "dynamic_routing.budget_pressure": KeyInfo(
        "Whether a filling budget lowers work without a skill earlier", "boolean", default="true"
    ),
    "dynamic_routing.cross_provider": KeyInfo(
        "Whether other providers' models of the tier are considered", "boolean", default="true"
    ),
    "dynamic_routing.hooks": KeyInfo("Whether hooks are routed as well", "boolean", default="true"),
    "dynamic_model_routing": KeyInfo("The old name of dynamic_routing.enabled", "boolean", default="false"),
    "models.<phase>.model": KeyInfo("The model of a phase of work", "model"),
    "models.<phase>.fallbacks": KeyInfo(
        "Models to turn to, in order, if the tier of the phase's model cannot be had", "models"
    ),
    **{f"overrides.<skill>.{key}": info for key, info in BLOCK.items()},
    "overrides.<skill>.reason": KeyInfo("Why the skill's own block is overruled, for people", "text"),
    "skill_overrides.<skill>": KeyInfo("The tier that you wish for this skill", "tier"),
}
"""Every key of a routing configuration, in the order in which they are shown."""

SKILL_KEYS: Final = {f"skills.<skill>.{key}": info for key, info in BLOCK.items()}
"""What `config explain` and `config show` call the keys of a skill's own block."""


SAME: Final[dict[str, str]] = {
    "yellow_zone_threshold": "budget_zones.yellow_threshold",
    "red_zone_threshold": "budget_zones.red_threshold",
    "defaults.conservation_mode": "conservation_mode",
    "dynamic_model_routing": "dynamic_routing.enabled",
}
"""Keys with two spellings → the one under which they stand."""


def known_key(key: str) -> str | None:
    """The name under which `KEYS` or `SKILL_KEYS` has the key; None if neither has it."""
    if key in KEYS:
        return key
    return next((name for name in (*KEYS, *SKILL_KEYS) if _parts(name, key) is not None), None)


def info_of(key: str) -> KeyInfo | None:
    """What is known of a key that is written out; None if there is no such key."""
    name = known_key(key)
    return None if name is None else (KEYS | SKILL_KEYS)[name]


def parts_of(key: str) -> tuple[str, ...] | None:
    """The parts of a dotted key, one for each part of the name that it is known by; None if it is unknown.

    A skill's name may have dots: whatever stands between the parts that are fixed is one part.
    """
    name = known_key(key)
    return None if name is None else _parts(name, key)


def _parts(name: str, key: str) -> tuple[str, ...] | None:
    """The parts of `key`, if it is a case of `name`."""
    pattern, parts = name.split("."), key.split(".")
    more = len(parts) - len(pattern)
    found: list[str] = []
    for part in pattern if more >= 0 else ():
        taken = 1 + more if part in _LONG else 1
        found.append(".".join(parts[:taken]))
        parts = parts[taken:]
    fitting = not parts and all(_fits(part, one) for part, one in zip(pattern, found, strict=True))
    return tuple(found) if fitting and more >= 0 else None


def _fits(part: str, text: str) -> bool:
    """Whether the text is a case of one part: `<platform>` takes any, `<tier>_tokens` what ends so."""
    if not part.startswith("<"):
        return part == text
    ending = part.partition(">")[2]
    return text.endswith(ending) and len(text) > len(ending)


def standing_key(key: str, ladder: Ladder) -> str:
    """The name under which the key stands once all is merged: one spelling, tiers by their own names."""
    name, parts = known_key(key), parts_of(key)
    if name is None or parts is None:
        return key
    named = [_own_name(part, text, ladder) for part, text in zip(name.split("."), parts, strict=True)]
    return SAME.get(key, ".".join(named))


def _own_name(part: str, text: str, ladder: Ladder) -> str:
    if not part.startswith("<tier>"):
        return text
    ending = part.removeprefix("<tier>")
    tier = ladder.get(text.removesuffix(ending))
    return text if tier is None else f"{tier.name}{ending}"


def taken_by(info: KeyInfo, ladder: Ladder) -> str:
    """What the key takes, in words, without a full stop."""
    if info.kind == "word":
        return f"one of {', '.join(info.words)}"
    return _TAKEN[info.kind].format(tiers=", ".join(ladder.words()))


_TAKEN: Final[dict[Kind, str]] = {
    "tier": "a tier ({tiers}), or the id of a model",
    "tiers": "a list of tiers, such as [sonnet, haiku]",
    "share": "a share above 0 and at most 1, such as 0.70",
    "ratio": "a number above 0",
    "amount": "a number that is not negative, or null",
    "boolean": "true or false",
    "text": "text",
    "model": "the id of a model",
    "models": "a list of ids of models",
    "url": "an http or https URL without a fragment",
    "ranges": "ranges under input, output, tool_calls, total_estimate; or one range for the total",
    "range": "a range low-high, such as 2000-5000",
    "conditions": "a list; each has `when` and one of `downgrade_to` and `hold_at`",
    "match": "words or globs of files, one or a list",
    "limit": "5usd, 200ktokens, 45messages, 80% or none",
    "scope": "all, or KIND=NAME; without a name each one counts by itself",
    "day": "a day from 1 to 31",
}
