"""Playing: the real `anthropic` SDK as the agent, one session, every call through the gateway's HTTP port.

    prompt ──► Skill(…) ──► "Launching skill: …" + its instructions ──► a tool ──► the answer

The messages have the shapes that Claude Code sends, so the gateway finds the skill in use as it does there.

Source: research/clients.md section 3.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anthropic

from tierwise.demo.session import ASKED_MODEL, SYSTEM_PROMPT, TURNS, Turn, found

SESSION: Final = "demo-session"
MAX_STEPS: Final = 6
TOOLS: Final = tuple(
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
    ]
)


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


async def play(base_url: str, project: Path) -> AsyncIterator[Played]:
    """Play the session against a gateway; yields every call as it ends."""
    headers = {"x-claude-code-session-id": SESSION}
    async with anthropic.AsyncAnthropic(
        base_url=base_url, api_key="no-key-needed", default_headers=headers, max_retries=0
    ) as client:
        messages: list[Any] = []
        for number, turn in enumerate(TURNS, 1):
            messages.append({"role": "user", "content": [{"type": "text", "text": turn.prompt}]})
            async for played in _play_turn(client, messages, number, turn, project):
                yield played


async def _play_turn(
    client: anthropic.AsyncAnthropic, messages: list[Any], number: int, turn: Turn, project: Path
) -> AsyncIterator[Played]:
    skill: str | None = None
    for _ in range(MAX_STEPS):
        answer, headers = await _ask(client, messages)
        yield Played(
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
        messages.append({"role": "assistant", "content": answer.to_dict()["content"]})
        calls = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            return
        messages.append({"role": "user", "content": _results(calls, turn, project)})
        skill = turn.skill if any(call.name == "Skill" for call in calls) else skill


async def _ask(client: anthropic.AsyncAnthropic, messages: list[Any]) -> tuple[Any, Any]:
    """One streamed call: the whole message, and the answer's headers."""
    async with client.messages.stream(
        model=ASKED_MODEL,
        max_tokens=4_096,
        system=[{"type": "text", "text": SYSTEM_PROMPT, "cache_control": {"type": "ephemeral"}}],
        tools=TOOLS,  # type: ignore[arg-type]
        messages=_with_cache_mark(messages),
    ) as stream:
        return await stream.get_final_message(), stream.response.headers


def _with_cache_mark(messages: list[Any]) -> list[Any]:
    """The messages with the last block marked for the prompt cache, as agents do."""
    *earlier, last = messages
    *blocks, block = last["content"]
    marked = {**block, "cache_control": {"type": "ephemeral"}}
    return [*earlier, {**last, "content": [*blocks, marked]}]


def _results(calls: list[Any], turn: Turn, project: Path) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for call in calls:
        text = f"Launching skill: {turn.skill}" if call.name == "Skill" else found(turn)
        blocks.append({"type": "tool_result", "tool_use_id": call.id, "content": text})
        if call.name == "Skill":
            folder = project / ".claude" / "skills" / turn.skill
            body = (folder / "SKILL.md").read_text().partition("\n---\n")[2]
            blocks.append({"type": "text", "text": f"Base directory for this skill: {folder}\n{body}"})
    return blocks
