"""Sessions: what the gateway remembers of each agent's current turn.

A skill is in use from where it shows in the messages until the next user prompt. After a compaction the
marks are gone while the skill goes on, so what was found is kept by session, agent and turn. Side requests
(titles, summaries, replies) are shown nothing and leave nothing behind.

What the client's hooks tell is joined here: which agent an id is, and the user's words where the messages
do not show them. Hooks name the session alone; which credential it uses is known from its requests.

Source: research/clients.md section 3; research/peers.md T13, T14, T23.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from tierwise.wire.requests import ModelRequest
from tierwise.wire.skills_in_use import SkillMark

MAX_AGENTS: Final = 4_096
MAX_SESSIONS: Final = 1_024
WORKING_CLASSES: Final = frozenset({"main", "subagent", "workflow"})

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agent stands: its turn, the skill in use, the user's words in the turn, and the model that
    its client asked for."""

    turn: str
    skill: SkillMark | None = None
    words: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose session it is: the credential's fingerprint and the project, as its newest request says."""

    key: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """An agent as hooks told it: its name, and the file that defines it, if one was found."""

    name: str = ""
    file: Path | None = None


NOBODY: Final = Named()


class Sessions:
    """The newest `MAX_AGENTS` agents of `MAX_SESSIONS` sessions, the longest silent given up first."""

    def __init__(self) -> None:
        self._agents: OrderedDict[tuple[str, str, str], Standing] = OrderedDict()
        self._callers: OrderedDict[str, Caller] = OrderedDict()
        self._heard: OrderedDict[str, str] = OrderedDict()
        self._named: OrderedDict[tuple[str, str], Named] = OrderedDict()

    def follow(self, request: ModelRequest) -> Standing:
        """Where the agent stands with this request; remembered if it is the agent's own work."""
        if request.request_class not in WORKING_CLASSES:
            return Standing(request.turn or "")
        agent = (request.key, request.session, request.agent)
        before = self._agents.get(agent, Standing(""))
        turn = request.turn or before.turn
        kept = before if turn == before.turn else Standing(turn)
        heard = "" if request.subagent else self._heard.get(request.session, "")
        words = request.user_words or kept.words or heard
        now = Standing(turn, request.skill or kept.skill, words, request.model)
        _keep(self._agents, agent, now, MAX_AGENTS)
        _keep(self._callers, request.session, Caller(request.key, request.project), MAX_SESSIONS)
        return now

    def caller(self, session: str) -> Caller | None:
        """Whose session it is; None if no request of it was seen."""
        return self._callers.get(session)

    def standing(self, session: str, agent: str = "") -> Standing:
        """Where an agent of the session stands; nowhere if no request of its was seen."""
        caller = self._callers.get(session, Caller())
        return self._agents.get((caller.key, session, agent), Standing(""))

    def hear(self, session: str, words: str) -> None:
        """Take what the user said in the prompt that begins; it stands in where messages show no words."""
        _keep(self._heard, session, words, MAX_SESSIONS)

    def heard(self, session: str) -> str:
        """What the user said in the newest prompt, as a hook told it; "" if none did."""
        return self._heard.get(session, "")

    def name(self, session: str, agent: str, named: Named) -> None:
        """Take who an agent is."""
        _keep(self._named, (session, agent), named, MAX_AGENTS)

    def named(self, session: str, agent: str) -> Named:
        """Who the agent is, as far as hooks told."""
        return self._named.get((session, agent), NOBODY)

    def forget(self, session: str) -> None:
        """Forget a session that has ended, with all its agents."""
        self._callers.pop(session, None)
        self._heard.pop(session, None)
        for agent in [key for key in self._agents if key[1] == session]:
            del self._agents[agent]
        for one in [key for key in self._named if key[0] == session]:
            del self._named[one]

    def turn_of_main(self, request: ModelRequest) -> str:
        """The turn that a subagent works for; "" if it is not known."""
        return self._agents.get((request.key, request.session, ""), Standing("")).turn

    def words_of_main(self, request: ModelRequest) -> str:
        """The user's words in the turn that a subagent works for; "" if they are not known."""
        return self._agents.get((request.key, request.session, ""), Standing("")).words


def _keep(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
