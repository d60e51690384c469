"""A mod as the gateway meets it: its questions, and the requests that follow what it was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from gateway_harness import OPUS, Door, as_asked, door

Play = Callable[[Door], Awaitable[None]]


def play(tmp_path: Path, what: Play, **how: Any) -> None:
    how.setdefault("answering", as_asked())

    async def run() -> None:
        async with door(tmp_path, **how) as opened:
            await what(opened)

    asyncio.run(run())


def question(at: Door | None = None, **more: Any) -> dict[str, Any]:
    """A question of the session s1, about the mapper where a door is given."""
    skill = {} if at is None else {"skill": "page-component-mapper", "skill_path": at.skill() + "/SKILL.md"}
    asked = {"session": "s1", "model": OPUS, "effort": "medium", "turn": "t1", "index": 0, **skill, **more}
    return {name: value for name, value in asked.items() if value is not None}


async def ask(at: Door, value: dict[str, Any], path: str = "/v1/decide") -> dict[str, Any]:
    status, _, body = await at.post(value, path)
    assert status == 200, body
    return json.loads(body)


async def make(at: Door, body: dict[str, Any], decision: str = "", **headers: str) -> dict[str, str]:
    """A request of the session s1 that follows a decision; the headers of its answer."""
    named = {"x_tierwise_decision": decision} if decision else {}
    status, answered, raw = await at.post(body, x_claude_code_session_id="s1", **named, **headers)
    assert status == 200, raw
    return answered


def hard(tmp_path: Path, limit: str = "1messages", scope: str = "all") -> Path:
    """A file with one hard budget."""
    file = tmp_path / "purse.yaml"
    file.write_text(f"purse: {{limit: {limit}, window: session, scope: {scope}, hard: true}}\n")
    return file
