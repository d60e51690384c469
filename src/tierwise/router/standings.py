"""Standings: what purses hold, asked of the executions in a store; and what was spent when, for a forecast.

    standings   purses  →  a Standing each: what budgets enforce
    spends      purses  →  (moment, amount) of each call that counts: what forecasts look at

Source: rules.md sections 4 and 11.
"""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.core.entries import NO_TAGS, Charge, Purse, Standing, Tags
from tierwise.core.ledger import Execution, weighted_tokens
from tierwise.core.records import charged_to
from tierwise.core.windows import Spend
from tierwise.core.zones import Scope
from tierwise.store.contract import Store
from tierwise.store.rows import answered


def standings(store: Store, purses: Sequence[Purse]) -> tuple[Standing, ...]:
    """What each purse holds, in their order. A store of executions knows no holds: nothing is pending."""
    return tuple(Standing(_posted(store, purse), 0) for purse in purses)


def spends(store: Store, purses: Sequence[Purse]) -> tuple[tuple[Spend, ...], ...]:
    """For each purse the calls that count in it, oldest first; the store is read once for each session."""
    found: dict[Purse, list[Spend]] = {purse: [] for purse in purses}
    for session in dict.fromkeys(purse.session for purse in purses):
        together = [purse for purse in purses if purse.session == session]
        since_us = min(purse.since_us for purse in together)
        for execution in store.executions(session=session or None, since_us=since_us):
            tags, charge = tags_of_execution(execution), charge_of(execution)
            for purse in together:
                if counts(purse, tags, execution.at_us):
                    found[purse].append((execution.at_us, charge.of(purse.unit)))
    return tuple(tuple(found[purse]) for purse in purses)


def tags_of_latest(store: Store, session: str | None = None) -> Tags:
    """The tags of the latest call, or of the latest of a session; none if there is no such call."""
    latest = next(store.executions(session=session, last=1), None)
    return tags_of_execution(latest) if latest is not None else NO_TAGS


def tags_of_execution(execution: Execution) -> Tags:
    """What an execution counts under."""
    tier, model = charged_to(execution)
    return Tags(
        session=execution.session,
        run=execution.run,
        agent=execution.agent,
        skill=execution.skill or "",
        project=execution.project,
        key=execution.key,
        model=model,
        tier=tier or "",
    )


def charge_of(execution: Execution) -> Charge:
    """What an execution counts in every unit; a call without a known price adds no dollars."""
    return Charge(execution.cost_nanousd or 0, weighted_tokens(execution.usage), int(answered(execution)))


def counts(purse: Purse, tags: Tags, at_us: int) -> bool:
    """Whether a call with these tags at that moment counts in the purse."""
    inside = purse.since_us <= at_us and (purse.until_us is None or at_us < purse.until_us)
    in_session = not purse.session or purse.session == tags.session
    return inside and in_session and (purse.kind == "all" or getattr(tags, purse.kind) == purse.value)


def _posted(store: Store, purse: Purse) -> int:
    """Asked as one sum of the store, but for a scope within a session, which is added up here."""
    since_us, until_us = purse.since_us, purse.until_us
    if not purse.session or purse.kind == "all":
        scope = Scope("session", purse.session) if purse.session else Scope(purse.kind, purse.value)
        return store.spent(purse.unit, scope, since_us=since_us, until_us=until_us)
    executions = store.executions(session=purse.session, since_us=since_us, until_us=until_us)
    counted = (e for e in executions if counts(purse, tags_of_execution(e), e.at_us))
    return sum(charge_of(execution).of(purse.unit) for execution in counted)
