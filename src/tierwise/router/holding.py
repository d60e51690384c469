"""Holding: what is set aside for a call before it is made, and what becomes of a call that does not fit.

    hard budget    worst case, by the whole prompt at its dearest and an answer as long as `max_tokens`
    soft budget    the prompt as it most likely is, and the p90 of the skill's own answers
    does not fit   a shorter answer if that is still useful, else a refusal that names the options

Where no price is known, no hard dollar budget can be kept: the call is refused, and how to mend that is said.

Source: rules.md sections 1, 11 and 12; research/peers.md T2, T5.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import Final

from tierwise.core.budgets import Budget, purses_of, resets_words
from tierwise.core.entries import Charge, Overdrawn, Purse, Reserve, Tags
from tierwise.core.figures import dollars
from tierwise.core.holds import CacheWrites, affordable_max_tokens, p90_case, worst_case, worst_tokens
from tierwise.core.ledger import weighted_tokens
from tierwise.core.models import ModelCard
from tierwise.core.questions import Refusal
from tierwise.core.run_history import RUNS_KEPT, RUNS_NEEDED, nearest_rank
from tierwise.core.token_counts import TokenScale, first_scale
from tierwise.core.usage import Usage

USEFUL_ANSWER_TOKENS: Final = 1_024
"""An answer is not clamped below this: a budget that cannot pay for it refuses."""
USUAL_ANSWER_TOKENS: Final = 2_000
"""Held for an answer of a skill that has not answered often enough yet."""
FIRST_PROMPT_BYTES: Final = 64_000
"""How long an agent's first request is taken to be until one was seen: Claude Code 2.1.330 sends 29,000,
2.1.197 46,000, and more with every tool that is connected."""
MAX_SKILLS: Final = 512
UNSAID_MAX_TOKENS: Final = 4_096
"""The answer's bound where a request names none; providers demand one."""
HOLD_FOR_US: Final = 3_600 * 1_000_000
"""A hold that nobody ended by then is charged as unconfirmed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call as holding sees it. `text_bytes` is the request's length as text; `thinking_tokens` is the part
    of `max_tokens` that must not be cut into; `cache_writes` bounds what a prompt token can cost."""

    id: str
    tags: Tags
    card: ModelCard | None
    budgets: tuple[Budget, ...]
    text_bytes: int
    max_tokens: int | None
    thinking_tokens: int
    cache_writes: CacheWrites
    at_us: int

    @property
    def answer_tokens(self) -> int:
        """How long the answer may be."""
        return UNSAID_MAX_TOKENS if self.max_tokens is None else max(self.max_tokens, 0)


