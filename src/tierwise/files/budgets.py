"""The budgets file: `budgets.yaml` in the home folder, read into budgets and written back, comments kept.

    week-opus:                 # a name for messages, reports and commands
      limit: 45messages        # 5usd, 200ktokens, 45messages, 80% (of a quota), none (only tracked)
      window: weekly           # context, session, daily, weekly (rolling), monthly
      scope: tier=opus         # all, or tier, model, skill, project, key, session, run; without a value: each
      hard: true
      zone: Europe/Berlin
      billing_day: 15
      yellow: 0.6
      red: 0.85
      zone_by: both

A list of such blocks, each with its `name`, is read as well. A mistake is an error: a budget that cannot be
understood is not in force, and whoever relies on it must know. A budget whose `hard` cannot be read is hard.
The weekly budgets of a routing configuration become budgets too.

Source: rules.md section 4; seed A§7.5.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from tierwise.core.budgets import DIMENSIONS, Budget
from tierwise.core.prices import NANO_PER_USD
from tierwise.core.windows import Dimension
from tierwise.core.zones import EVERYTHING
from tierwise.errors import ConfigError
from tierwise.files.budget_block import Block
from tierwise.files.budget_limits import MOST, limit_text
from tierwise.files.config import BudgetSpec
from tierwise.files.config_values import Reader
from tierwise.files.file_writing import replace_file
from tierwise.files.findings import Finding
from tierwise.files.nodes import Node, quoted, read_text, read_yaml
from tierwise.files.tier_words import TierWords
from tierwise.files.yaml_page import UNSURE

BUDGETS_FILE: Final = "budgets.yaml"
MOST_BUDGETS: Final = 200
_NAME: Final = re.compile(r"(?!(?:true|false|null)$)[^\W\d_][\w .:-]{0,59}", re.IGNORECASE)
_NAMED: Final = "Write letters, digits, `-`, `.` and spaces, a letter first, at most 60."


def read_budgets(
    path: Path, words: TierWords | None = None, zone: str = "UTC"
) -> tuple[tuple[Budget, ...], list[Finding]]:
    """The budgets of a file in their order, and all that is wrong in it; nothing if there is no such file.

    `words` know the tiers, `zone` is where days begin if a budget does not say. Every finding is an error.
    Never raises for what the file holds.
    """
    if _is_missing(path):
        return (), []
    text, findings = read_text(path)
    root, more = read_yaml(text, str(path)) if text is not None else (None, [])
    budgets, wrong = budgets_from(root, str(path), words, zone) if root is not None else ((), [])
    in_force = {budget.name for budget in budgets}
    told = [*findings, *more, *(_with_effect(finding, in_force) for finding in wrong)]
    return budgets, [replace(finding, severity="error") for finding in told]


def budgets_from(
    root: Node, path: str, words: TierWords | None = None, zone: str = "UTC"
) -> tuple[tuple[Budget, ...], list[Finding]]:
    """The budgets that a document holds, and what is wrong with them; `path` is named in the findings."""
    reader = Reader(path, words or TierWords())
    found: dict[str, Budget] = {}
    for name, line, block in _blocks(reader, root):
        if name in found:
            reader.warn(
                "duplicate-key", line, f"{name}.name", "the budget is there twice", "Keep one of them."
            )
        elif (budget := Block(reader, name, block, line).budget(zone)) is not None:
            found[name] = budget
    return tuple(found.values()), [replace(finding, severity="error") for finding in reader.findings]


def budget_of(spec: BudgetSpec, zone: str = "UTC") -> Budget:
    """A budget of the routing configuration (`weekly_budget`, A§7.5) as a budget; its limit rounded down."""
    limit = None
    if spec.limit is not None:
        scale = NANO_PER_USD if spec.unit == "usd" else 1
        limit = min(int(Decimal(str(spec.limit)) * scale), MOST[spec.unit])
    dimension: Dimension = next(known for known in DIMENSIONS if known == spec.dimension)
    return Budget(spec.name, dimension, spec.unit, limit, spec.scope, spec.hard, zone)


def merged(own: Iterable[Budget], specs: Iterable[BudgetSpec], zone: str = "UTC") -> tuple[Budget, ...]:
    """The budgets of the file, then those of the configuration; of two with one name the file's stands."""
    budgets = {budget.name: budget for budget in own}
    for spec in specs:
        budgets.setdefault(spec.name, budget_of(spec, zone))
    return tuple(budgets.values())


