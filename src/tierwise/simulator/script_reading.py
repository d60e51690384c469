"""Reading a script: a file, JSON text or a Python value becomes a Script, or every mistake in it is named.

    rules:                                            a bare list is its rules
      - match: {prompt: map the page}
        turn: [{tool_calls: [{name: Read}]}, {text: done}]
      - respond: {status: 529}
        times: 2
    default: {text: hello}
    models: [claude-haiku-5-5]
    strict_models: true

Each table at the end is one object of the format: its keys, and what may stand there.

Source: style.md, "Errors"; research/clients.md section 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from tierwise.errors import ConfigError
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.nodes import Node, node_of, read_text, read_yaml
from tierwise.simulator.request import Api
from tierwise.simulator.script import Fault, Match, Respond, Rule, Script, ToolCall, UsageForm

MAX_DELAY_MS: Final = 60_000
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


@dataclass(slots=True)
class _Notes:
    """The mistakes found so far in what came from `origin`."""

    origin: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, line: int, key: str, problem: str, remedy: str) -> None:
        """Note one mistake at a dotted key."""
        self.findings.append(Finding(self.origin, line, key, problem, remedy, "error", "simulator-script"))


_Kind = Callable[[Node, str, _Notes], object]


def load_script(path: Path) -> Script:
    """The script in a YAML or JSON file; ConfigError if it cannot be read, or with every mistake in it."""
    text, findings = read_text(path)
    if text is None:
        raise _unusable(findings)
    if path.suffix == ".json":
        return script_in(text, str(path))
    node, findings = read_yaml(text, str(path))
    if findings:
        raise _unusable(findings)
    return _script_at(node or Node((), 0), str(path))


def script_in(text: str | bytes, origin: str) -> Script:
    """The script in this JSON text; ConfigError if it is none, or with every mistake in it."""
    try:
        node = node_of(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(f"{origin}: the script is not JSON: {error}") from error
    return _script_at(node, origin)


def script_of(value: object, origin: str = "script") -> Script:
    """The script that this value of dicts and lists describes; ConfigError with every mistake in it."""
    return _script_at(node_of(value), origin)


def _script_at(node: Node, origin: str) -> Script:
    notes = _Notes(origin)
    is_list = isinstance(node.value, tuple)
    script = Script(rules=_rules(node, "rules", notes)) if is_list else _script(node, notes)
    if notes.findings:
        raise _unusable(notes.findings)
    return script


def _unusable(findings: Iterable[Finding]) -> ConfigError:
    return ConfigError("\n".join(map(str, findings)))


def _script(node: Node, notes: _Notes) -> Script:
    return Script(**_fields(node, "", _SCRIPT, notes))


def _rules(node: Node, at: str, notes: _Notes) -> tuple[Rule, ...]:
    return tuple(_rule(item, place, notes) for item, place in _items(node, at, notes))


def _rule(node: Node, at: str, notes: _Notes) -> Rule:
    found = _fields(node, at, _RULE, notes)
    if isinstance(node.value, Mapping) and ("respond" in node.entries) == ("turn" in node.entries):
        notes.add(node.line, at, "needs either `respond` or `turn`", "Give exactly one of them.")
    if "turn" in found and "times" in found:
        problem, remedy = "does not go with `turn`", "Delete it: a turn plays once for each prompt."
        notes.add(node.line, f"{at}.times", problem, remedy)
    single, turn = found.pop("respond", Respond()), found.pop("turn", ())
    return Rule(match=found.pop("match", Match()), steps=turn or (single,), **found)


def _match(node: Node, at: str, notes: _Notes) -> Match:
    return Match(**_fields(node, at, _MATCH, notes))


def _respond(node: Node, at: str, notes: _Notes) -> Respond:
    return Respond(**_fields(node, at, _RESPOND, notes))


def _turn(node: Node, at: str, notes: _Notes) -> tuple[Respond, ...]:
    steps = tuple(_respond(item, place, notes) for item, place in _items(node, at, notes))
    if node.value == ():
        notes.add(node.line, at, "has no steps", "List at least one answer.")
    elif steps and steps[-1].tool_calls:
        place = f"{at}[{len(steps) - 1}]"
        notes.add(node.line, place, "calls a tool, so the turn never ends", "End the turn with `text`.")
    return steps


def _tool_calls(node: Node, at: str, notes: _Notes) -> tuple[ToolCall, ...]:
    return tuple(_tool_call(item, place, notes) for item, place in _items(node, at, notes))


def _tool_call(node: Node, at: str, notes: _Notes) -> ToolCall:
    found = _fields(node, at, _TOOL_CALL, notes)
    if isinstance(node.value, Mapping) and "name" not in node.entries:
        notes.add(node.line, at, "does not name the tool", "Add `name`.")
    return ToolCall(**{"name": "", **found})


def _fault(node: Node, at: str, notes: _Notes) -> Fault:
    if isinstance(node.value, str):
        return Fault(message=node.value)
    return Fault(**_fields(node, at, _FAULT, notes))


def _fields(node: Node, at: str, kinds: Mapping[str, _Kind], notes: _Notes) -> dict[str, Any]:
    """The known fields of a mapping, read; what is wrong is noted."""
    if not isinstance(node.value, Mapping):
        notes.add(node.line, at, f"is {node.shown}, not a mapping", f"Known here: {_words(kinds)}.")
    found: dict[str, Any] = {}
    for key, (line, item) in node.entries.items():
        place = f"{at}.{key}" if at else key
        if key in kinds:
            found[key] = kinds[key](item, place, notes)
        else:
            near = did_you_mean(key, kinds)
            remedy = f"Did you mean `{near}`?" if near else f"Known here: {_words(kinds)}."
            notes.add(line, place, "is not a key", remedy)
    return found


def _items(node: Node, at: str, notes: _Notes) -> Iterator[tuple[Node, str]]:
    """The members of a list, each with its place; what is no list is noted and has none."""
    if not isinstance(node.value, tuple):
        notes.add(node.line, at, f"is {node.shown}, not a list", "Write a list.")
    return ((item, f"{at}[{index}]") for index, item in enumerate(node.items))


def _text(node: Node, at: str, notes: _Notes) -> str:
    if isinstance(node.value, str):
        return node.value
    notes.add(node.line, at, f"is {node.shown}, not text", "Write text; put a number in quotes.")
    return ""


def _flag(node: Node, at: str, notes: _Notes) -> bool:
    if isinstance(node.value, bool):
        return node.value
    notes.add(node.line, at, f"is {node.shown}, not a boolean", "Write true or false.")
    return False


def _number(low: int, high: int) -> _Kind:
    def read(node: Node, at: str, notes: _Notes) -> int:
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        notes.add(node.line, at, f"is {node.shown}", f"Write a whole number from {low} to {high}.")
        return low

    return read


def _word(known: tuple[str, ...]) -> _Kind:
    def read(node: Node, at: str, notes: _Notes) -> str:
        if node.value not in known:
            notes.add(node.line, at, f"is {node.shown}", f"Write one of {_words(known)}.")
        return node.text

    return read


def _pattern(node: Node, at: str, notes: _Notes) -> re.Pattern[str]:
    try:
        return re.compile(_text(node, at, notes), re.DOTALL)
    except re.error as error:
        remedy = "Mend it; a backslash before a character means the character itself."
        notes.add(node.line, at, f"is not a regular expression: {error}", remedy)
        return re.compile("")


def _patterns(node: Node, at: str, notes: _Notes) -> tuple[tuple[str, re.Pattern[str]], ...]:
    entries = _entries(node, at, notes)
    return tuple((name.lower(), _pattern(item, f"{at}.{name}", notes)) for name, item in entries)


def _entries(node: Node, at: str, notes: _Notes) -> Iterator[tuple[str, Node]]:
    """The entries of a mapping with keys of any name; what is no mapping is noted and has none."""
    if not isinstance(node.value, Mapping):
        notes.add(node.line, at, f"is {node.shown}, not a mapping", "Write names with their values.")
    return ((key, entry.node) for key, entry in node.entries.items())


def _object(node: Node, at: str, notes: _Notes) -> dict[str, object]:
    return {key: _plain(item) for key, item in _entries(node, at, notes)}


def _plain(node: Node) -> object:
    """The value without its lines."""
    if isinstance(node.value, Mapping):
        return {key: _plain(entry.node) for key, entry in node.entries.items()}
    return [_plain(item) for item in node.items] if isinstance(node.value, tuple) else node.value


def _headers(node: Node, at: str, notes: _Notes) -> tuple[tuple[str, str], ...]:
    pairs = []
    for name, item in _entries(node, at, notes):
        if not _HEADER_NAME.fullmatch(name):
            remedy = "Use letters, digits and hyphens."
            notes.add(item.line, f"{at}.{name}", "is not the name of a header", remedy)
        pairs.append((name.lower(), _header_value(item, f"{at}.{name}", notes)))
    return tuple(pairs)


def _header_value(node: Node, at: str, notes: _Notes) -> str:
    text = _text(node, at, notes)
    if not _HEADER_VALUE.fullmatch(text):
        notes.add(node.line, at, "cannot be sent in a header", "Write it on one line, in Latin-1.")
    return text


def _texts(node: Node, at: str, notes: _Notes) -> tuple[str, ...]:
    return tuple(_text(item, place, notes) for item, place in _items(node, at, notes))


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


_FAULT: Final[dict[str, _Kind]] = {"type": _text, "message": _text}
_TOOL_CALL: Final[dict[str, _Kind]] = {"name": _text, "input": _object, "id": _text}
_MATCH: Final[dict[str, _Kind]] = {
    "api": _word(get_args(Api)),
    "path": _pattern,
    "model": _pattern,
    "body": _pattern,
    "system": _pattern,
    "prompt": _pattern,
    "first_user": _pattern,
    "last_user": _pattern,
    "header": _patterns,
    "has_tool": _text,
    "last_tool_result_for": _text,
    "stream": _flag,
    "agent": _flag,
    "request_class": _text,
}
_RESPOND: Final[dict[str, _Kind]] = {
    "text": _text,
    "thinking": _text,
    "tool_calls": _tool_calls,
    "model": _text,
    "stop_reason": _text,
    "usage": _object,
    "usage_form": _word(get_args(UsageForm)),
    "headers": _headers,
    "status": _number(200, 599),
    "error": _fault,
    "sse_error": _fault,
    "cut_after": _number(0, 1_000_000),
    "delay_ms": _number(0, MAX_DELAY_MS),
    "event_delay_ms": _number(0, MAX_DELAY_MS),
    "raw_body": _text,
    "raw_type": _header_value,
    "input_tokens": _number(0, 1_000_000_000),
}
_RULE: Final[dict[str, _Kind]] = {
    "name": _text,
    "match": _match,
    "times": _number(1, 1_000_000),
    "respond": _respond,
    "turn": _turn,
}
_SCRIPT: Final[dict[str, _Kind]] = {
    "rules": _rules,
    "default": _respond,
    "models": _texts,
    "strict_models": _flag,
}
