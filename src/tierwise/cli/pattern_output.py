"""A cascade or a pre-screening, as lines for a person and as JSON: steps, break-even, table, conversation.

Source: rules.md sections 6 and 8; seed A§6.1, A§6.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from tierwise.cli.pattern_subject import (
    CALL_WORDS,
    Subject,
    head_json,
    head_lines,
    range_json,
    range_words,
    seen_line,
    unpriced_lines,
)
from tierwise.core.figures import dollars, saved_percent
from tierwise.core.patterns import Courses, Plan, conversations, in_conversation, plan_of
from tierwise.core.prices import usd
from tierwise.core.skills import TokenRange

SHARES: Final = tuple(Fraction(percent, 100) for percent in (0, 25, 50, 75, 100))
SHARE_WORDS: Final = {"every": "every task", "easy": "the easy ones", "hard": "the others"}
SHARE_DIGITS: Final = 10**6


@dataclass(frozen=True, slots=True)
class Planned:
    """A pattern for a subject; `easy` is the share that the caller named, if any."""

    pattern: str
    subject: Subject
    easy: Fraction | None

    def plan(self) -> Plan | None:
        """The plan; None where a price is not known, or there is but one tier."""
        subject = self.subject
        if subject.one_tier or subject.cheap_card is None or subject.top_card is None:
            return None
        return plan_of(self.pattern, subject.sizes, subject.cheap_card, subject.top_card)

    def conversations(self) -> Iterator[tuple[int, Courses]]:
        """Warm tokens and courses, for each size of conversation that something can be said of."""
        subject = self.subject
        cheap, top = subject.cheap_card, subject.top_card
        if subject.one_tier or cheap is None or top is None:
            return
        for tokens in conversations(subject.sizes, cheap.window_tokens):
            courses = in_conversation(self.pattern, subject.sizes, cheap, top, tokens)
            if courses is not None:
                yield tokens, courses

    def fork_pays_only(self, plan: Plan) -> tuple[int, Courses] | None:
        """The smallest conversation in which what pays by itself does not pay; None if there is none."""
        return next(
            ((t, c) for t, c in self.conversations() if self._pays(plan.courses) > self._pays(c)), None
        )

    def _pays(self, courses: Courses) -> bool:
        """Whether it pays at the share that the caller named; without one, whether it can pay at all."""
        if self.easy is not None:
            return courses.verdict(self.easy) == "pays"
        return courses.break_even is not None and courses.break_even < 1


# -- as JSON -----------------------------------------------------------------------------------------------


def planned_json(planned: Planned) -> dict[str, Any]:
    """Stable keys; what is not known is null."""
    plan, subject = planned.plan(), planned.subject
    courses = plan.courses if plan else None
    flipped = planned.fork_pays_only(plan) if plan else None
    return {
        **head_json(subject, planned.pattern),
        "steps": [
            {"title": step.title, "tasks": step.share, "tier": step.tier, "usd": range_json(step.cost)}
            for step in (plan.steps if plan else ())
        ],
        "direct_usd": range_json(plan.direct) if plan else None,
        "break_even": share_up(courses.break_even) if courses else None,
        "verdict": _verdict(planned, courses),
        "easy": float(planned.easy) if planned.easy is not None else None,
        "expected": _expected_json(courses, planned.easy) if courses else None,
        "table": [_expected_json(courses, share) for share in SHARES] if courses else [],
        "ttl": subject.sizes.ttl,
        "conversation": [
            {
                "warm_tokens": tokens,
                "observed": tokens == subject.sizes.warm_tokens,
                "break_even": share_up(warm.break_even),
                "verdict": _verdict(planned, warm),
                "expected": _expected_json(warm, planned.easy),
            }
            for tokens, warm in planned.conversations()
        ],
        "recommend_fork": flipped is not None if plan else None,
        "allowed_by_skill": subject.says_cheap,
        "ended_at": subject.ended_at,
    }


def _verdict(planned: Planned, courses: Courses | None) -> str | None:
    """pays, costs_more, equal or depends at the named share; without one: break_even, or never."""
    if planned.subject.one_tier:
        return "nothing_to_save"
    if courses is None:
        return None
    if planned.easy is not None:
        return courses.verdict(planned.easy)
    return "never" if _never(courses) else "break_even"


def _never(courses: Courses) -> bool:
    """Whether no share of easy tasks, not even all of them, makes it cheaper."""
    return courses.break_even is None or courses.verdict(Fraction(1)) in ("equal", "costs_more")


def _expected_json(courses: Courses, share: Fraction | None) -> dict[str, Any] | None:
    if share is None:
        return None
    costs = expected_costs(courses, share)
    direct = [courses.small.direct_nanousd, courses.large.direct_nanousd]
    return {
        "easy": float(share),
        "usd": {"low": usd(costs[0]), "high": usd(costs[1])},
        "direct_usd": {"low": usd(direct[0]), "high": usd(direct[1])},
        "saved_usd": {"low": usd(direct[0] - costs[0]), "high": usd(direct[1] - costs[1])},
        "verdict": courses.verdict(share),
    }


def expected_costs(courses: Courses, share: Fraction) -> tuple[int, int]:
    """Nano-dollars of a task, small and large, rounded up."""
    return math.ceil(courses.small.expected(share)), math.ceil(courses.large.expected(share))


def share_up(share: Fraction | None) -> float | None:
    """The share in millionths, rounded up: what is printed is enough."""
    return None if share is None else math.ceil(share * SHARE_DIGITS) / SHARE_DIGITS


# -- for a person ------------------------------------------------------------------------------------------


def lines_of(planned: Planned) -> Iterator[str]:
    """The plan, what it costs at several shares, and in words when it pays."""
    subject, plan = planned.subject, planned.plan()
    yield from head_lines(subject, planned.pattern)
    if subject.one_tier:
        yield f"  It prefers {subject.top} already; nothing is cheaper, so this pattern cannot save anything."
        return
    if plan is None:
        yield from unpriced_lines(subject)
        return
    yield f"  One call: {CALL_WORDS[subject.sizes.call_size]}"
    yield ""
    yield from _step_lines(plan)
    yield ""
    yield from _table_lines(plan.courses, planned.easy)
    yield ""
    yield f"  {_verdict_words(planned, plan.courses)}"
    yield from _conversation_lines(planned, plan)
    yield from _notes(planned)


def _step_lines(plan: Plan) -> Iterator[str]:
    rows = [
        (f"{number}  {step.title}", step.tier, SHARE_WORDS[step.share], range_words(step.cost))
        for number, step in enumerate(plan.steps, 1)
    ]
    rows.append(("   Direct: one run", plan.steps[2].tier, "every task", range_words(plan.direct)))
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    for title, tier, tasks, cost in rows:
        yield f"  {title:{widths[0]}}  {tier:{widths[1]}}  {tasks:{widths[2]}}  {cost}"


def _table_lines(courses: Courses, easy: Fraction | None) -> Iterator[str]:
    yield "  easy   expected cost of a task, against going direct"
    for share in sorted({*SHARES, *([easy] if easy is not None else [])}):
        cost = range_words(TokenRange(*expected_costs(courses, share)))
        mark = "  ◄" if share == easy else ""
        yield f"  {percent_up(share):>5}  {cost}, {_against(courses, share)}{mark}"


def _against(courses: Courses, share: Fraction) -> str:
    """`-46.1%`, or both ends where they differ: what is paid more or less than for a direct run."""
    ends = []
    for course, cost in zip((courses.small, courses.large), expected_costs(courses, share), strict=True):
        saved = saved_percent(cost, course.direct_nanousd)
        ends.append("free" if saved is None else _negated(saved))
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _negated(saved: str) -> str:
    """What is saved, `46.1%`, as what is added: `-46.1%`."""
    if float(saved.rstrip("%")) == 0:
        return "±0%"
    return f"+{saved[1:]}" if saved.startswith("-") else f"-{saved}"


def _verdict_words(planned: Planned, courses: Courses) -> str:
    cheap, pattern = planned.subject.cheap, planned.pattern
    enough = courses.break_even
    if courses.verdict(Fraction(0)) == courses.verdict(Fraction(1)) == "equal":
        return f"A {pattern} neither saves nor costs anything: a task is free at {planned.subject.top}."
    if _never(courses) or enough is None:
        return f"A {pattern} costs more than going direct, however many of the tasks are easy."
    if planned.easy is None:
        return (
            f"It pays if more than {percent_up(enough)} of the tasks are done at {cheap}, and found to be so."
        )
    verdict, share = courses.verdict(planned.easy), percent_up(planned.easy)
    needed = f"it takes more than {percent_up(enough)}"
    costs = expected_costs(courses, planned.easy)
    saved = sorted(
        (abs(courses.small.direct_nanousd - costs[0]), abs(courses.large.direct_nanousd - costs[1]))
    )
    low, high = map(dollars, saved)
    amount = low if low == high else f"{low} to {high}"
    if verdict == "pays":
        return f"With {share} easy it pays: it saves {amount} a task ({needed})."
    if verdict == "costs_more":
        return f"With {share} easy it costs {amount} a task MORE than going direct: {needed}."
    words = "it neither saves nor costs" if verdict == "equal" else "it depends on how large the tasks are"
    return f"With {share} easy {words}: {needed}."


def percent_up(share: Fraction) -> str:
    """`23%`, `2.4%`: rounded up to a tenth of a percent."""
    tenths = math.ceil(share * 1_000)
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10}%"


def _conversation_lines(planned: Planned, plan: Plan) -> Iterator[str]:
    subject = planned.subject
    found = list(planned.conversations())
    yield ""
    if not found:
        yield "  In one warm conversation: not known; declare `tool_calls` to see it."
        return
    seen = ", as its runs began" if subject.sizes.warm_tokens else ""
    yield f"  In one conversation that is warm for {subject.top} ({subject.sizes.ttl} cache{seen}):"
    for tokens, courses in found:
        enough = courses.break_even
        words = "never" if _never(courses) or enough is None else f"from {percent_up(enough)} on"
        yield f"    {tokens:>9,} tokens: it pays {words}"
    flipped = planned.fork_pays_only(plan)
    if flipped is not None:
        yield (
            f"  Run the cheap steps in a fork or a subagent: in a conversation of {flipped[0]:,} tokens "
            f"{subject.cheap} has to read it all anew, and nothing is saved."
        )


def _notes(planned: Planned) -> Iterator[str]:
    subject = planned.subject
    notes = [seen_line(subject)]
    floor = subject.now.skill.floor
    if not subject.says_cheap and floor is not None:
        notes.append(
            f"Its minimum is {floor}, so routing raises the cheap steps: lower `minimum` to {subject.cheap}, "
            "or give them a skill of their own."
        )
    notes.append(
        "A task that is taken for easy and is not costs the cheap run on top: these sums leave that out."
    )
    yield ""
    yield from (f"  {note}" for note in notes if note)
