"""A gateway on a real port, in front of the simulator or of a provider that a test scripts itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tierwise import wiring
from tierwise.core.ledger import Execution
from tierwise.serving import LoopbackServer, Receive, Scope, Send

MAPPER = """---
name: page-component-mapper
description: Traces imports.
model: {preferred: haiku, acceptable: [haiku, sonnet], minimum: haiku, reasoning_demand: low}
---
# Mapper

Trace the imports.
"""
OPUS = "claude-opus-5-5"
HAIKU = "claude-haiku-5-5"
SONNET = "claude-sonnet-5-5"


@dataclass
class Seen:
    """One request as the provider got it."""

    method: str
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def by_name(self) -> dict[str, str]:
        return {name.decode().lower(): value.decode() for name, value in self.headers}


Answering = Callable[[Seen, Receive, Send], Awaitable[None]]


@dataclass
class Provider:
    """A provider that answers with `answering` and keeps every request as it came."""

    answering: Answering
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        query = scope["query_string"]
        target = scope["raw_path"].decode() + (f"?{query.decode()}" if query else "")
        seen = Seen(scope["method"], target, list(scope["headers"]), body)
        self.seen.append(seen)
        await self.answering(seen, receive, send)


def whole(status: int, body: bytes, **headers: str) -> Answering:
    """Answers everything with this body."""

    async def answer(_: Seen, __: Receive, send: Send) -> None:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return answer


def as_asked(**usage: int) -> Answering:
    """Answers on the model that it is asked for, with this usage."""

    async def answer(seen: Seen, receive: Receive, send: Send) -> None:
        body = message(seen.json["model"], **usage)
        await whole(200, body, content_type="application/json")(seen, receive, send)

    return answer


def message(model: str = OPUS, **usage: int) -> bytes:
    """A whole answer of the Messages API."""
    counts = {"input_tokens": 100, "output_tokens": 20, **usage}
    block = {"type": "text", "text": "done"}
    value = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [block]}
    return json.dumps({**value, "stop_reason": "end_turn", "usage": counts}).encode()


def events(model: str = OPUS, text: str = "done") -> list[bytes]:
    """The events of a streamed answer, one element each."""

    def event(kind: str, **rest: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **rest})}\n\n".encode()

    start = {"id": "msg_1", "model": model, "usage": {"input_tokens": 100, "output_tokens": 1}}
    return [
        event("message_start", message=start),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": text}),
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 20}),
        event("message_stop"),
    ]


@dataclass
class Door:
    """The gateway as a client sees it, with what lies behind."""

    running: wiring.Serving
    provider: Provider | None
    alarms: list[str]
    client: aiohttp.ClientSession
    project: Path
    notices: list[str] = field(default_factory=list)

    async def post(
        self, body: bytes | dict[str, Any], path: str = "/v1/messages", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request; status, headers and body of the answer."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"x-api-key": "sk-test", "content-type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.post(self.running.url + path, data=raw, headers=named) as response:
            return response.status, dict(response.headers), await response.read()

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.client.get(self.running.url + path, headers={"x-api-key": "sk-test"}) as response:
            return response.status, await response.json()

    async def recorded(self, calls: int) -> list[Execution]:
        """The ledger's records, once there are so many."""
        for _ in range(500):
            found = list(self.running.store.executions())
            if len(found) >= calls:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"{len(found)} of {calls} calls were recorded")

    def models_asked_for(self) -> list[str]:
        if self.provider is not None:
            return [seen.json["model"] for seen in self.provider.seen if seen.body]
        assert self.running.simulator is not None
        return [
            entry["model"] for entry in map(_plain, self.running.simulator.log) if entry["api"] == "messages"
        ]

    def skill(self, name: str = "page-component-mapper") -> str:
        return str(self.project / ".claude" / "skills" / name)


def _plain(entry: Any) -> dict[str, Any]:
    return entry if isinstance(entry, dict) else {name: getattr(entry, name) for name in ("model", "api")}


@asynccontextmanager
async def door(
    tmp_path: Path,
    answering: Answering | None = None,
    *,
    skill: str | bytes = MAPPER,
    config: str = "",
    upstream: str | None = None,
    budgets: Path | None = None,
) -> AsyncIterator[Door]:
    """A gateway over a project that holds one skill; in front of the simulator if nothing answers."""
    folder = tmp_path / "project" / ".claude" / "skills" / "page-component-mapper"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_bytes(skill if isinstance(skill, bytes) else skill.encode())
    user_file = tmp_path / "model-routing.yaml"
    user_file.write_text(config)
    alarms: list[str] = []
    notices: list[str] = []
    provider = Provider(answering) if answering else None
    async with aiohttp.ClientSession() as client:
        if provider is None:
            options = _options(tmp_path, user_file, upstream or "simulator", budgets)
            async with wiring.serving(options, alarms.append, notices.append) as running:
                yield Door(running, None, alarms, client, tmp_path / "project", notices)
            return
        async with LoopbackServer(provider) as server:
            options = _options(tmp_path, user_file, server.url, budgets)
            async with wiring.serving(options, alarms.append, notices.append) as running:
                yield Door(running, provider, alarms, client, tmp_path / "project", notices)


def _options(tmp_path: Path, user_file: Path, upstream: str, budgets: Path | None) -> wiring.ServeOptions:
    return wiring.ServeOptions(
        upstream=upstream,
        skill_roots=(tmp_path / "project",),
        project=tmp_path / "project",
        store="memory",
        user_file=user_file,
        state=tmp_path / "home",
        budgets_file=budgets or tmp_path / "budgets.yaml",
    )


def conversation(
    base_dir: str, *after: dict[str, Any], prompt: str = "Map the page."
) -> list[dict[str, Any]]:
    """A turn in which the model has just called the mapper through the Skill tool, and what came after."""
    name = base_dir.rsplit("/", 1)[-1]
    return [
        user(prompt),
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "toolu_1", "name": "Skill", "input": {"skill": name}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": f"Launching skill: {name}"},
                {"type": "text", "text": f"Base directory for this skill: {base_dir}\n\n# Mapper"},
            ],
        },
        *after,
    ]


def typed(base_dir: str, words: str) -> list[dict[str, Any]]:
    """A turn that the user began by typing the skill, with these words: no tool result is pending."""
    name = base_dir.rsplit("/", 1)[-1]
    tags = f"<command-message>{name}</command-message>\n<command-name>/{name}</command-name>\n"
    body = {"type": "text", "text": f"Base directory for this skill: {base_dir}\n\n# Mapper"}
    said = {"type": "text", "text": f"{tags}<command-args>{words}</command-args>"}
    return [{"role": "user", "content": [said, body]}]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def request(messages: list[dict[str, Any]], model: str = OPUS, **more: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 100, "messages": messages, **more}
