"""A budget's block: each key read once, and what is no such value is a finding.

A mistake that leaves open what a budget allows costs the whole budget; any other costs the key that it names.

Source: rules.md section 4; style.md, "Errors".
"""

from __future__ import annotations

from typing import Final, get_args

from tierwise.core.budgets import DIMENSIONS, SCOPE_KINDS, Budget, BudgetUnit
from tierwise.core.windows import BILLING_DAYS, Dimension, is_zone
from tierwise.core.zones import DEFAULT_THRESHOLDS, EVERYTHING, Scope, Thresholds, ZoneBy
from tierwise.files.budget_limits import FORMS, limit_of
from tierwise.files.config_keys import BUDGET
from tierwise.files.config_values import SHARE, Limits, Reader
from tierwise.files.findings import did_you_mean
from tierwise.files.nodes import Entry, Node, quoted

KEYS: Final = tuple(BUDGET)
NEEDED: Final = ("limit", "window")
_DAY: Final = Limits(BILLING_DAYS[-1], "Write a day from 1 to 31; a shorter month ends on its last day.")


class Block:
    """Reads the keys of one budget. `lost` says that it cannot be in force."""

    def __init__(self, reader: Reader, name: str, node: Node, line: int) -> None:
        self.reader, self.name, self.line, self.lost = reader, name, line, False
        self.node = node
        self.entries = reader.entries(f"{name}.", node)
        for key, entry in self.entries.items():
            if key not in KEYS:
                reader.unknown(f"{name}.{key}", entry.line, key, KEYS)

    def budget(self, zone: str) -> Budget | None:
        """The budget; None if what it says is too wrong or too little."""
        for key in NEEDED:
            if key not in self.entries:
                self._lose("missing-key", self.line, key, f"`{key}` is missing", f"Add `{key}:`.")
        unit, limit = self._limit()
        dimension = self._dimension()
        budget = Budget(
            name=self.name,
            dimension=dimension,
            unit=unit,
            limit=limit,
            scope=self._scope(),
            hard=self._hard(),
            zone=self._zone() or zone,
            billing_day=self._billing_day(),
            thresholds=self._thresholds(),
            zone_by=self._zone_by(),
            quota=self._text("quota"),
        )
        self._check(budget)
        return None if self.lost else budget

    def _check(self, budget: Budget) -> None:
        """What contradicts itself, as far as the keys could be read."""
        if self.lost:
            return
        quota, context = budget.quota is not None, budget.dimension == "context"
        if budget.unit == "percent" and not quota and not context:
            self._contradicts("limit", "percent of what is not said", "Name the quota: `quota: NAME`.")
        if quota and budget.unit != "percent":
            self._contradicts("quota", "a quota is counted in percent", "Write a limit such as `80%`.")
        if context and budget.unit not in ("tokens", "percent"):
            self._contradicts("limit", "a context is counted in tokens or percent", "Write `150ktokens`.")
        if "billing_day" in self.entries and budget.dimension != "monthly":
            self._contradicts("billing_day", "only months have one", "Write `window: monthly`.")

    def _contradicts(self, key: str, problem: str, remedy: str) -> None:
        self._lose("budget-keys", self.entries[key].line, key, problem, remedy)

    def _lose(self, rule: str, at: Node | int, key: str, problem: str, remedy: str) -> None:
        """Note a mistake that costs the budget."""
        self.lost = True
        self.reader.warn(rule, at, f"{self.name}.{key}", problem, remedy)

    def _entry(self, key: str) -> Entry | None:
        """The entry of the key; None where it is missing or null."""
        entry = self.entries.get(key)
        return None if entry is None or entry.node.value is None else entry

    def _limit(self) -> tuple[BudgetUnit, int | None]:
        entry = self._entry("limit")
        if entry is None:
            return "usd", None
        try:
            return limit_of(entry.node.text)
        except ValueError as wrong:
            self._lose("bad-limit", entry.node, "limit", f"{entry.node.shown} {wrong}", f"Write {FORMS}.")
            return "usd", None

    def _dimension(self) -> Dimension:
        entry = self.entries.get("window")
        word = self.reader.word(f"{self.name}.window", entry.node, DIMENSIONS) if entry else None
        if word is None:
            self.lost = True
        return next((known for known in DIMENSIONS if known == word), "session")

    def _scope(self) -> Scope:
        entry = self._entry("scope")
        if entry is None:
            return EVERYTHING
        pairs = [(kind, inner.node.text) for kind, inner in entry.node.entries.items()]
        kind, _, value = entry.node.text.partition("=")
        kind, value = pairs[0] if len(pairs) == 1 else (kind.strip().lower(), value.strip())
        if kind not in SCOPE_KINDS or len(pairs) > 1 or (kind == "all" and value):
            close = did_you_mean(kind, SCOPE_KINDS)
            remedy = f"Write one of {', '.join(SCOPE_KINDS)}, such as `tier=opus`."
            remedy = f"Did you mean `{close}`?" if close and close != kind else remedy
            self._lose("bad-scope", entry.node, "scope", f"{entry.node.shown} is no scope", remedy)
            return EVERYTHING
        return self._tier_scope(entry.node, value) if kind == "tier" and value else Scope(kind, value)

    def _tier_scope(self, node: Node, value: str) -> Scope:
        tier = self.reader.words.tier(value)
        if tier is None:
            remedy = self.reader.words.remedy(value)
            self._lose("unknown-tier", node, "scope", f"{quoted(value)} is no known tier", remedy)
            return EVERYTHING
        return Scope("tier", tier.name)

    def _hard(self) -> bool:
        entry = self._entry("hard")
        if entry is None:
            return False
        read = self.reader.boolean(f"{self.name}.hard", entry.node)
        return True if read is None else read

    def _zone(self) -> str | None:
        name, entry = self._text("zone"), self._entry("zone")
        if name is None or entry is None or is_zone(name):
            return name
        remedy = "Write the name of an IANA time zone, such as Europe/Berlin."
        self._lose("unknown-zone", entry.node, "zone", f"{entry.node.shown} is no time zone", remedy)
        return None

    def _text(self, key: str) -> str | None:
        entry = self._entry(key)
        if entry is None:
            return None
        text = self.reader.text(f"{self.name}.{key}", entry.node)
        self.lost = self.lost or text is None
        return text

    def _billing_day(self) -> int:
        entry = self._entry("billing_day")
        if entry is None:
            return BILLING_DAYS[0]
        day = self.reader.number(f"{self.name}.billing_day", entry.node, _DAY)
        if isinstance(day, int) and day in BILLING_DAYS:
            return day
        if day is not None:
            self._lose(
                "out-of-range", entry.node, "billing_day", f"{entry.node.shown} is no day", _DAY.remedy
            )
        self.lost = True
        return BILLING_DAYS[0]

    def _thresholds(self) -> Thresholds | None:
        given = {key: entry for key in ("yellow", "red") if (entry := self._entry(key)) is not None}
        read = {key: self.reader.number(f"{self.name}.{key}", at.node, SHARE) for key, at in given.items()}
        if not given or None in read.values():
            return None
        yellow = read.get("yellow", min(DEFAULT_THRESHOLDS.yellow, read.get("red") or 1))
        red = read.get("red", max(DEFAULT_THRESHOLDS.red, yellow or 0))
        assert yellow is not None
        assert red is not None
        if yellow <= red:
            return Thresholds(float(yellow), float(red))
        remedy = "Set yellow at most as high as red."
        key, entry = next(iter(given.items()))
        problem = "yellow would begin above red; neither is followed"
        self.reader.warn("thresholds-cross", entry.node, f"{self.name}.{key}", problem, remedy)
        return None

    def _zone_by(self) -> ZoneBy | None:
        entry = self._entry("zone_by")
        known: tuple[ZoneBy, ...] = get_args(ZoneBy)
        word = self.reader.word(f"{self.name}.zone_by", entry.node, known) if entry else None
        return next((one for one in known if one == word), None)
