"""Edits: what a client's settings are to say, put in one by one, and taken out again one by one.

    wanted                  in the file                    edit
    value                   nothing                        put in; undone by taking it out
                            the same                       none: it is the user's
                            another, of an earlier edit    replaced; undone as the earlier one
                            another, the user's            kept | replaced | refused, as `how` says
    element of a list       not there                      put in at the end
    line of a text          not there                      put in at the end

Undoing looks for what was put in. What the user has changed since is his, and stays.

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import msgspec

from tierwise.clients import json_edit, toml_edit
from tierwise.clients.json_edit import dotted
from tierwise.clients.jsonc import Path, is_blank
from tierwise.clients.toml_statements import UneditableError

Kind = Literal["value", "hook", "line"]
How = Literal["keep", "replace", "refuse"]


class Format(Protocol):
    """A way of writing settings: reads and edits values at paths, and raises ValueError where it cannot."""

    def value_at(self, text: str, path: Any, /) -> Any: ...  # noqa: ANN401, D102
    def raw_at(self, text: str, path: Any, /) -> str | None: ...  # noqa: ANN401, D102
    def with_value(self, text: str, path: Any, value: Any, /) -> str: ...  # noqa: ANN401, D102
    def with_raw(self, text: str, path: Any, raw: str, /) -> str: ...  # noqa: ANN401, D102
    def without(self, text: str, path: Any, /) -> str: ...  # noqa: ANN401, D102


FORMATS: Final[Mapping[str, Format]] = {"json": json_edit, "toml": toml_edit}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that the settings are to have, and `how` it goes with another one that the user wrote.

    A `hook` is a group of a hook's list, with one handler at a URL. A `line` is one header, `name: value`, of
    a text with one on each line. `mark` is the key of a table by whose value we know it as ours, whatever the
    user adds to it.
    """

    path: tuple[str, ...]
    value: Any
    part: str
    how: How = "keep"
    kind: Kind = "value"
    mark: str = ""


class Edit(msgspec.Struct, frozen=True):
    """What was put in: the value as it was `written`, and what stood there before, as text and as value.

    `made` are the objects around it that were not there.
    """

    path: tuple[str, ...]
    kind: Kind
    written: Any
    previous_raw: str | None = None
    previous: Any = None
    made: tuple[tuple[str, ...], ...] = ()
    mark: str = ""

    def is_in(self, present: Any) -> bool:  # noqa: ANN401  whatever the format has
        """Whether that is what was written, or a table of ours that the user has added to."""
        if present == self.written:
            return True
        tables = isinstance(present, dict) and isinstance(self.written, dict)
        return bool(self.mark) and tables and present.get(self.mark) == self.written.get(self.mark)


