"""Playing: the real `anthropic` SDK as the agent, one session, every call through the gateway's HTTP port.

    prompt ──► Skill(…) ──► "Launching skill: …" + its instructions ──► a tool ──► the answer

The messages have the shapes that Claude Code sends, so the gateway finds the skill in use as it does there.

Source: research/clients.md section 3.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anthropic

from tierwise.demo.session import ASKED_MODEL, SYSTEM_PROMPT, TURNS, Turn, found

SESSION: Final = "demo-session"
MAX_STEPS: Final = 12
TOOLS: Final[list[Any]] = [
    {
        "name": name,
        "description": f"{name} something in the repository.",
        "input_schema": {"type": "object", "properties": {argument: {"type": "string"}}},
    }
    for name, argument in [
        ("Skill", "skill"),
        ("Read", "target"),
        ("Grep", "target"),
        ("Edit", "target"),
        ("Write", "target"),
        ("Bash", "target"),
    ]
]


@dataclass(frozen=True, slots=True)
class Played:
    """One call: the turn and the skill it belongs to, the decision's id, and the model that answered."""

    turn: int
    prompt: str
    skill: str | None
    decision: str
    tier: str
    rule: str
    zone: str
    notice: str
    model: str


@dataclass(frozen=True, slots=True)
class Agent:
    """One conversation with the provider: the main loop, or (with an id) a skill that runs as a fork."""

    client: anthropic.AsyncAnthropic
    messages: list[Any]
    id: str = ""

    async def ask(self) -> tuple[Any, Any]:
        """One streamed call: the whole message, and the answer's headers."""
        async with self.client.messages.stream(
            model=ASKED_MODEL,
            max_tokens=8_192,
            system=[{"type": "text", "text": SYSTEM_PROMPT, "cache_control": {"type": "ephemeral"}}],
            tools=TOOLS,
            messages=_with_cache_mark(self.messages),
            extra_headers={"x-claude-code-agent-id": self.id} if self.id else {},
        ) as stream:
            return await stream.get_final_message(), stream.response.headers

    def hear(self, *blocks: dict[str, Any]) -> None:
        """The next user message."""
        self.messages.append({"role": "user", "content": list(blocks)})


async def play(base_url: str, project: Path, turns: Sequence[Turn] = TURNS) -> AsyncIterator[Played]:
    """Play these turns of a session against a gateway; yields every call as it ends."""
    headers = {"x-claude-code-session-id": SESSION}
    async with anthropic.AsyncAnthropic(
        base_url=base_url, api_key="no-key-needed", default_headers=headers, max_retries=0
    ) as client:
        main = Agent(client, [])
        for number, turn in enumerate(turns, 1):
            main.hear(_text(turn.prompt))
            async for played in _play_turn(main, number, turn, project):
                yield played


async def _play_turn(agent: Agent, number: int, turn: Turn, project: Path) -> AsyncIterator[Played]:
    """Ask until the answer calls no tool; a forked skill is played in a conversation of its own."""
    skill = turn.skill if agent.id else None
    for _ in range(MAX_STEPS):
        answer, headers = await agent.ask()
        yield _played(answer, headers, number, turn, skill)
        agent.messages.append({"role": "assistant", "content": answer.to_dict()["content"]})
        call = next((block for block in answer.content if block.type == "tool_use"), None)
        if call is None:
            return
        if call.name != "Skill":
            agent.hear(_result(call, found(turn, call.input["target"])))
        elif turn.fork:
            fork = Agent(agent.client, [], id=f"fork-{number}")
            fork.hear(_text(f"{_instructions(turn, project)}\n\nARGUMENTS: {turn.prompt}"))
            async for played in _play_turn(fork, number, turn, project):
                yield played
            done = f'Skill "{turn.skill}" completed (forked execution).\n\nResult:\n{turn.outcome}'
            agent.hear(_result(call, done))
        else:
            skill = turn.skill
            launched = _result(call, f"Launching skill: {turn.skill}")
            agent.hear(launched, _text(_instructions(turn, project)))


def _played(answer: Any, headers: Any, number: int, turn: Turn, skill: str | None) -> Played:  # noqa: ANN401
    return Played(
        turn=number,
        prompt=turn.prompt,
        skill=skill,
        decision=headers["x-tierwise-decision"],
        tier=headers["x-tierwise-tier"],
        rule=headers["x-tierwise-rule"],
        zone=headers["x-tierwise-zone"],
        notice=headers.get("x-tierwise-notice", ""),
        model=answer.model,
    )


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _result(call: Any, text: str) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "tool_result", "tool_use_id": call.id, "content": text}


def _instructions(turn: Turn, project: Path) -> str:
    folder = project / ".claude" / "skills" / turn.skill
    body = (folder / "SKILL.md").read_text().partition("\n---\n")[2]
    return f"Base directory for this skill: {folder}\n{body}"


def _with_cache_mark(messages: list[Any]) -> list[Any]:
    """The messages with the last block marked for the prompt cache, as agents do."""
    *earlier, last = messages
    *blocks, block = last["content"]
    marked = {**block, "cache_control": {"type": "ephemeral"}}
    return [*earlier, {**last, "content": [*blocks, marked]}]
