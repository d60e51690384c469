"""Suggestions: for each skill and agent a block that its author might write, and the page with it written in.

    no block yet             suggested
    a plain `model: sonnet`  suggested around it: its author's word is the tier
    a row of a coordinator   suggested around it, for the same reason
    a block                  told what would have been suggested, never changed
    a premium tier           left alone

The block goes below `model:` where the page has no such key, else, and in a page that keeps to the portable
keys of the Agent Skills format, below `metadata:` in flat keys.

Source: seed A§1.1, A§7.1; rules.md section 2; research/clients.md section 3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tierwise.core.recommending import Recommendation, Sighting, recommend
from tierwise.core.skills import Routing
from tierwise.files.compile.blocks import metadata_lines, metadata_of
from tierwise.files.findings import Finding
from tierwise.files.frontmatter import Page, read_page
from tierwise.files.frontmatter_edit import UneditableError, scalar, with_key, with_metadata
from tierwise.files.homes import Homes
from tierwise.files.nodes import read_text
from tierwise.files.provenance import Home
from tierwise.files.routing_table import RoutingRow
from tierwise.files.skill_files import SkillFile
from tierwise.files.suites import row_for
from tierwise.files.tier_words import TierWords
from tierwise.files.work_signals import author_sighting, named_tier, work_signals

PORTABLE_KEYS: Final = frozenset(
    {"name", "description", "license", "allowed-tools", "metadata", "compatibility"}
)
PORTABLE_MARKS: Final = frozenset({"license", "metadata", "compatibility"})
"""Keys of the portable format that its authors write and others rarely do."""
BUILT_IN_WORDS: Final = TierWords()
PREMIUM: Final = "its author names a premium tier"
UNUSABLE: Final = "its frontmatter cannot be used as it stands"


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """What is recommended for one file. `declared` is the block that it has, None without one.

    `block` are the lines to paste into its frontmatter, in the home that `home` names; empty where nothing is
    recommended. `history` says how many runs ended on which tier. `findings` are errors that bar the file.
    """

    path: Path
    name: str
    recommendation: Recommendation
    home: Home
    block: tuple[str, ...]
    declared: Routing | None = None
    history: Mapping[str, int] | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is a block to write, and none in its place."""
        return self.declared is None and self.recommendation.routing is not None

    @property
    def differences(self) -> tuple[str, ...]:
        """The keys of the declared block that the recommendation would write otherwise."""
        wanted = self.recommendation.routing
        if self.declared is None or wanted is None:
            return ()
        keys = (key for key in COMPARED if getattr(self.declared, key) is not None)
        return tuple(key for key in keys if getattr(self.declared, key) != getattr(wanted, key))


COMPARED: Final = ("preferred", "minimum", "reasoning_demand")


def suggest(
    file: SkillFile,
    coordinators: Iterable[SkillFile] = (),
    ran: Iterable[Sighting] = (),
    history: Mapping[str, int] | None = None,
    words: TierWords = BUILT_IN_WORDS,
) -> Suggestion:
    """The suggestion for a file that was read. Reads its text again; never raises.

    `coordinators` may have a row for it; `ran` and `history` are what its own past runs show.
    """
    text, _ = read_text(file.path)
    page, _ = read_page(text or "", str(file.path))
    declared = file.routing if has_block(file) else None
    row = next((row for one in coordinators if (row := row_for(file, one)) is not None), None)
    errors = tuple(finding for finding in file.findings if finding.severity == "error")
    recommendation = _recommended(file, page, row, (*ran,), words, is_declared=declared is not None)
    if errors or page.head is None:
        recommendation = _nothing(recommendation, UNUSABLE if errors else "it has no frontmatter")
    home = home_for(page)
    block = block_lines(recommendation.routing, home)
    return Suggestion(file.path, file.name, recommendation, home, block, declared, history, errors)


def has_block(file: SkillFile) -> bool:
    """Whether the skill's own files declare more than a plain `model:` string."""
    return any(place.home not in ("string", "table") for place in file.provenance.values())


def home_for(page: Page) -> Home:
    """Where a block belongs in this page."""
    keys = page.head.entries.keys() if page.head is not None else set()
    is_portable = keys <= PORTABLE_KEYS and not PORTABLE_MARKS.isdisjoint(keys)
    return "metadata" if "model" in keys or is_portable else "frontmatter"


def block_lines(routing: Routing | None, home: Home) -> tuple[str, ...]:
    """The block as lines of a frontmatter; none for no block."""
    if routing is None:
        return ()
    if home == "metadata":
        return tuple(metadata_lines(metadata_of(routing)))
    acceptable = ", ".join(scalar(tier.name) for tier in routing.acceptable or ())
    lists = {"acceptable": f"[{acceptable}]"}
    words = {key: scalar(str(value)) for key in KEYS if (value := getattr(routing, key)) is not None}
    return ("model:", *(f"  {key}: {lists.get(key, word)}" for key, word in words.items()))


KEYS: Final = ("role", "preferred", "acceptable", "minimum", "reasoning_demand")
"""The keys of a suggested block, in the order in which they are written."""


def written(text: str, suggestion: Suggestion, words: TierWords = BUILT_IN_WORDS) -> str:
    """The page with the suggested block in it, every other byte kept; `text` is as the file holds it.

    Raises UneditableError if there is no block to write, if it cannot be put in safely, or if the page would
    not read back as exactly that block.
    """
    routing = suggestion.recommendation.routing
    if routing is None or not suggestion.is_open:
        raise UneditableError("there is no block to write", "Write one by hand.")
    if suggestion.home == "metadata":
        edited = with_metadata(text, metadata_of(routing))
    else:
        edited = with_key(text, "model", suggestion.block)
    if _read_back(edited, words) != routing:
        raise UneditableError("the block would not be read back as it is suggested")
    return edited


def _read_back(text: str, words: TierWords) -> Routing | None:
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    page, _ = read_page(plain, "")
    homes = Homes("", words)
    if page.head is not None:
        homes.read_frontmatter(page.head)
    return homes.routing


def _recommended(
    file: SkillFile,
    page: Page,
    row: RoutingRow | None,
    ran: tuple[Sighting, ...],
    words: TierWords,
    *,
    is_declared: bool,
) -> Recommendation:
    seen = work_signals(page, file.name, words)
    if is_declared:
        return recommend((*seen, *ran), words.ladder)
    tier = named_tier(page, words)
    named = author_sighting(tier, words.ladder, _model_line(page))
    if tier is None and row is not None and row.default is not None:
        tier, named = row.default, author_sighting(row.default, words.ladder, 0)
    floor = row.floor if row is not None else None
    recommendation = recommend((*seen, *ran, *named), words.ladder, floor)
    return _nothing(recommendation, PREMIUM) if tier and tier.name in words.ladder.premium else recommendation


def _model_line(page: Page) -> int:
    entries = page.head.entries if page.head is not None else {}
    return entries["model"].line if "model" in entries else 0


def _nothing(recommendation: Recommendation, why: str) -> Recommendation:
    """The same evidence without a recommendation."""
    return dataclasses.replace(recommendation, routing=None, without=why)
