"""The question's form: every field that a question as JSON may have, with its type and its default.

Source: rules.md section 13.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from tierwise.core.questions import Answer, Failure
from tierwise.core.skills import Role

SCOPE_KINDS: Final = ("all", "tier", "model", "skill", "project", "key", "session", "run")


class SkillStepIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a skill's procedure; several tiers are alternatives."""

    number: int
    title: str = ""
    tier: str | tuple[str, ...] | None = None
    reason: str = ""


class SkillIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A skill given in the question itself."""

    name: str
    role: Role | None = None
    model: Any = None
    steps: tuple[SkillStepIn, ...] = ()


class BudgetIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One budget as it stands; `scope` is a word (`all`) or one pair such as {"tier": "opus"}."""

    name: str
    limit: float | None = None
    spent: float = 0.0
    scope: dict[str, str] | str | None = None
    dimension: str = "session"
    unit: str = "usd"
    elapsed: float | None = None
    hard: bool = False
    yellow: float | None = None
    red: float | None = None
    resets: str = ""


class CacheIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The prompt cache as it stands (rules.md section 6); `also_warm` has tokens by model id."""

    model: str | None = None
    warm_tokens: int = 0
    calls_left: int = 5
    new_input_tokens: int = 0
    output_tokens: int = 0
    ttl: Literal["5m", "1h"] = "5m"
    tool_result_pending: bool = False
    skill_boundary: bool = False
    also_warm: dict[str, int] = {}


class UnitIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit of work without a skill. Its files and description are matched against conditions."""

    type: str = ""
    files: tuple[str, ...] = ()
    dependencies: int = 0
    estimated_lines: int = 0
    new_file: bool = False
    tags: tuple[str, ...] = ()
    description: str = ""


class HintIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tier that the caller worked out, with the reason."""

    tier: str
    why: str = "the caller says so"


class AtStepIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The step that the call is for, and which of its alternatives applies; without that the highest."""

    number: int
    tier: str | None = None


class QuestionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question as it is written.

    `step` is the step of the skill that the call is for: its number, its title in any case, or an object.
    """

    id: Any = None
    skill: SkillIn | None = None
    skill_path: str | None = None
    step: int | str | AtStepIn | None = None
    role: Role | None = None
    prompt: str = ""
    platform: str = "claude_code"
    asked_model: str | None = None
    session: Any = None
    project: Any = None
    budgets: tuple[BudgetIn, ...] = ()
    matched_conditions: tuple[str, ...] = ()
    context_tokens: int = 0
    cache: CacheIn | None = None
    unit: UnitIn | None = None
    unavailable: tuple[str, ...] = ()
    attempt: int = 0
    failure: Failure | None = None
    interactive: bool = True
    waive_minimum: bool = False
    pin: str | None = None
    fit: HintIn | None = None
    learned: HintIn | None = None
    answer: Answer | None = None


FIELDS: Final = QuestionIn.__struct_fields__
"""The names of a question's fields."""
