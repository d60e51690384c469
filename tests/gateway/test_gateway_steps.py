"""A client that knows where a procedure stands may say so, and the call runs on the step's tier."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway_harness import HAIKU, OPUS, SONNET, Door, as_asked, conversation, door

from tierwise.gateway.headers import OWN

STEPS = """---
name: page-component-mapper
description: Traces imports.
model: {preferred: opus, minimum: haiku}
---
Step 1: Scan all files.
  Model: haiku (mechanical)
Step 2: Classify each component (sonnet).
"""


def play(tmp_path: Path, what: Callable[[Door], Awaitable[None]]) -> None:
    async def run() -> None:
        async with door(tmp_path, as_asked(), skill=STEPS) as at:
            await what(at)

    asyncio.run(run())


def test_the_step_header_chooses_the_steps_tier_and_stays_here(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        body = {"model": OPUS, "max_tokens": 100, "messages": conversation(at.skill())}
        for step in ("", "1", "classify each component", "9"):
            await at.post(body, x_tierwise_step=step)

        assert at.models_asked_for() == [OPUS, HAIKU, SONNET, OPUS]
        assert at.provider is not None
        assert not [
            name for seen in at.provider.seen for name, _ in seen.headers if name.lower().startswith(OWN)
        ]
        records = await at.recorded(4)
        assert [record.warnings for record in records[:3]] == [(), (), ()]
        assert "no step `9`" in records[3].warnings[0]

    play(tmp_path, what)
