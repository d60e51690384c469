"""Requests as a coding agent sends them, put together block by block; and the recorded ones."""

import json
from pathlib import Path
from typing import Any

from tierwise.wire.anthropic import read_request
from tierwise.wire.conversation import Conversation
from tierwise.wire.requests import ModelRequest
from tierwise.wire.skills_in_use import SkillMark, skill_in_use
from tierwise.wire.turns import Turn, turn_of

CAPTURES = Path(__file__).parent.parent / "fixtures" / "captures"

MAPPER = "/home/dev/shop/.claude/skills/page-component-mapper"
INVESTIGATOR = "/home/dev/shop/.claude/skills/ui-bug-investigator"
TAGS = (
    "<command-message>{name}</command-message>\n<command-name>/{name}</command-name>\n"
    "<command-args>{args}</command-args>\n"
)

Block = dict[str, Any]
Message = dict[str, Any]


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def body_of(base_dir: str, args: str = "") -> Block:
    return text(f"Base directory for this skill: {base_dir}\n\n# Skill\n\nDo it.\n" + args)


def result(of: str, said: str | list[Block]) -> Block:
    return {"type": "tool_result", "tool_use_id": of, "content": said}


def call(name: str, id: str, **input: str) -> Block:
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def user(*content: Block | str) -> Message:
    return {"role": "user", "content": [text(c) if isinstance(c, str) else c for c in content]}


def agent(*content: Block | str) -> Message:
    return {"role": "assistant", "content": [text(c) if isinstance(c, str) else c for c in content]}


def system(words: str) -> Message:
    return {"role": "system", "content": words}


def launch(base_dir: str, id: str = "toolu_1", args: str = "src/app.tsx") -> list[Message]:
    """The model calls the Skill tool, and the harness answers."""
    name = base_dir.rpartition("/")[2]
    return [
        agent(call("Skill", id, skill=name, args=args)),
        user(result(id, f"Launching skill: {name}"), body_of(base_dir)),
    ]


def step(id: str = "toolu_2", said: str = "…", tool: str = "Read") -> list[Message]:
    """The model calls another tool and gets its result."""
    return [agent(call(tool, id, file_path="src/app.tsx")), user(result(id, said))]


def turn(*messages: Message | list[Message], subagent: bool = False) -> Turn:
    flat = [m for part in messages for m in (part if isinstance(part, list) else [part])]
    return turn_of(Conversation(encoded(flat)), subagent=subagent)


def skill(*messages: Message | list[Message], subagent: bool = False) -> SkillMark | None:
    return skill_in_use(turn(*messages, subagent=subagent))


def encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def captured(name: str) -> list[ModelRequest]:
    """The requests of one capture, read."""
    return [read_request(*request) for request in raw_requests(name)]


def raw_requests(name: str) -> list[tuple[dict[str, str], str, bytes]]:
    """Headers, path and body of each request of one capture."""
    recorded = json.loads((CAPTURES / f"{name}.json").read_text())
    return [(r["headers"], r["path"], encoded(r["body"])) for r in recorded["requests"]]
