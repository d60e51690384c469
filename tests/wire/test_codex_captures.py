"""The recorded requests of the real client, read: every shape that Codex 0.169.0 was seen to send."""

import json
from pathlib import Path

import pytest

from tierwise.wire.openai_responses import read_request
from tierwise.wire.requests import ModelRequest, with_model

CAPTURES = Path(__file__).parent.parent / "fixtures" / "captures" / "codex"
MAPPER = "/home/dev/shop/.agents/skills/page-component-mapper"
NAMED = "$page-component-mapper src/app.tsx"

# Each request: its class and state; the skill in use as how:name, with ! where it begins; the user's words.
EXPECTED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "compacted": (
        ("main begins", "typed:page-component-mapper!", NAMED),
        ("compaction pending", "typed:page-component-mapper", NAMED),
        ("main", "-", NAMED),
        ("main begins", "-", "thanks"),
    ),
    "older_model": (
        ("main begins", "-", "Map the page"),
        ("main pending", "tool:page-component-mapper!", "Map the page"),
        ("main begins", "typed:ui-bug-investigator!", "$ui-bug-investigator a hydration mismatch"),
        ("main begins", "-", "thanks"),
    ),
    "skill_named": (
        ("main begins", "typed:page-component-mapper!", f"{NAMED}, using haiku"),
        ("main pending", "typed:page-component-mapper", f"{NAMED}, using haiku"),
        ("main begins", "-", "thanks"),
    ),
    "skill_read": (
        ("main begins", "-", "Map the page src/app.tsx"),
        ("main pending", "tool:page-component-mapper!", "Map the page src/app.tsx"),
        ("main pending", "tool:page-component-mapper", "Map the page src/app.tsx"),
        ("main begins", "-", "thanks"),
    ),
    "subagent": (
        ("main begins", "-", "Let an agent map the page"),
        ("main pending", "-", "Let an agent map the page"),
        ("subagent begins", "-", ""),
        ("subagent pending", "tool:page-component-mapper!", ""),
        ("main pending", "-", "Let an agent map the page"),
    ),
}


def raw_requests(name: str) -> list[tuple[dict[str, str], str, bytes]]:
    recorded = json.loads((CAPTURES / f"{name}.json").read_text())
    return [
        (r["headers"], r["path"], json.dumps(r["body"], ensure_ascii=False, separators=(",", ":")).encode())
        for r in recorded["requests"]
    ]


def captured(name: str) -> list[ModelRequest]:
    return [read_request(*request) for request in raw_requests(name)]


def told(request: ModelRequest) -> tuple[str, str, str]:
    state = [request.request_class]
    state += ["begins"] if request.turn_begins else []
    state += ["pending"] if request.tool_result_pending else []
    mark = request.skill
    skill = f"{mark.how}:{mark.name}{'!' if mark.boundary else ''}" if mark else "-"
    return " ".join(state), skill, request.user_words


def test_every_capture_is_expected() -> None:
    assert {path.stem for path in CAPTURES.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_clients_requests_are_understood(name: str) -> None:
    assert [told(request) for request in captured(name)] == list(EXPECTED[name])


@pytest.mark.parametrize("name", EXPECTED)
def test_skill_and_words_do_not_hang_on_the_headers(name: str) -> None:
    for (_, path, body), expected in zip(raw_requests(name), EXPECTED[name], strict=True):
        if not expected[0].startswith("subagent"):  # what is said to a subagent looks like what a user says
            assert told(read_request({}, path, body))[1:] == expected[1:]


@pytest.mark.parametrize("name", EXPECTED)
def test_swapping_the_model_there_and_back_restores_every_byte(name: str) -> None:
    for headers, path, body in raw_requests(name):
        asked = read_request(headers, path, body).model
        swapped = with_model(body, "tier-x")
        assert swapped == body.replace(f'"model":"{asked}"'.encode(), b'"model":"tier-x"', 1)
        assert with_model(swapped, asked) == body


def test_the_turn_is_codexs_own_and_stays_the_same_over_a_compaction() -> None:
    before, compaction, after, new = captured("compacted")
    assert before.turn == compaction.turn == after.turn != new.turn
    told = json.loads(raw_requests("compacted")[0][0]["x-codex-turn-metadata"])
    assert before.turn == told["turn_id"]


def test_a_subagent_is_a_thread_of_its_parents_session() -> None:
    main, _, child, _, _ = captured("subagent")
    assert child.session == main.session != ""
    assert (main.agent, main.parent_agent) == ("", "")
    assert child.agent not in ("", main.session)
    assert child.parent_agent == ""
    assert child.model == "gpt-6-luna"


def test_a_subagent_of_a_subagent_names_its_parent() -> None:
    headers, path, body = raw_requests("subagent")[2]
    nested = headers | {"thread-id": "t-2", "x-codex-parent-thread-id": "t-1"}
    request = read_request(nested, path, body)
    assert (request.agent, request.parent_agent) == ("t-2", "t-1")


def test_the_folder_of_a_skill_is_absolute_however_it_was_named() -> None:
    marks = [request.skill for name in EXPECTED for request in captured(name)]
    folders = {mark.base_dir for mark in marks if mark and mark.name == "page-component-mapper"}
    assert folders == {MAPPER}


def test_the_platform_is_codex_and_nothing_bounds_its_answers() -> None:
    for name in EXPECTED:
        for request in captured(name):
            assert (request.client, request.max_tokens, request.unbounded_answers) == ("codex", None, 1)
            assert request.effort in ("low", "medium")


def test_a_side_request_is_auxiliary_and_nobodys_words() -> None:
    headers, path, body = raw_requests("skill_named")[0]
    told = json.loads(headers["x-codex-turn-metadata"]) | {"request_kind": "memory"}
    request = read_request(headers | {"x-codex-turn-metadata": json.dumps(told)}, path, body)
    assert (request.request_class, request.user_words) == ("auxiliary", "")