def _blocks(reader: Reader, root: Node) -> list[tuple[str, int, Node]]:
    """Name, line and block of each budget; blocks without a usable name are findings."""
    found: list[tuple[str, int, Node]] = []
    for item in root.items:
        said = item.entries.get("name")
        if said is None:
            reader.warn("missing-key", item, "name", "a budget without a name", "Add `name:` to it.")
        else:
            found.append((said.node.text, said.line, item))
    if not isinstance(root.value, tuple):
        found = [(name, line, node) for name, (line, node) in reader.entries("", root).items()]
    for name, line, _ in found:
        if not _NAME.fullmatch(name):
            reader.warn("bad-name", line, "name", f"{quoted(name)} is no name for a budget", _NAMED)
    if len(found) > MOST_BUDGETS:
        problem = f"this is one of more than {MOST_BUDGETS} budgets"
        reader.warn("too-many-budgets", found[MOST_BUDGETS][1], "", problem, "Give a scope without a value.")
    return [one for one in found[:MOST_BUDGETS] if _NAME.fullmatch(one[0])]


def _with_effect(finding: Finding, in_force: set[str]) -> Finding:
    """The finding, which also says so if its budget is not in force."""
    if finding.key.rpartition(".")[0] in in_force:
        return finding
    return replace(finding, problem=f"{finding.problem}; the budget is not in force")


def _is_missing(path: Path) -> bool:
    """Whether there is surely no such file; one that cannot be looked at is not missing."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


# -- writing -----------------------------------------------------------------------------------------------


def set_budget(path: Path, budget: Budget, zone: str = "UTC") -> None:
    """Write the budget into the file, in place of one of its name; comments and all else stay as they are.

    `zone` is what a budget without one means. ConfigError if the file has errors or cannot be written.
    """
    data = _document(path)
    block = (
        {"name": budget.name} | block_of(budget, zone) if isinstance(data, list) else block_of(budget, zone)
    )
    kept = _find(data, budget.name)
    if kept is None and isinstance(data, list):
        data.append(CommentedMap(block))
    elif kept is None:
        data[budget.name] = CommentedMap(block)
    else:
        for key in [key for key in kept if key not in block]:
            del kept[key]
        for key, value in block.items():
            if kept.get(key) != value:
                kept[key] = value
    _write(path, data)


def remove_budget(path: Path, name: str) -> bool:
    """Take the budget out of the file; False if it is not there. ConfigError as in `set_budget`."""
    data = _document(path)
    kept = _find(data, name)
    if kept is None:
        return False
    if isinstance(data, list):
        data.remove(kept)
    else:
        del data[name]
    _write(path, data)
    return True


def block_of(budget: Budget, zone: str = "UTC") -> dict[str, Any]:
    """The budget as the file says it, without what goes without saying."""
    said = {
        "limit": limit_text(budget.unit, budget.limit),
        "window": budget.dimension,
        "scope": str(budget.scope) if budget.scope != EVERYTHING else None,
        "hard": budget.hard or None,
        "quota": budget.quota,
        "zone": budget.zone if budget.zone != zone else None,
        "billing_day": budget.billing_day if budget.dimension == "monthly" else None,
        "yellow": budget.thresholds.yellow if budget.thresholds else None,
        "red": budget.thresholds.red if budget.thresholds else None,
        "zone_by": budget.zone_by,
    }
    return {key: value for key, value in said.items() if value is not None}


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4_096
    return yaml


def _document(path: Path) -> CommentedMap | CommentedSeq:
    """The file as it can be written back; ConfigError if it must be mended first."""
    if _is_missing(path):
        return CommentedMap()
    text, findings = read_text(path)
    root, more = read_yaml(text, str(path)) if text is not None else (None, [])
    broken = [one for one in (*findings, *more) if one.severity == "error" or one.rule in UNSURE]
    if broken:
        raise ConfigError(str(broken[0]))
    if root is not None and root.value is not None and not (root.entries or isinstance(root.value, tuple)):
        raise ConfigError(f"{path} holds {root.kind} and no budgets. Mend or remove it.")
    data = _yaml().load(text or "")
    return data if isinstance(data, CommentedMap | CommentedSeq) else CommentedMap()


def _find(data: CommentedMap | CommentedSeq, name: str) -> CommentedMap | None:
    items = data if isinstance(data, CommentedSeq) else [data.get(name)]
    for item in items:
        if isinstance(item, CommentedMap) and (isinstance(data, CommentedMap) or item.get("name") == name):
            return item
    return None


def _write(path: Path, data: CommentedMap | CommentedSeq) -> None:
    text = io.StringIO()
    if data:
        _yaml().dump(data, text)
    replace_file(path, text.getvalue())
