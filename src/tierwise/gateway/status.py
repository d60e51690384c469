"""Status: how the gateway is, and how a session stands, for a status line and for `tierwise doctor`.

    GET /tierwise/status[?session=ID]
      gateway   version, since_us, upstream, simulator, store, mode, alarms of the last day, probes
      session   its last decision: skill, asked, decided, served, rule, reason
      zone, binding, today, forecast, and `parts`: the same in words

A status line asks every few hundred milliseconds. So the last decision of each session is kept in memory,
and what needs the store is read in a thread, at most so often that reading takes a tenth of the time. Nobody
waits for it longer than `WAIT_S`: then the last reading is told, and what was never read is left out.

Source: design.md, "The shape" (installer); rules.md section 3 (what was decided and served, compared).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tierwise.core.ledger import Execution
from tierwise.core.prices import usd
from tierwise.core.status_words import Binding, Today, status_parts
from tierwise.core.summaries import asked_tier, summarise
from tierwise.core.windows import DAY_US, MINUTE_US, SECOND_US
from tierwise.core.zones import Zone
from tierwise.errors import StoreError
from tierwise.gateway.forecasts import Forecasts
from tierwise.gateway.sessions import WORKING_CLASSES
from tierwise.router.budget_views import DECIDED_KINDS, View

MAX_SESSIONS: Final = 1_024
MAX_READINGS: Final = 64
MAX_ALARMS: Final = 100
LATEST_CALLS: Final = 20
"""Among so many of a session's newest calls its last decision is looked for, after a restart."""
STALE_US: Final = MINUTE_US
"""A reading is made again after so long, or sooner where calls have been made since."""
LEAST_US: Final = 2 * SECOND_US
WAIT_S: Final = 0.25
REST: Final = 10
"""Times as long as a reading took, before the next one."""


