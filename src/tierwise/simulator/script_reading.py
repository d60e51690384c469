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

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, get_args

import msgspec

from tierwise.errors import ConfigError
from tierwise.files.findings import Finding
from tierwise.files.nodes import Node, node_of, read_text, read_yaml
from tierwise.simulator.request import Api
from tierwise.simulator.script import Fault, Match, Respond, Rule, Script, ToolCall, UsageForm
from tierwise.simulator.script_values import (
    Kind,
    Notes,
    fields,
    flag,
    header_value,
    headers,
    items,
    mapping,
    number,
    pattern,
    patterns,
    text,
    text_or_mapping,
    texts,
    word,
)

MAX_DELAY_MS: Final = 60_000


def load_script(path: Path) -> Script:
    """The script in a YAML or JSON file; ConfigError if it cannot be read, or with every mistake in it."""
    written, findings = read_text(path)
    if written is None:
        raise _unusable(findings)
    if path.suffix == ".json":
        return script_in(written, str(path))
    node, findings = read_yaml(written, str(path))
    if findings:
        raise _unusable(findings)
    return _script_at(node or Node((), 0), str(path))


def script_in(raw: str | bytes, origin: str) -> Script:
    """The script in this JSON text; ConfigError if it is none, or with every mistake in it."""
    try:
        node = node_of(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(f"{origin}: the script is not JSON: {error}") from error
    return _script_at(node, origin)


def script_of(value: object, origin: str = "script") -> Script:
    """The script that this value of dicts and lists describes; ConfigError with every mistake in it."""
    return _script_at(node_of(value), origin)


def _script_at(node: Node, origin: str) -> Script:
    notes = Notes(origin)
    is_list = isinstance(node.value, tuple)
    script = Script(rules=_rules(node, "rules", notes)) if is_list else _script(node, notes)
    if notes.findings:
        raise _unusable(notes.findings)
    return script


def _unusable(findings: Iterable[Finding]) -> ConfigError:
    return ConfigError("\n".join(map(str, findings)))


def _script(node: Node, notes: Notes) -> Script:
    return Script(**fields(node, "", _SCRIPT, notes))


def _rules(node: Node, at: str, notes: Notes) -> tuple[Rule, ...]:
    return tuple(_rule(item, place, notes) for item, place in items(node, at, notes))


def _rule(node: Node, at: str, notes: Notes) -> Rule:
    found = fields(node, at, _RULE, notes)
    if isinstance(node.value, Mapping) and ("respond" in node.entries) == ("turn" in node.entries):
        notes.add(node.line, at, "needs either `respond` or `turn`", "Give exactly one of them.")
    if "turn" in found and "times" in found:
        problem, remedy = "does not go with `turn`", "Delete it: a turn plays once for each prompt."
        notes.add(node.line, f"{at}.times", problem, remedy)
    single, turn = found.pop("respond", Respond()), found.pop("turn", ())
    return Rule(match=found.pop("match", Match()), steps=turn or (single,), **found)


def _match(node: Node, at: str, notes: Notes) -> Match:
    return Match(**fields(node, at, _MATCH, notes))


def _respond(node: Node, at: str, notes: Notes) -> Respond:
    return Respond(**fields(node, at, _RESPOND, notes))


def _turn(node: Node, at: str, notes: Notes) -> tuple[Respond, ...]:
    steps = tuple(_respond(item, place, notes) for item, place in items(node, at, notes))
    if node.value == ():
        notes.add(node.line, at, "has no steps", "List at least one answer.")
    elif steps and steps[-1].tool_calls:
        place = f"{at}[{len(steps) - 1}]"
        notes.add(node.line, place, "calls a tool, so the turn never ends", "End the turn with `text`.")
    return steps


def _tool_calls(node: Node, at: str, notes: Notes) -> tuple[ToolCall, ...]:
    return tuple(_tool_call(item, place, notes) for item, place in items(node, at, notes))


def _tool_call(node: Node, at: str, notes: Notes) -> ToolCall:
    found = fields(node, at, _TOOL_CALL, notes)
    if isinstance(node.value, Mapping) and "name" not in node.entries:
        notes.add(node.line, at, "does not name the tool", "Add `name`.")
    return ToolCall(**{"name": "", **found})


def _fault(node: Node, at: str, notes: Notes) -> Fault:
    if isinstance(node.value, str):
        return Fault(message=node.value)
    return Fault(**fields(node, at, _FAULT, notes))


_FAULT: Final[dict[str, Kind]] = {"type": text, "message": text}
_TOOL_CALL: Final[dict[str, Kind]] = {"name": text, "input": text_or_mapping, "id": text, "namespace": text}
_MATCH: Final[dict[str, Kind]] = {
    "api": word(get_args(Api)),
    "path": pattern,
    "model": pattern,
    "body": pattern,
    "system": pattern,
    "prompt": pattern,
    "first_user": pattern,
    "last_user": pattern,
    "header": patterns,
    "has_tool": text,
    "last_tool_result_for": text,
    "stream": flag,
    "agent": flag,
    "request_class": text,
}
_RESPOND: Final[dict[str, Kind]] = {
    "text": text,
    "thinking": text,
    "tool_calls": _tool_calls,
    "model": text,
    "stop_reason": text,
    "usage": mapping,
    "usage_form": word(get_args(UsageForm)),
    "headers": headers,
    "status": number(200, 599),
    "error": _fault,
    "sse_error": _fault,
    "cut_after": number(0, 1_000_000),
    "delay_ms": number(0, MAX_DELAY_MS),
    "event_delay_ms": number(0, MAX_DELAY_MS),
    "raw_body": text,
    "raw_type": header_value,
    "input_tokens": number(0, 1_000_000_000),
}
_RULE: Final[dict[str, Kind]] = {
    "name": text,
    "match": _match,
    "times": number(1, 1_000_000),
    "respond": _respond,
    "turn": _turn,
}
_SCRIPT: Final[dict[str, Kind]] = {
    "rules": _rules,
    "default": _respond,
    "models": texts,
    "strict_models": flag,
    "strict_thinking": flag,
}
