"""In force: which of a client's settings files decides each value, and what cannot be read.

    managed > local > project > user > environment        claude: a file's `env` goes before the shell's

A table is merged key by key, the lists of hooks are joined; of anything else the strongest file's counts.
Reading never raises: what is wrong with a file is its layer's `problem`.

Source: code.claude.com/docs/en/settings and env-vars (precedence); research/clients.md section 2.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tierwise.clients.edits import FORMATS
from tierwise.clients.jsonc import UnreadableError, is_blank
from tierwise.clients.plans import table

MAX_BYTES: Final = 4_000_000
ENVIRONMENT: Final = "environment"


@dataclass(frozen=True, slots=True)
class Layer:
    """One place that settings come from; `path` is None for the environment, `problem` "" if all is well."""

    name: str
    path: Path | None
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    def __str__(self) -> str:
        return self.words if self.path is None else f"{self.words} {self.path}"

    @property
    def words(self) -> str:
        """Whose settings they are."""
        return self.name if self.path is None else f"{self.name} settings"


@dataclass(frozen=True, slots=True)
class InForce:
    """A value that counts, where it is from, and the layers whose other values it beats."""

    value: Any
    layer: Layer
    beaten: tuple[Layer, ...] = ()


def read_layer(name: str, path: Path, form: str) -> Layer:
    """The settings in a file of that form (json, toml); without values where it is missing or unreadable."""
    try:
        text = _text(path)
        if text is None or is_blank(text):
            return Layer(name, path)
        values = FORMATS[form].value_at(text, ())
    except OSError as error:
        return Layer(name, path, problem=f"cannot be read: {error.strerror or error}")
    except UnreadableError as error:
        line = f" in line {error.line}" if error.line else ""
        return Layer(name, path, problem=f"cannot be read{line}: {error}")
    except (ValueError, RecursionError) as error:
        return Layer(name, path, problem=f"cannot be read: {error}")
    if values is None or isinstance(values, Mapping):
        return Layer(name, path, values or {})
    return Layer(name, path, problem="holds no table of settings")


def environment_layer(env: Mapping[str, str]) -> Layer:
    """The shell's variables, as if they stood in a file's `env`."""
    return Layer(ENVIRONMENT, None, {"env": dict(env)})


def _text(path: Path) -> str | None:
    """The file's text; None without a file. OSError and ValueError for what is no text of a usual size."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is no file")
    if found.st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(MAX_BYTES + 1).decode("utf-8")


def in_force(layers: Sequence[Layer], *keys: str) -> InForce | None:
    """The value at these keys that counts; `layers` the strongest first. None if nobody sets it."""
    found = [(layer, table(layer.values, *keys[:-1])[keys[-1]]) for layer in layers if _sets(layer, keys)]
    if not found:
        return None
    (layer, value), *others = found
    return InForce(value, layer, tuple(other for other, other_value in others if other_value != value))


def _sets(layer: Layer, keys: Sequence[str]) -> bool:
    return keys[-1] in table(layer.values, *keys[:-1])


def hook_urls(layers: Sequence[Layer], event: str) -> Iterator[tuple[str, Layer]]:
    """Every URL that the event is sent to, with the layer that says so."""
    for layer in layers:
        for group in _list(table(layer.values, "hooks").get(event)):
            for handler in _list(group.get("hooks")) if isinstance(group, Mapping) else ():
                if isinstance(handler, Mapping) and isinstance(handler.get("url"), str):
                    yield handler["url"], layer


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