@dataclass(frozen=True, slots=True)
class About:
    """What never changes while a gateway runs. `probes` is a folder that skills may lie in, for trying."""

    version: str
    upstream: str
    simulator: bool
    store: str
    began_us: int
    probes: Path | None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the store said at `at_us`, after so many calls; `took_us` is how long that took."""

    at_us: int
    took_us: int
    calls: int
    views: tuple[View, ...]
    today: Today
    latest: Execution | None


@dataclass(slots=True)
class Status:
    """`midnight_us` tells when the day of a moment began, where the person lives."""

    about: About
    forecasts: Forecasts
    now_us: Callable[[], int]
    midnight_us: Callable[[int], int]
    _calls: int = 0
    _latest: OrderedDict[str, Execution] = field(default_factory=OrderedDict)
    _readings: OrderedDict[str, _Reading] = field(default_factory=OrderedDict)
    _alarms: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MAX_ALARMS))
    _reading_now: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _one_reads: asyncio.Lock = field(default_factory=asyncio.Lock)
    _problem: str = ""

    def note(self, execution: Execution) -> None:
        """Take a call that has ended."""
        self._calls += 1
        if execution.request_class not in WORKING_CLASSES:
            return
        self._latest[execution.session] = execution
        self._latest.move_to_end(execution.session)
        while len(self._latest) > MAX_SESSIONS:
            self._latest.popitem(last=False)

    def alarmed(self, text: str) -> None:
        """Take an alarm; one that is known already is dated anew."""
        self._alarms = deque([one for one in self._alarms if one[1] != text], MAX_ALARMS)
        self._alarms.append((self.now_us(), text))

    async def document(self, session: str) -> dict[str, Any]:
        """How things stand, as JSON values; "" is no session in particular. Never raises for the store."""
        reading = await self._reading(session)
        latest = self._latest.get(session) or (reading.latest if reading else None)
        binding = _binding(reading, latest) if reading else None
        today = reading.today if reading else None
        return {
            "gateway": self._gateway(),
            "session": _decision(latest),
            "zone": str(binding.zone) if binding else None,
            "binding": binding.name if binding else None,
            "share": _finite(binding.share) if binding else None,
            "today": _as_json(today),
            "forecast": asdict(binding.forecast) if binding else None,
            "problem": self._problem or None,
            "parts": [part._asdict() for part in status_parts(latest, binding, today)],
        }

    def _gateway(self) -> dict[str, Any]:
        about, now_us = self.about, self.now_us()
        recent = [{"at_us": at_us, "text": text} for at_us, text in self._alarms if at_us > now_us - DAY_US]
        return {
            "version": about.version,
            "since_us": about.began_us,
            "upstream": about.upstream,
            "simulator": about.simulator,
            "store": about.store,
            "mode": self.forecasts.router.configs.of(None).mode,
            "calls": self._calls,
            "alarms": recent,
            "probes": str(about.probes) if about.probes else None,
        }

    async def _reading(self, session: str) -> _Reading | None:
        """The newest reading; where one is due it is begun, and waited for. None: there is none yet."""
        known = self._readings.get(session)
        if known is None or self._is_due(known):
            task = self._begun(session)
            if task is not None:
                done, _ = await asyncio.wait((task,), timeout=WAIT_S)
                for ended in done:
                    ended.result()  # whatever it did not foresee is not kept quiet
        return self._readings.get(session)

    def _begun(self, session: str) -> asyncio.Task[None] | None:
        """The reading under way, begun if none is; None if too many sessions wait for theirs."""
        task = self._reading_now.get(session)
        if task is None and len(self._reading_now) < MAX_READINGS:
            task = asyncio.get_running_loop().create_task(self._renew(session))
            self._reading_now[session] = task
            task.add_done_callback(lambda _: self._reading_now.pop(session, None))
        return task

    async def _renew(self, session: str) -> None:
        """Read, one session after the other; a store that fails leaves the last reading in place."""
        async with self._one_reads:
            try:
                reading = await self._read(session)
                self._readings[session] = reading
                self._readings.move_to_end(session)
                self._problem = ""
            except StoreError as error:
                self._problem = str(error)
        while len(self._readings) > MAX_READINGS:
            self._readings.popitem(last=False)

    def _is_due(self, known: _Reading) -> bool:
        age_us = self.now_us() - known.at_us
        wait_us = max(LEAST_US if known.calls != self._calls else STALE_US, REST * known.took_us)
        return age_us >= wait_us or age_us < 0

    async def _read(self, session: str) -> _Reading:
        now_us, calls, store = self.now_us(), self._calls, self.forecasts.store
        await asyncio.wrap_future(self.forecasts.ledger.flushed())
        views = await self.forecasts.views(session or None, now_us)
        since_us = self.midnight_us(now_us)
        today = await asyncio.to_thread(lambda: _today(store.executions(since_us=since_us)))
        latest = None
        if session and session not in self._latest:
            found = lambda: list(store.executions(session=session, last=LATEST_CALLS))  # noqa: E731
            working = [one for one in await asyncio.to_thread(found) if one.request_class in WORKING_CLASSES]
            latest = working[-1] if working else None
        return _Reading(now_us, self.now_us() - now_us, calls, views, today, latest)


def _today(executions: Iterable[Execution]) -> Today:
    summary = summarise(executions)
    total, against = summary.total, summary.against_asked
    saved = against.saved_nanousd if against.saved_percent is not None else None
    return Today(total.calls, total.cost_nanousd, saved, total.unpriced_calls)


def _binding(reading: _Reading, latest: Execution | None) -> Binding | None:
    """The budget that bound the last decision, as it stands now; else the strictest that governs anything."""
    bound = [view for view in reading.views if latest and view.budget.name == latest.binding]
    wide = [view for view in reading.views if view.here and view.budget.scope.kind not in DECIDED_KINDS]
    wide = [view for view in wide if latest or view.budget.dimension not in ("session", "context")]
    strictest = max((*bound, *wide), key=lambda view: (view.zone, view.gauge.share or 0.0), default=None)
    if strictest is None or (strictest.zone is Zone.UNKNOWN and strictest.budget.limit is None):
        return None
    return Binding(
        strictest.budget.name, strictest.zone, strictest.gauge.share, strictest.forecast, reading.at_us
    )


def _decision(latest: Execution | None) -> dict[str, Any] | None:
    """The last decision of the session, and what came of it."""
    if latest is None:
        return None
    names = (
        "id", "at_us", "session", "agent_name", "skill", "request_class", "platform", "mode", "asked_model",
        "decided_model", "served_model", "decided_tier", "served_tier", "rule", "reason", "zone", "binding",
        "outcome", "status", "mismatch",
    )  # fmt: skip
    return {**{name: getattr(latest, name) for name in names}, "asked_tier": asked_tier(latest)}


def _as_json(today: Today | None) -> dict[str, Any] | None:
    if today is None:
        return None
    saved = None if today.saved_nanousd is None else usd(today.saved_nanousd)
    return {
        "calls": today.calls,
        "spent_usd": usd(today.spent_nanousd),
        "saved_usd": saved,
        "unpriced_calls": today.unpriced_calls,
    }


def _finite(share: float | None) -> float | None:
    return share if share is not None and share != float("inf") else None
