"""Questions and decisions: all that `decide` knows, and all that it says.

If a rule needs a fact, the fact is a field of the question. A decision carries its trace: one step a rule,
also where nothing changed, so the trace *is* the decision and not a story told about it later.

Source: rules.md sections 3 and 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tierwise.core.estimates import Estimate
from tierwise.core.models import Candidates, ModelCard
from tierwise.core.prices import Price
from tierwise.core.skills import Role, Skill
from tierwise.core.tiers import BUILT_IN, Ladder, Tier
from tierwise.core.zones import DEFAULT_THRESHOLDS, Gauge, Thresholds, Zone, ZoneBy

Conservation = Literal["off", "auto", "aggressive"]
OnRedHigh = Literal["downgrade", "hold", "pause"]
Answer = Literal["accept", "hold", "pause"]
Failure = Literal["quality", "quota", "network", "deterministic"]
SwitchCost = Literal["all", "pressure", "off"]


@dataclass(frozen=True, slots=True)
class UserWish:
    """What the user said, each in its own strength: weakest first.

    `negated` holds tiers that the user said not to use: they lower the ceiling. `words` are the user's
    own words, for the trace.
    """

    skill_override: Tier | None = None
    force: Tier | None = None
    inline: Tier | None = None
    pin: Tier | None = None
    negated: tuple[Tier, ...] = ()
    waive_minimum: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """A tier that somebody worked out (`fit`, `learned`), with the reason in words."""

    tier: Tier
    why: str


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """The prompt cache as it stands (rules.md section 6).

    `tier` and `price` are those of the model whose cache is warm. Token counts are per call, but for
    `warm_tokens`, the size of the cached prefix. `ttl` is "5m" or "1h". While `tool_result_pending`, a
    switch is only allowed as the skill begins or ends (`skill_boundary`). `also_warm` are other models that
    still hold a part of the conversation: model id and tokens.
    """

    tier: Tier | None = None
    price: Price | None = None
    warm_tokens: int = 0
    calls_left: int = 5
    new_input_tokens: int = 0
    output_tokens: int = 0
    ttl: Literal["5m", "1h"] = "5m"
    tool_result_pending: bool = False
    skill_boundary: bool = False
    also_warm: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class AtStep:
    """The step of the skill that the call is for: its number, or its title in any case.

    `tier` says which of the step's alternatives applies; None: the highest of them.
    """

    named: int | str
    tier: Tier | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The merged configuration, as far as deciding needs it.

    `phase_fallbacks` are the fallbacks of a single tier, by its name.
    """

    ladder: Ladder = BUILT_IN
    platform_default: Tier = BUILT_IN["opus"]
    user_defaults: Mapping[Role, Tier] = field(default_factory=dict)
    conservation: Conservation = "auto"
    thresholds: Thresholds = DEFAULT_THRESHOLDS
    zone_by: ZoneBy = "spent"
    on_red_high: OnRedHigh = "downgrade"
    switch_cost: SwitchCost = "all"
    fallbacks: tuple[Tier, ...] = ()
    phase_fallbacks: Mapping[str, tuple[Tier, ...]] = field(default_factory=dict)

    def fallbacks_of(self, tier: Tier) -> tuple[Tier, ...]:
        """The tiers to turn to if this one cannot be had: those of every tier, then its own."""
        return (*self.fallbacks, *self.phase_fallbacks.get(tier.name, ()))


@dataclass(frozen=True, slots=True)
class Question:
    """Every fact that may bear on one call.

    `asked` is the tier of `asked_model`, `asked_card` its card; `asked_model` without `asked` is a model
    that the catalog does not know. `unavailable` holds tier names, model ids and platforms that cannot be
    reached now. `candidates` maps tier names to models on this platform, `elsewhere` to models of the same
    tier at other providers.
    `context_tokens` and `output_tokens` are what the model's window must hold. `attempt` is the 0-based
    index of the try that ended in `failure`. `answers` holds what the user answered, by the offer's id;
    `answer` stands in for every offer that is not among them. `history` is the estimate from the skill's own
    past runs. `step` is where the skill's procedure stands; None if nobody says. `siblings` is how many
    agents one answer started at once, this one among them; 0 for anything else.
    """

    skill: Skill | None = None
    role: Role | None = None
    prompt: str = ""
    files: tuple[str, ...] = ()
    platform: str = "claude_code"
    asked_model: str | None = None
    asked: Tier | None = None
    asked_card: ModelCard | None = None
    settings: Settings = field(default_factory=Settings)
    user: UserWish = field(default_factory=UserWish)
    gauges: tuple[Gauge, ...] = ()
    matched_conditions: tuple[str, ...] = ()
    fit: Hint | None = None
    learned: Hint | None = None
    ceiling: Tier | None = None
    candidates: Candidates = field(default_factory=dict)
    elsewhere: Candidates = field(default_factory=dict)
    unavailable: frozenset[str] = frozenset()
    context_tokens: int = 0
    output_tokens: int = 0
    cache: CacheFacts | None = None
    attempt: int = 0
    failure: Failure | None = None
    interactive: bool = True
    answer: Answer | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    history: Estimate | None = None
    step: AtStep | None = None
    siblings: int = 0


class Step(NamedTuple):
    """One rule's word: the tier before and after it (None: an unknown model), and why."""

    rule: str
    before: Tier | None
    after: Tier | None
    why: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A question for the user: what would happen, and the answers to choose from.

    `kind` is red_high, exhausted_minimum, exhausted, unavailable or escalation. `id` is the same for the
    same question about the same skill and budget, so that an answer can be remembered.
    """

    id: str
    kind: str
    text: str
    options: tuple[str, ...]
    tier: Tier | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the call must not be made: an exhausted hard budget, or a pause that the user chose."""

    budget: str
    text: str
    resets: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The tier for one call, with everything needed to act on it and to explain it.

    `tier` is None only for a model that the catalog does not know and that nobody overrode: it is served
    as asked. `model` is None where no candidate is known. `requested` is the wish, before budget.
    `rule` is the last rule that changed the tier ("platform_default" if none did). `answered` holds the ids
    of the offers that came up and were not made, because the user has answered them. `adaptations` is for the
    tail of the prompt, never for its cached prefix; None where the tier is not below the preferred one.
    """

    tier: Tier | None
    model: ModelCard | None
    platform: str
    effort: str | None
    requested: Tier | None
    reason: str
    rule: str
    zone: Zone
    binding: Gauge | None
    trace: tuple[Step, ...]
    offer: Offer | None = None
    refusal: Refusal | None = None
    warnings: tuple[str, ...] = ()
    notify: str | None = None
    adaptations: str | None = None
    estimate: Estimate | None = None
    answered: tuple[str, ...] = ()

    @property
    def handoff(self) -> dict[str, str | None]:
        """What a coordinator passes on (A§4.1 step 5)."""
        return {"model_tier": self.tier.name if self.tier else None, "reason": self.reason}
