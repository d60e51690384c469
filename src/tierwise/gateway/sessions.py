"""Sessions: what the gateway remembers of each agent's current turn.

A skill is in use from where it shows in the messages until the next user prompt. After a compaction the
marks are gone while the skill goes on, so what was found is kept by session, agent and turn. Side requests
(titles, summaries, replies) are shown nothing and leave nothing behind.

Source: research/clients.md section 3; research/peers.md T13, T14, T23.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from tierwise.wire.requests import ModelRequest
from tierwise.wire.skills_in_use import SkillMark

MAX_AGENTS: Final = 4_096
WORKING_CLASSES: Final = frozenset({"main", "subagent", "workflow"})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agent stands: its turn, the skill in use, and the user's words in the turn."""

    turn: str
    skill: SkillMark | None = None
    words: str = ""


class Sessions:
    """The newest `MAX_AGENTS` agents, the longest silent given up first."""

    def __init__(self) -> None:
        self._agents: OrderedDict[tuple[str, str, str], Standing] = OrderedDict()

    def follow(self, request: ModelRequest) -> Standing:
        """Where the agent stands with this request; remembered if it is the agent's own work."""
        if request.request_class not in WORKING_CLASSES:
            return Standing(request.turn or "")
        agent = (request.key, request.session, request.agent)
        before = self._agents.get(agent, Standing(""))
        turn = request.turn or before.turn
        kept = before if turn == before.turn else Standing(turn)
        now = Standing(turn, request.skill or kept.skill, request.user_words or kept.words)
        self._agents[agent] = now
        self._agents.move_to_end(agent)
        while len(self._agents) > MAX_AGENTS:
            self._agents.popitem(last=False)
        return now

    def turn_of_main(self, request: ModelRequest) -> str:
        """The turn that a subagent works for; "" if it is not known."""
        return self._agents.get((request.key, request.session, ""), Standing("")).turn

    def words_of_main(self, request: ModelRequest) -> str:
        """The user's words in the turn that a subagent works for; "" if they are not known."""
        return self._agents.get((request.key, request.session, ""), Standing("")).words
