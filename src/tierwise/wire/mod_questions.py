"""A mod's question: one model request as Claude Code's own plugin sees it, before it is made.

    {"session", "model", "effort", "turn", "index", "agent": {"id", "type"}, "skill", "frontmatter",
     "skill_path", "with_agent", "begins", "step", "words"}

Only `session` and `model` must be there. Members that are not known are passed over: a plugin that was
installed with another version may say more, or less.

Source: research/clients.md section 6; rules.md sections 3 and 5.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from tierwise.errors import WireError
from tierwise.wire.callers import ID_CHARACTERS_MAX
from tierwise.wire.harness_text import Kind, command_of, kind_of, own_words

MAX_QUESTION_BYTES: Final = 256 * 1024
MAX_PATH_CHARACTERS: Final = 4_096
MAX_DEPTH: Final = 32
"""A frontmatter that nests deeper was not written by a person."""
_WINDOW_MARK: Final = re.compile(r"\[[^\[\]]*\]$")
"""Claude Code's mark for a long context (`opus[1m]`): it never reaches the wire."""


class AgentIn(msgspec.Struct, frozen=True):
    """The subagent whose loop makes the request: `type` names its definition, `cwd` is where it works."""

    id: str
    type: str = ""
    cwd: str = ""


class ModQuestion(msgspec.Struct, frozen=True):
    """One model request. `agent` is None in the main loop, `index` counts the turn's requests from 0.

    `frontmatter` is what stands above the skill's text, in JSON; `skill_path` the file; `with_agent` says
    that the skill came with the agent. `begins` says that the skill or its step begins with this request.
    `words` is the text that the main loop's turn began with, as the client hands it on: not all of it need
    be a person's.
    """

    session: str
    model: str
    effort: str | None = None
    turn: str = ""
    index: int = 0
    agent: AgentIn | None = None
    skill: str | None = None
    frontmatter: dict[str, Any] | None = None
    skill_path: str | None = None
    with_agent: bool = False
    begins: bool = False
    step: int | str | None = None
    words: str = ""

    @property
    def wire_model(self) -> str:
        """The model as it stands on the wire."""
        return _WINDOW_MARK.sub("", self.model)

    @property
    def agent_id(self) -> str:
        """The subagent's id; "" in the main loop."""
        return self.agent.id if self.agent else ""

    @property
    def forked(self) -> bool:
        """Whether the skill runs in a subagent of its own, for the user's own words."""
        return bool(self.agent_id) and (self.frontmatter or {}).get("context") == "fork"

    @property
    def user_words(self) -> str:
        """What a person said of `words`: a prompt, or the arguments of a skill that was typed."""
        kind = kind_of(self.words)
        if kind is Kind.COMMAND:
            return own_words(command_of(self.words)[1])
        return own_words(self.words) if kind is Kind.WORDS else ""


_question: Final = msgspec.json.Decoder(ModQuestion)


def read_mod_question(body: bytes) -> ModQuestion:
    """The question. Raises WireError with what is wrong, and where."""
    try:
        asked = _question.decode(body)
    except msgspec.MsgspecError as error:
        raise WireError(f"the body is no question: {error}") from error
    except RecursionError as error:
        raise WireError("the body is no question: it nests too deep") from error
    for name, text, longest in (
        ("session", asked.session, ID_CHARACTERS_MAX),
        ("model", asked.model, ID_CHARACTERS_MAX),
        ("turn", asked.turn, ID_CHARACTERS_MAX),
        ("agent.id", asked.agent_id, ID_CHARACTERS_MAX),
        ("agent.type", asked.agent.type if asked.agent else "", ID_CHARACTERS_MAX),
        ("agent.cwd", asked.agent.cwd if asked.agent else "", MAX_PATH_CHARACTERS),
        ("skill", asked.skill or "", ID_CHARACTERS_MAX),
        ("skill_path", asked.skill_path or "", MAX_PATH_CHARACTERS),
    ):
        if len(text) > longest:
            raise WireError(f"the body is no question: `{name}` has more than {longest} characters")
    if not asked.session.strip() or not asked.wire_model.strip():
        raise WireError("the body is no question: `session` and `model` must not be empty")
    if asked.index < 0:
        raise WireError("the body is no question: `index` counts from 0")
    if _nests_deeper(asked.frontmatter, MAX_DEPTH):
        raise WireError(f"the body is no question: `frontmatter` nests deeper than {MAX_DEPTH}")
    return asked


def _nests_deeper(value: object, depth: int) -> bool:
    """Whether lists and mappings stand in each other more than so often."""
    level = [value]
    for _ in range(depth + 1):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return False
    return True


def _within(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
