"""Patterns: what it costs to look with a cheap model first, against going to the top model at once.

    cascade     look ─┬─ easy ─► cheap run ─┬─► verify        A§6.1
                      └─ else ─► top run  ──┘
    prescreen   look ─┬─ easy ─► cheap run                    A§6.2
                      └─ else ─► top run

With p the share of tasks that are done at the cheap tier, and found to be so:

    expected(p) = every + p · easy + (1 - p) · hard           pays while  expected(p) < direct
                  └──── C_cheap ────┘  └ (1 - p) · C_top                  (rules.md section 8)

Both ends of a range are worked out by themselves: a small task has a small look and a small run. The
break-even p* is the larger one of the two, so that from there on the pattern is dearer at neither end. p
itself is never assumed. All sums are exact; rounding is for whoever prints them.

In one warm conversation each change of the model has to be paid as `switching` has it: the cheap model writes
what the top one would have read, and the top one's own cache stays as it is.

Source: rules.md sections 6 and 8; seed A§6.1, A§6.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from tierwise.core.models import ModelCard
from tierwise.core.prices import Price
from tierwise.core.questions import CacheFacts
from tierwise.core.skills import Skill, TokenRange
from tierwise.core.switching import stay_nanousd, switch_nanousd
from tierwise.core.task_sizes import LARGE_PERCENT, SMALL_PERCENT, TaskSizes, cost_range, prompt_tokens
from tierwise.core.tiers import Ladder, Tier

Share = Literal["every", "easy", "hard"]
"""Which tasks a step is run for: all, those done at the cheap tier, the others."""
What = Literal["call", "run"]
Verdict = Literal["pays", "costs_more", "equal", "depends"]

STEPS: Final[dict[str, tuple[tuple[str, Share, What], ...]]] = {
    "cascade": (
        ("Classify the task", "every", "call"),
        ("Do the easy ones", "easy", "run"),
        ("Do the others", "hard", "run"),
        ("Verify the result", "every", "call"),
    ),
    "prescreen": (
        ("Look whether it is easy", "every", "call"),
        ("Do the easy ones", "easy", "run"),
        ("Do the others", "hard", "run"),
    ),
}
"""The steps of each pattern; only the hard share runs at the top tier."""

WHAT_IF_TOKENS: Final = (20_000, 100_000, 200_000)
"""Sizes of a conversation to show where none was observed."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of a plan: for which tasks, at which tier, at what cost each time (nano-dollars)."""

    title: str
    share: Share
    tier: str
    cost: TokenRange


@dataclass(frozen=True, slots=True)
class Course:
    """What one task costs, at one end of the range: if it is easy, if it is not, and without the pattern."""

    easy_nanousd: int
    hard_nanousd: int
    direct_nanousd: int

    def expected(self, share: Fraction) -> Fraction:
        """The mean cost of a task when `share` (0 to 1) of them are easy."""
        return share * self.easy_nanousd + (1 - share) * self.hard_nanousd

    @property
    def break_even(self) -> Fraction | None:
        """The share from which on the pattern is never dearer than going direct; None if there is none."""
        if self.easy_nanousd > self.direct_nanousd:
            return None
        if self.hard_nanousd <= self.direct_nanousd:
            return Fraction(0)
        return Fraction(self.hard_nanousd - self.direct_nanousd, self.hard_nanousd - self.easy_nanousd)


@dataclass(frozen=True, slots=True)
class Courses:
    """The course of a small task and that of a large one."""

    small: Course
    large: Course

    @property
    def break_even(self) -> Fraction | None:
        """The share that is enough at both ends; None if no share is."""
        small, large = self.small.break_even, self.large.break_even
        return None if small is None or large is None else max(small, large)

    def verdict(self, share: Fraction) -> Verdict:
        """Whether the pattern pays when this share of the tasks is easy; it depends if the ends disagree."""
        saved = [course.direct_nanousd - course.expected(share) for course in (self.small, self.large)]
        if min(saved) >= 0:
            return "pays" if max(saved) > 0 else "equal"
        return "costs_more" if max(saved) <= 0 else "depends"


@dataclass(frozen=True, slots=True)
class Plan:
    """A pattern for one skill: its steps, and one run at the top tier that it is compared with."""

    pattern: str
    steps: tuple[PlanStep, ...]
    direct: TokenRange

    @property
    def courses(self) -> Courses:
        """What becomes of a task, small and large."""
        return Courses(
            *(
                Course(self._sum("easy", end), self._sum("hard", end), getattr(self.direct, end))
                for end in ("low", "high")
            )
        )

    def _sum(self, share: Share, end: str) -> int:
        return sum(getattr(step.cost, end) for step in self.steps if step.share in ("every", share))


