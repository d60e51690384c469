"""The skill in use in a Codex conversation: injected by `$name`, or read by the model with a shell.

| how | where it shows | until |
|---|---|---|
| `typed` | a message `<skill>` with name, path and frontmatter, behind the prompt | the next prompt |
| `tool` | a call that reads a SKILL.md, with its result | the next prompt |

Of several, the one that was loaded last counts. A call runs a command in one of four ways: as JSON arguments
of a function (`exec_command`, `shell`), as JavaScript that calls `tools.exec_command`, or as an action of a
local shell, alone or in a list.

Source: research/clients.md section 11; requests of Codex 0.169.0.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from tierwise.wire.codex_text import injected_skill
from tierwise.wire.conversation import read_or_none
from tierwise.wire.response_items import Item, Items
from tierwise.wire.skill_reading import SKILL_FILE, skill_files_read
from tierwise.wire.skills_in_use import SkillMark

SCRIPT_CHARACTERS_MAX: Final = 100_000
"""A longer script is not looked at."""

_CALLS: Final = re.compile(r"\bexec_command\s*\(")
_MEMBER: Final = re.compile(
    r"""["']?\b(?P<key>cmd|workdir)\b["']?\s*:\s*(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)"""
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_CWD: Final = re.compile(r"<cwd>([^<\n]{1,4096})</cwd>")
_CWD_WITHIN: Final = 64
"""So many items are looked at for the working directory: it stands among the first."""


class Command(NamedTuple):
    """A shell command in a call; `directory` is where it asks to run, "" if it does not say."""

    text: str
    directory: str = ""


class _Arguments(msgspec.Struct, frozen=True):
    cmd: str = ""
    command: str | list[str] = ""
    workdir: str | None = None


class _Action(msgspec.Struct, frozen=True):
    command: list[str] = []
    commands: list[str] = []
    working_directory: str | None = None


_text: Final = msgspec.json.Decoder(str)
_arguments: Final = msgspec.json.Decoder(_Arguments)
_action: Final = msgspec.json.Decoder(_Action)


def skill_in_use(items: Items, begins_at: int) -> SkillMark | None:
    """The skill that the turn which begins at that item follows; None if it follows none that can be told."""
    results = {items[at].call_id: at for at in range(begins_at, len(items)) if items[at].is_result}
    answered = next((at for at, item in items.backwards() if item.speaks == "assistant"), -1)
    for at in range(len(items) - 1, begins_at - 1, -1):
        item = items[at]
        if item.speaks == "user":
            found = _injected(item)
            if found is not None:
                return SkillMark(*found, "typed", "", boundary=at > answered)
        elif item.call_id and item.call_id in results:
            files = [file for command in commands_in(item) for file in _files_read(command, items)]
            if len(set(files)) == 1:
                folder = posixpath.dirname(files[0])
                boundary = results[item.call_id] > answered
                return SkillMark(posixpath.basename(folder), folder, "tool", "", boundary)
    return None


def commands_in(item: Item) -> Iterator[Command]:
    """The shell commands that a call runs."""
    if item.type == "function_call":
        asked = read_or_none(_arguments, (read_or_none(_text, item.arguments) or "").encode(errors="replace"))
        if asked is not None:
            command = _shown(asked.command) if isinstance(asked.command, list) else asked.command
            yield Command(asked.cmd or command, asked.workdir or "")
    elif item.type == "custom_tool_call":
        yield from _commands_in_script(read_or_none(_text, item.input) or "")
    elif item.type in ("local_shell_call", "shell_call"):
        action = read_or_none(_action, item.action) or _Action()
        for command in (_shown(action.command), *action.commands):
            yield Command(command, action.working_directory or "")


def _commands_in_script(script: str) -> Iterator[Command]:
    """The commands in JavaScript whose text stands there as it is; nothing is worked out."""
    if SKILL_FILE not in script or len(script) > SCRIPT_CHARACTERS_MAX:
        return
    for arguments in _CALLS.split(script)[1:]:
        said = {
            found["key"]: _unquoted(found["text"]) for found in reversed(list(_MEMBER.finditer(arguments)))
        }
        if "cmd" in said:
            yield Command(said["cmd"], said.get("workdir", ""))


def _unquoted(literal: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), literal[1:-1])


def _shown(words: list[str]) -> str:
    """A command that came in words, as one text that reads as the same words."""
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def _files_read(command: Command, items: Items) -> list[str]:
    if SKILL_FILE not in command.text:
        return []
    return skill_files_read(command.text, posixpath.join(_working_directory(items), command.directory))


def _working_directory(items: Items) -> str:
    """Where the client says that it works; "" if it does not say."""
    for at in range(min(len(items), _CWD_WITHIN)):
        if items[at].speaks == "user":
            for text in items[at].texts:
                found = _CWD.search(text) if text.startswith("<environment_context>") else None
                if found:
                    return found[1]
    return ""


def _injected(item: Item) -> tuple[str, str] | None:
    """Name and folder of the last skill that a message injects; None if it injects none."""
    if item.type != "message":
        return None
    for text in reversed(item.texts):
        skill = injected_skill(text)
        if skill is not None:
            return skill.name, posixpath.dirname(skill.path.replace("\\", "/"))
    return None
