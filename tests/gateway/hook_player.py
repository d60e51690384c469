"""What Claude Code does around its agents, as a client of the gateway: hooks, and the calls between them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gateway_harness import OPUS, Answering, Door, Seen, message, request, user, whole

from tierwise.serving import Receive, Send

PATH = "/tierwise/hooks/claude"
SESSION = "s1"


async def hook(at: Door, event: str, **fields: Any) -> dict[str, Any]:
    """The answer to one event of the session, as the client reads it."""
    told = {
        "hook_event_name": event,
        "session_id": SESSION,
        "prompt_id": "p1",
        "cwd": str(at.project),
        **fields,
    }
    status, _, body = await at.post(told, PATH)
    assert status == 200, body
    answer = json.loads(body)
    assert isinstance(answer, dict)
    return answer


async def starts_agent(at: Door, call: str = "t1", type: str = "reviewer", **given: str) -> dict[str, Any]:
    """PreToolUse of Agent."""
    asked = {"description": "look", "prompt": "Look around.", "subagent_type": type, **given}
    return await hook(at, "PreToolUse", tool_name="Agent", tool_use_id=call, tool_input=asked)


def changed(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The input as the hook changed it; None where it did not."""
    return answer.get("hookSpecificOutput", {}).get("updatedInput")


def denied(answer: dict[str, Any]) -> str | None:
    """Why the hook denied the call; None where it did not."""
    told = answer.get("hookSpecificOutput", {})
    return told.get("permissionDecisionReason") if told.get("permissionDecision") == "deny" else None


def context(answer: dict[str, Any]) -> str:
    return str(answer.get("hookSpecificOutput", {}).get("additionalContext", ""))


async def call(at: Door, model: str = OPUS, agent: str = "", words: str = "Go.", **more: Any) -> int:
    """One request of the main loop, or of an agent; its status."""
    headers = {"x_claude_code_session_id": SESSION, "x_claude_code_prompt_id": "p1"}
    headers["x_claude_code_request_class"] = "subagent" if agent else "main"
    if agent:
        headers["x_claude_code_agent_id"] = agent
    return (await at.post(request([user(words)], model, **more), **headers))[0]


def starting(calls: Sequence[str], **usage: int) -> Answering:
    """Starts these agents, all at once, when the main loop asks; agents write as much as they may."""

    async def answer(seen: Seen, receive: Receive, send: Send) -> None:
        asked = seen.json
        if "x-claude-code-agent-id" in seen.by_name:
            used = {"input_tokens": 10, "output_tokens": asked["max_tokens"], **usage}
            body = message(asked["model"], **used)
        else:
            value = json.loads(message(asked["model"]))
            value["content"] = [
                {"type": "tool_use", "id": id, "name": "Agent", "input": {"prompt": "Look."}} for id in calls
            ]
            body = json.dumps(value).encode()
        await whole(200, body, content_type="application/json")(seen, receive, send)

    return answer


def agent_file(at: Door, name: str = "reviewer", block: str = "model: {preferred: haiku}") -> None:
    folder = at.project / ".claude" / "agents"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(
        f"---\nname: {name}\ndescription: Reviews.\n{block}\n---\nReview it.\n"
    )
