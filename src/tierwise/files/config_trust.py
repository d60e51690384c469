"""Trust: what a project's own files may not say, because anybody may have written them.

    user's file       everything; alone it says where notices go
    session's file    everything but a weaker mode, a ladder, a dearer model, a higher cap
    project's files   the same, and no higher threshold and no order in the user's name

Caps and thresholds may only be lowered, tiers may be named. A statement that goes further is one finding, and
is not followed. A session's file lies in the project too, but raising its thresholds is what it is for.

Source: rules.md section 5; seed A§3.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tierwise.files.config_keys import MODES, SAME
from tierwise.files.config_schema import RED, TIER_FIELDS, YELLOW
from tierwise.files.config_sources import UNTRUSTED, Source
from tierwise.files.config_values import Said
from tierwise.files.dynamic_block import DYNAMIC, TIER_MODELS
from tierwise.files.findings import Finding
from tierwise.files.notify_block import SECTION
from tierwise.files.tier_words import TierWords

_OWN_FILE: Final = "the user's own model-routing.yaml"
_REACHING_OUT: Final = re.compile(
    r"(?:^|[_-])(?:url|uri|endpoint|host|proxy|upstream|key|secret|token|password|credentials?|headers?"
    r"|command|cmd|exec|shell|script|hooks?|env|path|file|include|store|database)(?:$|[_-])",
    re.IGNORECASE,
)
"""Names of what would reach out of the project, were it read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a statement is not followed, and what to do instead."""

    rule: str
    problem: str
    remedy: str

    def finding(self, said: Said, path: str) -> Finding:
        """The warning that the statement gets."""
        return Finding(path, said.line, said.written, self.problem, self.remedy, "warning", self.rule)


class Case(NamedTuple):
    """What is judged: a statement, who makes it, and the value that stands so far (None if there is none)."""

    said: Said
    source: Source
    standing: object
    words: TierWords


def verdict_on(case: Case) -> Verdict | None:
    """Why the source may not say this; None if it may."""
    if case.source not in UNTRUSTED:
        return None
    return next((verdict for judge in _JUDGES if (verdict := judge(case)) is not None), None)


def reaching_out(finding: Finding, source: Source) -> Finding:
    """The finding about an unknown key, sharper if an untrusted source wants to reach out of the project."""
    name = finding.key.rpartition(".")[2]
    if source not in UNTRUSTED or finding.rule != "unknown-key" or not _REACHING_OUT.search(name):
        return finding
    problem = "a project may not name URLs, keys, headers, commands or files; it is not read"
    return replace(finding, problem=problem, remedy="Delete it.", rule="untrusted-key")


def _in_the_users_name(case: Case) -> Verdict | None:
    if case.source == "session" or case.said.key[0] not in ("force_model", "skill_overrides"):
        return None
    remedy = "Use `overrides:` here; the user's own file or the session's may say this."
    return Verdict("untrusted-key", "a project may not speak in the user's name; it is not followed", remedy)


def _own_notices(case: Case) -> Verdict | None:
    if case.said.key[0] != SECTION:
        return None
    problem = "a project may not say where notices go; it is not followed"
    return Verdict("untrusted-key", problem, f"Say it in {_OWN_FILE}.")


def _weaker_mode(case: Case) -> Verdict | None:
    said, standing = str(case.said.value), str(case.standing)
    if case.said.key != ("mode",) or MODES.index(said) >= MODES.index(standing):
        return None
    problem = f"would weaken the mode from {standing} to {said}; it is not followed"
    return Verdict("untrusted-mode", problem, f"Set the mode in {_OWN_FILE}.")


def _own_ladder(case: Case) -> Verdict | None:
    if case.said.key[0] != "tiers" or case.said.key[-1] != "premium":
        return None
    problem = "a project may not change the ladder; it is not followed"
    return Verdict("untrusted-ladder", problem, f"Define the ladder in {_OWN_FILE}.")


def _dearer_model(case: Case) -> Verdict | None:
    """A model that stands above the tier that it is mapped to, or that the ladder has no place for."""
    key, words = case.said.key, case.words
    rung = key[1] if key[0] == "tiers" and key[-1] not in TIER_FIELDS else None
    rung = key[2] if key[:2] == (DYNAMIC, TIER_MODELS) else rung
    if rung is None:
        return None
    own, name = words.ladder[rung], words.tier_of_model(str(case.said.value))
    actual = words.ladder.get(name) if name is not None else None
    if name is None or (actual is not None and actual <= own):
        return None
    where = (
        f"stands on {actual}, above {own}" if actual is not None else f"stands on {name}, not on this ladder"
    )
    problem = f"`{case.said.value}` {where}; it is not followed"
    return Verdict("untrusted-model", problem, f"Map it in {_OWN_FILE}, if it is meant.")


def _higher_cap(case: Case) -> Verdict | None:
    cap, standing = case.said.value, case.standing
    if case.said.key[0] != "weekly_budget" or not isinstance(standing, int | float):
        return None
    if not isinstance(cap, int | float) or cap <= standing:
        return None
    problem = f"would raise the cap from {standing:g} to {cap:g}; the lower one stays"
    return Verdict("untrusted-cap", problem, f"Raise it in {_OWN_FILE}.")


def _higher_threshold(case: Case) -> Verdict | None:
    share, standing = case.said.value, case.standing
    if case.source == "session" or case.said.key not in (YELLOW, RED):
        return None
    assert isinstance(share, float), "the schema reads thresholds as floats"
    assert isinstance(standing, float), "thresholds have a built-in value"
    if share <= standing:
        return None
    problem = f"would raise the threshold from {standing:g} to {share:g}; the lower one stays"
    return Verdict("untrusted-threshold", problem, f"Raise it in {_OWN_FILE} or the session's file.")


_JUDGES: Final[tuple[Callable[[Case], Verdict | None], ...]] = (
    _in_the_users_name,
    _own_notices,
    _weaker_mode,
    _own_ladder,
    _dearer_model,
    _higher_cap,
    _higher_threshold,
)


# -- the same in words -------------------------------------------------------------------------------------


class Restraint(NamedTuple):
    """Who may say a key, and what the untrusted among them may not: "" if they may say anything."""

    sources: tuple[Source, ...]
    words: str = ""


_ALL: Final[tuple[Source, ...]] = ("user", "prose", "project", "session")
_RESTRAINTS: Final[dict[str, Restraint]] = {
    "mode": Restraint(_ALL, "A project may only make it stronger: off < observe < enforce."),
    "force_model": Restraint(("user", "session"), "A project may not speak in your name."),
    "skill_overrides.": Restraint(("user", "session"), "A project may not speak in your name."),
    "notify.": Restraint(("user",), "A project may not say where notices go."),
    "tiers.<tier>.premium": Restraint(("user",), "A project may not change the ladder."),
    "tiers.<tier>.<platform>": Restraint(_ALL, "A project may not name a model that stands above the tier."),
    "dynamic_routing.tier_models.": Restraint(
        _ALL, "A project may not name a model that stands above the tier."
    ),
    "weekly_budget.": Restraint(_ALL, "Whoever says it, the lowest stands: a project can only lower it."),
    "budget_zones.": Restraint(
        _ALL, "A project's files may only lower it; for one session the session's file may raise it."
    ),
}
"""Key, or with a dot the beginning of keys, as in `config_keys` → who may say it."""
_PROSE: Final = ("defaults.", "overrides.<skill>.preferred", "overrides.<skill>.reason")


def restraint_on(name: str) -> Restraint:
    """Who may say the key of that name in `config_keys.KEYS`."""
    name = SAME.get(name, name)
    fitting = (
        start for start in _RESTRAINTS if name == start or (start[-1] == "." and name.startswith(start))
    )
    found = _RESTRAINTS.get(next(fitting, ""), Restraint(_ALL))
    if any(one.startswith(_PROSE) for one in (name, *(old for old, new in SAME.items() if new == name))):
        return found
    return found._replace(sources=tuple(source for source in found.sources if source != "prose"))
