"""opencode: what its requests show of sessions, side requests and skills, over Messages and Chat Completions.

| fact | where it shows |
|---|---|
| session, subagent | `x-session-id`; a subagent has a session of its own, and `x-parent-session-id` |
| side request | no tools; one for a title says so, any other compacts |
| skill, called | a call of `skill` `{"name": …}`, its result `<skill_content name="…">` with the folder |
| skill, typed | the prompt is its instructions, its folder, and behind that what was typed |

The instructions of a typed skill stand in the user's own message: only what is behind them is a person's.
The folder is the last that is named, for the instructions before it are anybody's text.

Source: research/clients.md section 12; requests of opencode 1.18.33.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final, NamedTuple

PARENT_HEADER: Final = "x-parent-session-id"
SESSION_HEADERS: Final = (PARENT_HEADER, "x-session-id", "x-session-affinity")
"""Best first: a subagent belongs to its parent's session."""
SKILL_TOOL: Final = "skill"
LOADED: Final = '<skill_content name="'

_LOADED: Final = re.compile(r'<skill_content name="(?P<name>[^"\n]{1,200})">\n')
_FOLDER: Final = re.compile(r"^Base directory for this skill: (?P<dir>/[^\n]{0,4095})$", re.MULTILINE)
_TYPED: Final = (
    "\nRelative paths in this skill (e.g., scripts/, references/) are relative to this base directory.\n"
)
_TITLE: Final = "Generate a title for this conversation:"


class Loaded(NamedTuple):
    """A skill whose instructions are in the conversation; `base_dir` is None where no folder is named."""

    name: str
    base_dir: str | None
    args: str = ""


def side_class(texts: Iterable[str]) -> str:
    """What a request without tools is for, by the texts of its messages: a title, or a summary."""
    return "auxiliary" if any(text.startswith(_TITLE) for text in texts) else "compaction"


def loaded_skill(result: str) -> Loaded | None:
    """The skill that a result of the skill tool brings; None if it brings none."""
    found = _LOADED.match(result)
    if found is None:
        return None
    folders = _FOLDER.findall(result)
    return Loaded(found["name"], folders[-1].rstrip() if folders else None)


def typed_skill(text: str) -> Loaded | None:
    """The skill that a user message begins with, and what was typed behind it; None if it is no such."""
    head, told, args = text.rpartition(_TYPED)
    folders = _FOLDER.findall(head[-5_000:]) if told else []
    if not folders or not head.endswith(folders[-1]):
        return None
    folder = folders[-1].rstrip()
    return Loaded(PurePosixPath(folder).name, folder, args.strip())
