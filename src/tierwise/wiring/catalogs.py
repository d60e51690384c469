"""Catalogs: the built-in models and prices under the user's own `prices.yaml`.

Source: rules.md section 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tierwise.wiring.places import home_dir

if TYPE_CHECKING:
    from tierwise.catalog.models import Catalog
    from tierwise.catalog.prices import Problem
    from tierwise.files.findings import Finding
    from tierwise.files.nodes import Node


def load_catalog() -> Catalog:
    """The known models and prices under the user's own `prices.yaml`; made again when that file changes."""
    return _catalog(*_prices_file())[0]


def catalog_findings() -> list[Finding]:
    """What is wrong in the user's own `prices.yaml`; an error there means that none of it is used."""
    return list(_catalog(*_prices_file())[1])


def tier_of_model(name: str) -> str | None:
    """The built-in rung of the model that `name` means; None for a model that the catalog does not know."""
    return load_catalog().tier_of(name)


def tier_lookup() -> Callable[[str], str | None]:
    """`tier_of_model` for one run over many files: the catalog is opened once, and only if it is asked."""

    @cache
    def catalog() -> Catalog:
        return load_catalog()

    return lambda name: catalog().tier_of(name)


def _prices_file() -> tuple[Path, int | None]:
    """The user's price file, and when it was last changed (ns); None if there is none."""
    path = home_dir() / "prices.yaml"
    try:
        return path, path.stat().st_mtime_ns
    except OSError:
        return path, None


@lru_cache(4)
def _catalog(path: Path, changed_ns: int | None) -> tuple[Catalog, tuple[Finding, ...]]:
    from tierwise.catalog.models import load_catalog as catalog_of
    from tierwise.catalog.models import unplaced
    from tierwise.catalog.price_file import overrides_from
    from tierwise.files.nodes import read_yaml
    from tierwise.files.text_files import read_text

    built_in = catalog_of()
    if changed_ns is None:
        return built_in, ()
    text, findings = read_text(path)
    root, more = read_yaml(text, str(path)) if text is not None else (None, [])
    findings += more
    if root is None:
        return built_in, tuple(findings)
    overrides, problems = overrides_from(_plain(root), built_in.platforms, str(path))
    findings += [_finding(problem, path, root) for problem in (*problems, *unplaced(overrides))]
    return catalog_of(overrides), tuple(sorted(findings, key=lambda finding: finding.line))


def _plain(node: Node) -> object:
    """The node's value without its lines."""
    if isinstance(node.value, tuple):
        return [_plain(item) for item in node.items]
    if node.entries:
        return {key: _plain(entry.node) for key, entry in node.entries.items()}
    return node.value


def _finding(problem: Problem, path: Path, root: Node) -> Finding:
    """The problem with the line of the innermost of its keys that the file holds."""
    from tierwise.files.findings import Finding

    line, node = 0, root
    for key in problem.key:
        if key not in node.entries:
            break
        line, node = node.entries[key]
    key = ".".join(problem.key)
    return Finding(str(path), line, key, problem.problem, problem.remedy, "warning", problem.rule)