def cheap_tier(skill: Skill, top: Tier, ladder: Ladder) -> tuple[Tier, bool]:
    """Where the easy tasks are done: the lowest tier that the skill allows, and whether it says so itself.

    Where it allows none below `top`, the light rung: its author has yet to allow it.
    """
    floor = skill.floor
    if floor is not None and floor < top:
        return floor, True
    return min(ladder.light, top), False


def plan_of(
    pattern: str, sizes: TaskSizes, cheap: ModelCard, top: ModelCard, beside_tokens: int = 0
) -> Plan | None:
    """The plan at the prices of these two models; None if one of them is not known.

    `beside_tokens` of conversation stand in each prompt besides what was declared.
    """
    tokens = {"call": sizes.calls, "run": sizes.runs}
    steps = []
    for title, share, what in STEPS[pattern]:
        card = top if share == "hard" else cheap
        cost = cost_range(tokens[what], card.price, beside_tokens)
        if cost is None:
            return None
        steps.append(PlanStep(title, share, card.tier or "", cost))
    direct = next(step.cost for step in steps if step.share == "hard")
    return Plan(pattern, tuple(steps), direct)


def in_conversation(
    pattern: str, sizes: TaskSizes, cheap: ModelCard, top: ModelCard, warm_tokens: int
) -> Courses | None:
    """The courses inside one conversation whose cache is warm for the top model.

    None if a price is not known, or how many calls a run takes.
    """
    counted = sizes.warm_tokens > 0
    beside = 0 if counted else warm_tokens
    plan, calls = plan_of(pattern, sizes, cheap, top, beside), sizes.calls_a_run
    if plan is None or calls is None or cheap.price is None or top.price is None:
        return None
    looks = sum(step.share == "every" for step in plan.steps)
    found: list[Course | None] = []
    ends = (plan.courses.small, calls.low, SMALL_PERCENT), (plan.courses.large, calls.high, LARGE_PERCENT)
    for course, runs, percent in ends:
        prompt = beside + prompt_tokens(sizes.calls, percent)
        rates = Price(cheap.price.rates(prompt)), Price(top.price.rates(prompt))
        extra = _Carried(warm_tokens, sizes.ttl, *rates)
        found.append(extra.once(course) if counted else extra.every_call(course, looks, runs))
    small, large = found
    return Courses(small, large) if small is not None and large is not None else None


@dataclass(frozen=True, slots=True)
class _Carried:
    """What a conversation of `tokens` adds to a course, as each call has to carry it."""

    tokens: int
    ttl: Literal["5m", "1h"]
    cheap: Price
    top: Price

    def once(self, course: Course) -> Course | None:
        """Where every call's reads are counted already: the cheap model writes once what it was to read."""
        write, read = self._written(1), self._read(self.cheap, 1)
        if write is None or read is None:
            return None
        more = write - read
        return Course(course.easy_nanousd + more, course.hard_nanousd + more, course.direct_nanousd)

    def every_call(self, course: Course, looks: int, calls: int) -> Course | None:
        """Where they are not: each call of the looks and of the run carries the conversation."""
        easy, look, top = self._written(looks + calls), self._written(looks), self._read(self.top, calls)
        if easy is None or look is None or top is None:
            return None
        return Course(
            course.easy_nanousd + easy, course.hard_nanousd + look + top, course.direct_nanousd + top
        )

    def _written(self, calls: int) -> int | None:
        return switch_nanousd(self._facts(calls), self.cheap)

    def _read(self, price: Price, calls: int) -> int | None:
        return stay_nanousd(self._facts(calls), price)

    def _facts(self, calls: int) -> CacheFacts:
        return CacheFacts(warm_tokens=self.tokens, calls_left=calls, ttl=self.ttl)


def conversations(sizes: TaskSizes, window_tokens: int | None = None) -> Sequence[int]:
    """The sizes of conversation to look at: the observed one, else examples that fit the window."""
    if sizes.warm_tokens:
        return (sizes.warm_tokens,)
    return [tokens for tokens in WHAT_IF_TOKENS if window_tokens is None or tokens <= window_tokens]
