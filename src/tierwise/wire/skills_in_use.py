"""The skill in use: which skill's instructions this very request is following.

| how | where it shows | until |
|---|---|---|
| `tool` | the model called the Skill tool, in this turn | the next prompt |
| `typed` | the turn began with `/skill` | the next prompt |
| `fork` | the subagent begins with the skill's instructions | its end |
| `preloaded` | the one skill in the `skills:` of the subagent's definition | its end |

Of several, the last one that was loaded counts; instructions that "are already loaded above" count as loaded
again. Of several skills that came with an agent none can be said to be in use. After a compaction the markers
are gone while the skill goes on: keep what was found, by session and turn key.

Source: research/clients.md section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from tierwise.wire.harness_text import arguments_of, base_dir_of
from tierwise.wire.pieces import Act, Piece, pieces_of
from tierwise.wire.turns import Turn

How = Literal["tool", "typed", "fork", "preloaded"]

_HOW: Final[dict[Act, How]] = {
    Act.LAUNCHED: "tool",
    Act.TYPED: "typed",
    Act.PRELOADED: "preloaded",
}


@dataclass(frozen=True, slots=True)
class SkillMark:
    """A skill in use. `name` may be qualified (`plugin:skill`); `args` are its arguments, "" if none.

    `base_dir` is the absolute folder of its SKILL.md as the client names it: untrusted, and None for a
    skill that has no folder (built into the client, or a command). `boundary` says that the skill begins
    with this very request.
    """

    name: str
    base_dir: str | None
    how: How
    args: str
    boundary: bool


def skill_in_use(turn: Turn) -> SkillMark | None:
    """The skill whose instructions the request follows; None if it follows none that can be told."""
    loaded = [piece for index, piece in enumerate(turn.pieces) if _loads(turn, index, piece)]
    if not loaded:
        return None
    last = loaded[-1]
    if last.act is Act.PRELOADED and [piece.act for piece in loaded].count(Act.PRELOADED) > 1:
        return None
    boundary = last.at == turn.conversation.last()
    if last.act is Act.OPENED:
        return _forked(last.text, boundary)
    base_dir = _base_dir_before(turn, last) if last.reloaded else last.base_dir
    return SkillMark(last.skill, base_dir, _HOW[last.act], last.text, boundary)


def _loads(turn: Turn, index: int, piece: Piece) -> bool:
    """Whether the piece loads a skill: bare instructions do only as the first words to a subagent."""
    return piece.act in _HOW or (piece.act is Act.OPENED and turn.subagent and index == 0)


def _forked(text: str, boundary: bool) -> SkillMark | None:
    base_dir = base_dir_of(text)
    assert base_dir is not None, "instructions that open with the words name a folder"
    name = PurePosixPath(base_dir.replace("\\", "/")).name
    return SkillMark(name, base_dir, "fork", arguments_of(text), boundary)


def _base_dir_before(turn: Turn, piece: Piece) -> str | None:
    """The folder under which a skill of that name was loaded earlier in the conversation."""
    conversation = turn.conversation
    for index in conversation.backwards("user", piece.at + 1):
        for earlier in reversed(pieces_of(conversation, index)):
            if earlier.skill == piece.skill and earlier.base_dir is not None:
                return earlier.base_dir
    return None