class Holding:
    """Works out holds; learns from every call how many tokens a byte makes, by family of models, and how
    long a skill's answers are."""

    def __init__(self) -> None:
        self._scales: dict[str, TokenScale] = {}
        self._answers: OrderedDict[str, deque[int]] = OrderedDict()
        self._starts: deque[int] = deque(maxlen=RUNS_KEPT)

    def observe(self, wanted: Wanted, usage: Usage) -> None:
        """Learn from a call whose usage the provider reported in full."""
        family = self._family(wanted)
        self._scales[family] = self._scale(family).observe(wanted.text_bytes, usage.prompt_tokens)
        if usage.output_tokens:
            skill = wanted.tags.skill
            self._answers.setdefault(skill, deque(maxlen=RUNS_KEPT)).append(usage.output_tokens)
            self._answers.move_to_end(skill)
            while len(self._answers) > MAX_SKILLS:
                self._answers.popitem(last=False)

    def usual_answer_tokens(self, skill: str) -> int:
        """What nine of ten answers of the skill stay within, by its newest; a guess while they are few."""
        lengths = self._answers.get(skill, ())
        return nearest_rank(tuple(lengths), 90) if len(lengths) >= RUNS_NEEDED else USUAL_ANSWER_TOKENS

    def expected_tokens(self, card: ModelCard | None, text_bytes: int) -> int:
        """How many tokens a request of so many bytes most likely has."""
        return self._scale(card.family if card else "").expected(text_bytes)

    def wish(self, wanted: Wanted) -> Reserve | Refusal:
        """The hold to ask for; a refusal where its amount cannot be known and must not be exceeded."""
        pairs = purses_of(wanted.budgets, wanted.tags, wanted.at_us)
        purses = tuple(purse for _, purse in pairs)
        charge = self._charge(wanted, purses)
        if isinstance(charge, Refusal):
            return charge
        return Reserve(wanted.id, wanted.tags, charge, purses, wanted.at_us + HOLD_FOR_US)

    def starting(
        self, id: str, tags: Tags, card: ModelCard | None, budgets: tuple[Budget, ...], at_us: int
    ) -> Wanted:
        """What an agent wants for its first call, before it is made: a usual prompt, a useful answer."""
        return Wanted(
            id=id,
            tags=tags,
            card=card,
            budgets=budgets,
            text_bytes=max(self._starts, default=FIRST_PROMPT_BYTES),
            max_tokens=USUAL_ANSWER_TOKENS,
            thinking_tokens=0,
            cache_writes="1h",
            at_us=at_us,
        )

    def observe_start(self, text_bytes: int) -> None:
        """Learn from the length of an agent's first request."""
        self._starts.append(text_bytes)

    def shorter(self, wanted: Wanted, overdrawn: Overdrawn) -> int | None:
        """The longest useful answer that what is left can pay for; None if there is none.

        It is shorter than the one that was refused, also where more is believed affordable by now: another
        call may have taught meanwhile that prompts of this family have fewer tokens.
        """
        price = wanted.card.price if wanted.card else None
        prompt = self._upper(wanted)
        available = max(overdrawn.available, 0)
        unit = overdrawn.purse.unit
        if unit == "messages" or wanted.max_tokens is None:
            return None
        length = affordable_max_tokens(
            prompt,
            wanted.answer_tokens,
            price,
            available_nanousd=available if unit == "usd" else None,
            available_tokens=available if unit == "tokens" else None,
            writes=wanted.cache_writes,
        )
        least = wanted.thinking_tokens + USEFUL_ANSWER_TOKENS
        length = min(length, wanted.answer_tokens - 1)
        return length if length >= least else None

    def refusal(self, wanted: Wanted, overdrawn: Overdrawn) -> Refusal:
        """Why the call must not be made."""
        purse = overdrawn.purse
        budget = next(b for b in wanted.budgets if b.name == purse.name)
        left = amount_words(max(overdrawn.available, 0), purse)
        return Refusal(
            budget=purse.name,
            text=f"the budget {purse.name} has {left} of {amount_words(purse.limit or 0, purse)} left, "
            "and this call may take more",
            resets=resets_words(budget, wanted.at_us),
            options=("wait", "switch", "export"),
        )

    def _charge(self, wanted: Wanted, purses: tuple[Purse, ...]) -> Charge | Refusal:
        price = wanted.card.price if wanted.card else None
        hard = [purse for purse in purses if purse.hard and purse.limit is not None]
        if not hard:
            usual = min(wanted.answer_tokens, self.usual_answer_tokens(wanted.tags.skill))
            expected = self._scale(self._family(wanted)).expected(wanted.text_bytes)
            tokens = weighted_tokens(Usage(input_tokens=expected, output_tokens=usual))
            return p90_case(expected, usual, price) or Charge(0, tokens, 1)
        prompt = self._upper(wanted)
        worst = worst_case(prompt, wanted.answer_tokens, price, wanted.cache_writes)
        if worst is not None:
            return worst
        in_usd = next((purse for purse in hard if purse.unit == "usd"), None)
        if in_usd is None:
            return Charge(0, worst_tokens(prompt, wanted.answer_tokens, wanted.cache_writes), 1)
        return Refusal(
            budget=in_usd.name,
            text=f"no price is known for {wanted.tags.model}, so the hard budget {in_usd.name} cannot be "
            "kept; write its price into prices.yaml (see `tierwise models`)",
            options=("switch",),
        )

    def _upper(self, wanted: Wanted) -> int:
        return self._scale(self._family(wanted)).upper(wanted.text_bytes)

    def _family(self, wanted: Wanted) -> str:
        return wanted.card.family if wanted.card else ""

    def _scale(self, family: str) -> TokenScale:
        return self._scales.get(family) or first_scale(family)


def with_max_tokens(wanted: Wanted, max_tokens: int) -> Wanted:
    """The same call with a shorter answer."""
    return replace(wanted, max_tokens=max_tokens)


def amount_words(amount: int, purse: Purse) -> str:
    """An amount of the purse's unit, for a person."""
    if purse.unit == "usd":
        return dollars(amount)
    return f"{amount:,} {purse.unit}"
