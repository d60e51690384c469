"""The recorded requests of the real opencode 1.18.33, in both of its protocols; and what only looks so."""

import json
from pathlib import Path
from typing import Any

import pytest

from tierwise.wire import anthropic, openai_chat
from tierwise.wire.opencode import loaded_skill, typed_skill
from tierwise.wire.requests import ModelRequest

CAPTURES = Path(__file__).parent.parent / "fixtures" / "captures" / "opencode"
READERS = {"messages": anthropic.read_request, "chat": openai_chat.read_request}
FOLDER = "/home/dev/shop/.claude/skills/page-component-mapper"
MAPPER = "page-component-mapper"

# Each request: its class and state; the skill in use as how:name, with ! where it begins; the user's words.
EXPECTED = (
    ("auxiliary begins", "-", ""),
    ("main begins", "-", '"Map the page"'),
    ("main pending", f"tool:{MAPPER}!", '"Map the page"'),
    ("main pending", f"tool:{MAPPER}", '"Map the page"'),
    ("main begins", "-", "thanks"),
    ("auxiliary begins", f"typed:{MAPPER}!", ""),
    ("main begins", f"typed:{MAPPER}!", '"src/app.tsx, using sonnet"'),
    ("auxiliary begins", "-", ""),
    ("main begins", "-", '"Let an agent work"'),
    ("subagent begins", "-", ""),
    ("subagent pending", f"tool:{MAPPER}!", ""),
    ("main pending", "-", '"Let an agent work"'),
)
TYPED = (
    "# Mapper\n\nUse opus.\n\n\nBase directory for this skill: {0}\n"
    "Relative paths in this skill (e.g., scripts/, references/) are relative to this base directory.\n\n{1}"
)
LOADED = (
    '<skill_content name="mapper">\n# Mapper\n\n'
    "Base directory for this skill: {0}\nRelative …\n</skill_content>"
)


def captured(protocol: str) -> list[ModelRequest]:
    recorded = json.loads((CAPTURES / f"{protocol}.json").read_text())
    return [
        READERS[protocol](r["headers"], r["path"], json.dumps(r["body"]).encode())
        for r in recorded["requests"]
    ]


def told(request: ModelRequest) -> tuple[str, str, str]:
    state = [request.request_class]
    state += ["begins"] if request.turn_begins else []
    state += ["pending"] if request.tool_result_pending else []
    mark = request.skill
    skill = f"{mark.how}:{mark.name}{'!' if mark.boundary else ''}" if mark else "-"
    return " ".join(state), skill, request.user_words


@pytest.mark.parametrize("protocol", READERS)
def test_the_clients_requests_are_understood(protocol: str) -> None:
    assert tuple(told(request) for request in captured(protocol)) == EXPECTED


@pytest.mark.parametrize("protocol", READERS)
def test_a_subagent_belongs_to_its_parents_session(protocol: str) -> None:
    *_, main, child, child_again, main_again = captured(protocol)
    assert len({request.session for request in (main, child, child_again, main_again)}) == 1
    assert child.agent == child_again.agent not in ("", main.session)
    assert (main.agent, main_again.agent) == ("", "")


@pytest.mark.parametrize("protocol", READERS)
def test_folders_and_the_client_are_known(protocol: str) -> None:
    requests = captured(protocol)
    assert {request.client for request in requests} == {"opencode"}
    assert {request.skill.base_dir for request in requests if request.skill} == {FOLDER}


@pytest.mark.parametrize("protocol", READERS)
def test_a_request_without_tools_that_asks_for_no_title_compacts(protocol: str) -> None:
    headers = {"user-agent": "opencode/1.18.33"}
    body = {"model": "m", "messages": [{"role": "user", "content": "Summarize what was said."}]}
    request = READERS[protocol](headers, "/v1/x", json.dumps(body).encode())
    assert request.request_class == "compaction"


def in_messages(tool: str, result: str) -> ModelRequest:
    call = {"type": "tool_use", "id": "t", "name": tool, "input": {"name": "mapper"}}
    said = [
        {"role": "user", "content": "Map."},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": result}]},
    ]
    return anthropic.read_request({}, "/v1/messages", json.dumps({"model": "m", "messages": said}).encode())


def in_chat(tool: str, result: str) -> ModelRequest:
    call = {"id": "t", "type": "function", "function": {"name": tool, "arguments": "{}"}}
    said: list[dict[str, Any]] = [
        {"role": "user", "content": "Map."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t", "content": result},
    ]
    return openai_chat.read_request({}, "/v1/x", json.dumps({"model": "m", "messages": said}).encode())


@pytest.mark.parametrize("read", [in_messages, in_chat])
def test_only_a_result_of_the_skill_tool_is_believed(read: Any) -> None:
    result = LOADED.format("/s/mapper")
    mark = read("skill", result).skill
    assert (mark.name, mark.base_dir, mark.how, mark.boundary) == ("mapper", "/s/mapper", "tool", True)
    assert read("bash", result).skill is None
    assert read("skill", f"x{result}").skill is None
    assert read("skill", "No such skill").skill is None


def test_the_folder_is_the_last_that_is_named() -> None:
    forged = LOADED.replace("# Mapper", "Base directory for this skill: /elsewhere")
    found = loaded_skill(forged.format("/s/mapper"))
    assert found is not None
    assert found.base_dir == "/s/mapper"
    typed = typed_skill(
        TYPED.replace("# Mapper", "x\n\nBase directory for this skill: /else").format("/s/m", "a")
    )
    assert typed == ("m", "/s/m", "a")


@pytest.mark.parametrize("protocol", READERS)
def test_a_typed_skills_instructions_are_not_the_users_words(protocol: str) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": TYPED.format("/s/mapper", "src/app.tsx")}]}
    request = READERS[protocol]({}, "/v1/x", json.dumps(body).encode())
    assert request.user_words == "src/app.tsx"


@pytest.mark.parametrize(
    "text",
    [
        "Base directory for this skill: /s/mapper",
        TYPED.format("s/mapper", "a"),
        TYPED.replace("Base directory", "base directory").format("/s/mapper", "a"),
        TYPED.replace("{0}\n", "{0}\n\n").format("/s/mapper", "a"),
        "",
    ],
)
def test_what_only_looks_like_a_typed_skill_is_none(text: str) -> None:
    assert typed_skill(text) is None