@dataclass(frozen=True, slots=True)
class Applied:
    """The text with all that is wanted; `kept` and `refused` name what the user has set otherwise."""

    text: str
    edits: tuple[Edit, ...]
    kept: tuple[Wanted, ...] = ()
    refused: tuple[tuple[Wanted, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Undone:
    """The text without what was put in; `left` names, in a sentence each, what was not as we left it."""

    text: str
    left: tuple[str, ...]


def applied(
    text: str, wanted: Iterable[Wanted], known: Iterable[Edit], form: str, *, override: bool = False
) -> Applied:
    """Put in what is wanted and is not there; take out what earlier edits put in and is wanted no more.

    `override` replaces also what would be refused. Raises ValueError if the text cannot be read.
    """
    wanted, known = tuple(wanted), tuple(known)
    targets = {(one.path, one.kind) for one in wanted}
    stale = [edit for edit in known if (edit.path, edit.kind) not in targets]
    work = _Work(undone(text, stale, form).text, FORMATS[form], override=override)
    earlier = {(edit.path, edit.kind): edit for edit in known}
    for one in wanted:
        try:
            work.put(one, earlier.get((one.path, one.kind)))
        except (json_edit.UnfitError, UneditableError) as error:
            work.refused.append((one, str(error)))
    edits = _with_made(work.edits, stale)
    return Applied(work.text, edits, tuple(work.kept), tuple(work.refused))


def _with_made(edits: list[Edit], stale: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits; what those made that are gone is the first one's now, which is undone last."""
    made = tuple(path for edit in stale for path in edit.made)
    if not (edits and made):
        return tuple(edits)
    return (msgspec.structs.replace(edits[0], made=(*made, *edits[0].made)), *edits[1:])


class _Work:
    """A text on its way to say all that is wanted."""

    def __init__(self, text: str, form: Format, *, override: bool) -> None:
        self.text = text
        self.edits: list[Edit] = []
        self.kept: list[Wanted] = []
        self.refused: list[tuple[Wanted, str]] = []
        self._form = form
        self._override = override

    def put(self, wanted: Wanted, earlier: Edit | None) -> None:
        """Put one value in."""
        if wanted.kind == "hook":
            self._hook(wanted, earlier)
        elif wanted.kind == "line":
            self._line(wanted, earlier)
        else:
            self._value(wanted, earlier)

    def _value(self, wanted: Wanted, earlier: Edit | None) -> None:
        present = self._form.value_at(self.text, wanted.path)
        raw = self._form.raw_at(self.text, wanted.path)
        if present is None and raw is None:
            self._new(wanted, wanted.value)
            return
        value = _merged(present, wanted, earlier)
        if present == value:
            self._still(earlier)
        elif earlier is not None and earlier.is_in(present):
            self._other(value, replace_written(earlier, _ours_of(wanted, earlier, present)))
        elif wanted.how == "keep":
            self.kept.append(wanted)
        elif wanted.how == "refuse" and not self._override:
            self.refused.append((wanted, f"`{dotted(wanted.path)}` is {present!r}"))
        else:
            self._other(value, Edit(wanted.path, "value", wanted.value, raw, present, mark=wanted.mark))

    def _line(self, wanted: Wanted, earlier: Edit | None) -> None:
        present = self._form.value_at(self.text, wanted.path)
        if present is None:
            self._new(wanted, wanted.value)
            return
        if not isinstance(present, str):
            raise json_edit.UnfitError(f"`{dotted(wanted.path)}` is no text")
        name = _header(wanted.value)
        lines = present.split("\n")
        if wanted.value in lines:
            self._still(earlier)
            return
        other = [line for line in lines if line and _header(line) != name]
        raw = self._form.raw_at(self.text, wanted.path)
        edit = earlier or Edit(wanted.path, "line", wanted.value, raw, present)
        self._other("\n".join([*other, wanted.value]), replace_written(edit, wanted.value))

    def _hook(self, wanted: Wanted, earlier: Edit | None) -> None:
        groups = self._form.value_at(self.text, wanted.path)
        if _place_of(groups, url_of(wanted.value)) is not None:
            if earlier and url_of(earlier.written) != url_of(wanted.value):
                self.text = _undo_hook(self.text, earlier, self._form, [])
            else:
                self._still(earlier)
            return
        place = _place_of(groups, url_of(earlier.written)) if earlier else None
        if earlier is None or place is None:
            made = self._missing(wanted.path)
            self.text = json_edit.with_element(self.text, wanted.path, wanted.value)
            self.edits.append(Edit(wanted.path, "hook", wanted.value, made=made))
            return
        group, handler = place
        if groups[group] == earlier.written:
            self.text = json_edit.with_value(self.text, (*wanted.path, group), wanted.value)
        else:
            where: Path = (*wanted.path, group, "hooks", handler, "url")
            self.text = json_edit.with_value(self.text, where, url_of(wanted.value))
        self.edits.append(replace_written(earlier, wanted.value))

    def _new(self, wanted: Wanted, value: Any) -> None:  # noqa: ANN401  whatever the format has
        made = self._missing(wanted.path)
        self.text = self._form.with_value(self.text, wanted.path, value)
        self.edits.append(Edit(wanted.path, wanted.kind, wanted.value, made=made, mark=wanted.mark))

    def _other(self, value: Any, edit: Edit) -> None:  # noqa: ANN401  whatever the format has
        self.text = self._form.with_value(self.text, edit.path, value)
        self.edits.append(edit)

    def _still(self, earlier: Edit | None) -> None:
        if earlier is not None:
            self.edits.append(earlier)

    def _missing(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """The objects and lists on the way to the path that are not there, the outermost first."""
        prefixes = [path[:depth] for depth in range(1, len(path) + 1)]
        return tuple(one for one in prefixes if self._form.value_at(self.text, one) is None)


def replace_written(edit: Edit, written: Any) -> Edit:  # noqa: ANN401  whatever the format has
    """The edit, having written something else."""
    return msgspec.structs.replace(edit, written=written)


def _merged(present: Any, wanted: Wanted, earlier: Edit | None) -> Any:  # noqa: ANN401
    """What is to stand there: in a table of our own, also what the user added."""
    if earlier is None or not (earlier.mark and earlier.is_in(present)):
        return wanted.value
    ours = earlier.written
    added = {key: value for key, value in present.items() if key not in ours}
    return {**added, **wanted.value}


def _ours_of(wanted: Wanted, earlier: Edit, present: Any) -> Any:  # noqa: ANN401
    """What of the wanted value is put in by us: in a table of our own not what the user added to it."""
    if not earlier.mark or not isinstance(present, dict):
        return wanted.value
    ours = earlier.written
    return {key: value for key, value in wanted.value.items() if key in ours or key not in present}


# -- undoing -----------------------------------------------------------------------------------------------


def undone(text: str, edits: Iterable[Edit], form: str) -> Undone:
    """Take out what the edits put in, and put back what stood there. ValueError if the text is unreadable."""
    left: list[str] = []
    for edit in reversed(tuple(edits)):
        if is_blank(text):
            break
        text = _UNDO[edit.kind](text, edit, FORMATS[form], left)
        if form == "json":
            for path in reversed(edit.made):
                text = json_edit.without(text, path) if json_edit.is_bare(text, path) else text
    return Undone(text, tuple(left))


def _undo_value(text: str, edit: Edit, form: Format, left: list[str]) -> str:
    present = form.value_at(text, edit.path)
    if present is None:
        return text
    if present != edit.written:
        if not edit.is_in(present):
            left.append(f"`{dotted(edit.path)}` was changed since and stays as it is")
            return text
        left.append(f"`{dotted(edit.path)}` is tierwise's own and goes, with what was added to it")
    if edit.previous_raw is not None:
        return form.with_raw(text, edit.path, edit.previous_raw)
    if edit.previous is not None:
        return form.with_value(text, edit.path, edit.previous)
    return form.without(text, edit.path)


def _undo_line(text: str, edit: Edit, form: Format, left: list[str]) -> str:
    present = form.value_at(text, edit.path)
    if not isinstance(present, str) or edit.written not in present.split("\n"):
        return text
    lines = [line for line in present.split("\n") if line != edit.written]
    previous = edit.previous.split("\n") if isinstance(edit.previous, str) else []
    if lines == [line for line in previous if line and _header(line) != _header(edit.written)]:
        if edit.previous_raw is not None:
            return form.with_raw(text, edit.path, edit.previous_raw)
        return form.without(text, edit.path)
    left.append(f"`{dotted(edit.path)}` was changed since; only our line is taken out of it")
    return form.with_value(text, edit.path, "\n".join(lines))


def _undo_hook(text: str, edit: Edit, form: Format, left: list[str]) -> str:
    groups = form.value_at(text, edit.path)
    place = _place_of(groups, url_of(edit.written))
    if place is None:
        return text
    group, handler = place
    if len(groups[group]["hooks"]) == 1:
        return json_edit.without_element(text, edit.path, group)
    left.append(f"`{dotted(edit.path)}` has another handler beside ours, which stays")
    return json_edit.without_element(text, (*edit.path, group, "hooks"), handler)


_UNDO: Final = {"value": _undo_value, "line": _undo_line, "hook": _undo_hook}


# -- hooks and headers -------------------------------------------------------------------------------------


def url_of(group: Any) -> str:  # noqa: ANN401  whatever JSON has
    """The URL of the first handler of a group of ours."""
    return str(group["hooks"][0]["url"])


def _place_of(groups: Any, url: str) -> tuple[int, int] | None:  # noqa: ANN401  whatever JSON has
    """Group and handler of the hook at this URL; None if there is none."""
    for number, group in enumerate(groups if isinstance(groups, list) else ()):
        handlers = group.get("hooks") if isinstance(group, dict) else None
        for place, handler in enumerate(handlers if isinstance(handlers, list) else ()):
            if isinstance(handler, dict) and handler.get("url") == url:
                return number, place
    return None


def _header(line: str) -> str:
    return line.partition(":")[0].strip().lower()
