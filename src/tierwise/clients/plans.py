"""Plans: where a client is to be led, and what its settings must say for that.

    Destination (gateway, project tag, parts)  ──►  a client's module  ──►  Plan (what is wanted, notes)

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tierwise.clients.edits import Wanted

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
HOOKS_PATH: Final = "/tierwise/hooks/claude"


@dataclass(frozen=True, slots=True)
class Destination:
    """The gateway at `url`, and what goes with it.

    `project` is the tag for the records, "" for none; `small_model` what titles are made with; `status_line`
    the command that prints ours; `plugin` the folder of the mod; `home` where tierwise keeps its state, ""
    for the usual place; `without` the parts that are left out; `earlier` the gateway that the client was led
    to before.
    """

    url: str
    project: str = ""
    small_model: str = ""
    status_line: str = ""
    plugin: Path | None = None
    home: str = ""
    without: frozenset[str] = frozenset()
    earlier: str = ""

    @property
    def base_url(self) -> str:
        """The base URL, with the project's tag if there is one."""
        return f"{self.url}/p/{quote(self.project, safe='')}" if self.project else self.url


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings are to say. `upstream`: where the client's calls went until now; "" if unknown.

    `previous` is the user's own status line, which ours stands in front of.
    """

    wanted: tuple[Wanted, ...]
    notes: tuple[str, ...] = ()
    upstream: str = ""
    previous: Mapping[str, Any] | None = None


def is_gateway(url: object, to: Destination) -> bool:
    """Whether a base URL leads to a gateway of ours: the one meant, the one before, or one with a tag."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        same = _origin(url) in (_origin(to.url), _origin(to.earlier or to.url))
        return same or (parts.hostname in LOOPBACK and parts.path.startswith("/p/"))
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def table(values: Any, *keys: str) -> Mapping[str, Any]:  # noqa: ANN401  whatever settings hold
    """The table at these keys; an empty one if there is none, or something else stands there."""
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}
