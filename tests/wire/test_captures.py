"""The recorded requests of the real client, read: every shape that Claude Code 2.1.330 was seen to send."""

import pytest
from spoken import CAPTURES, MAPPER, captured, raw_requests

from tierwise.wire.anthropic import read_request, with_effort
from tierwise.wire.requests import ModelRequest, with_model

HINTS = {
    "x-claude-code-request-class",
    "x-claude-code-prompt-id",
    "x-claude-code-agent-type",
    "x-claude-1p-request-class",
    "x-claude-code-compaction",
}

# Each request: its class and state; the skill in use as how:name(arguments), with ! where it begins; the
# user's words in the turn.
EXPECTED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "agent_explore": (
        ("subagent begins", "fork:model()!", ""),
        ("main", "-", "Use an agent"),
    ),
    "agent_no_hints": (
        ("subagent begins", "-", ""),
        ("subagent pending", "tool:page-component-mapper(src/app.tsx)!", ""),
        ("subagent pending", "tool:page-component-mapper(src/app.tsx)", ""),
        ("main", "-", "Use an agent"),
    ),
    "already_loaded": (
        ("main begins", "-", "Map twice"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)!", "Map twice"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)!", "Map twice"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)", "Map twice"),
    ),
    "commands_tool": (
        ("main pending", "tool:old(one)!", "Go"),
        ("main pending", "tool:home-skill()!", "Go"),
        ("main pending", "tool:bang(q)", "Go"),
        ("main pending", "tool:simplify()!", "Go"),
    ),
    "commands_typed": (
        ("main begins", "typed:old(one two)!", "one two"),
        ("main begins", "typed:home-skill()!", ""),
        ("auxiliary begins", "-", ""),
        ("main begins", "typed:page-component-mapper()!", ""),
        ("main begins", "-", "/nosuch thing"),
        ("main begins", "-", "end"),
    ),
    "compacted": (
        ("main pending", "tool:page-component-mapper(src/app.tsx)!", "Map the page"),
        ("compaction", "tool:page-component-mapper(src/app.tsx)", "Map the page"),
        ("main begins", "-", "go on"),
    ),
    "compacted_midway": (
        ("main pending", "tool:page-component-mapper()!", "Map the page"),
        ("compaction pending", "tool:page-component-mapper()", "Map the page"),
        ("main pending", "-", ""),
        ("main pending", "-", ""),
        ("main begins", "-", "next prompt"),
    ),
    "compacted_no_hints": (
        ("compaction", "-", "Map the page"),
        ("main begins", "-", "go on"),
    ),
    "effort": (
        ("main begins", "-", "Go low"),
        ("main pending", "tool:low-skill()", "Go low"),
        ("main begins", "-", "next"),
    ),
    "fork_explore": (
        ("main pending", "tool:plug:mapper(a)!", "Go"),
        ("subagent begins", "fork:fork-explore()!", ""),
        ("main pending", "tool:plug:mapper(a)", "Go"),
        ("main begins", "typed:plug:mapper(z)!", "z"),
        ("subagent begins", "fork:fork-explore()!", ""),
    ),
    "fork_tool": (
        ("main begins", "-", "Fork the map"),
        ("subagent begins", "fork:fork-mapper(src/app.tsx)!", ""),
        ("subagent pending", "fork:fork-mapper(src/app.tsx)", ""),
        ("main pending", "-", "Fork the map"),
        ("main begins", "-", "thanks"),
    ),
    "fork_typed": (
        ("subagent begins", "fork:fork-mapper(src/app.tsx)!", ""),
        ("subagent pending", "fork:fork-mapper(src/app.tsx)", ""),
        ("main begins", "-", "thanks"),
    ),
    "hooks": (
        ("main begins", "-", "Map the page @src/app.tsx please"),
        ("main pending", "tool:page-component-mapper()", "Map the page @src/app.tsx please"),
        ("main", "tool:page-component-mapper()", "Map the page @src/app.tsx please"),
        ("main begins", "typed:page-component-mapper(@src/app.tsx)!", "@src/app.tsx"),
    ),
    "interrupted": (
        ("main pending", "tool:page-component-mapper()!", "Map the page"),
        ("main begins pending", "-", "no, do it differently"),
    ),
    "nested": (
        ("main begins", "-", "Map it"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)!", "Map it"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)", "Map it"),
        ("main pending", "tool:ui-bug-investigator()!", "Map it"),
        ("main pending", "tool:ui-bug-investigator()", "Map it"),
    ),
    "parallel": (
        ("main begins", "-", "Map it"),
        ("main pending", "tool:ui-bug-investigator(x)!", "Map it"),
    ),
    "preloaded": (
        ("main begins", "-", "Use the agent"),
        ("main pending", "-", "Use the agent"),
        ("subagent begins", "preloaded:page-component-mapper()!", ""),
        ("subagent pending", "preloaded:page-component-mapper()", ""),
        ("main", "-", "Use the agent"),
        ("main begins", "-", "thanks"),
    ),
    "preloaded_two": (
        ("main begins", "-", "Use it"),
        ("subagent begins", "-", ""),
        ("subagent begins", "-", ""),
        ("subagent pending", "-", ""),
        ("main pending", "-", "Use it"),
    ),
    "reinvoked": (
        ("main begins", "-", "Map twice"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)!", "Map twice"),
        ("main pending", "tool:page-component-mapper(src/nav.tsx)!", "Map twice"),
        ("main pending", "tool:page-component-mapper(src/nav.tsx)", "Map twice"),
        ("main begins", "-", "third"),
        ("main pending", "tool:page-component-mapper()!", "third"),
    ),
    "said_meanwhile": (
        ("main pending", "tool:page-component-mapper()", "Map the page\nalso look at nav please"),
        ("main begins", "-", "next"),
    ),
    "said_meanwhile_terminal": (
        (
            "main pending",
            "tool:page-component-mapper(src/app.tsx)",
            "Map the page src/app.tsx\nuse opus for nav",
        ),
        ("main begins", "-", "slow one"),
        ("main begins", "typed:page-component-mapper(queued.tsx)!", "queued.tsx"),
    ),
    "skill_tool": (
        ("main begins", "-", "Map the page src/app.tsx"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)!", "Map the page src/app.tsx"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)", "Map the page src/app.tsx"),
        ("main begins", "-", "thanks, what else?"),
    ),
    "skill_tool_no_hints": (
        ("main begins", "-", "Map the page src/app.tsx"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)!", "Map the page src/app.tsx"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)", "Map the page src/app.tsx"),
        ("main begins", "-", "thanks, what else?"),
    ),
    "skill_typed": (
        ("main begins", "typed:page-component-mapper(src/app.tsx)!", "src/app.tsx"),
        ("main pending", "typed:page-component-mapper(src/app.tsx)", "src/app.tsx"),
        ("main begins", "-", "thanks, what else?"),
    ),
    "terminal": (
        ("auxiliary begins", "-", ""),
        ("main begins", "-", "Map the page src/app.tsx"),
        ("main pending", "tool:page-component-mapper(src/app.tsx)!", "Map the page src/app.tsx"),
        ("main begins", "-", ""),
        ("main begins", "typed:page-component-mapper(src/nav.tsx)!", "src/nav.tsx"),
        ("main begins", "-", "and now [Image] plain words"),
    ),
}


def told(request: ModelRequest) -> tuple[str, str, str]:
    state = [request.request_class]
    state += ["begins"] if request.turn_begins else []
    state += ["pending"] if request.tool_result_pending else []
    mark = request.skill
    skill = f"{mark.how}:{mark.name}({mark.args}){'!' if mark.boundary else ''}" if mark else "-"
    return " ".join(state), skill, request.user_words


def test_every_capture_is_expected() -> None:
    assert {path.stem for path in CAPTURES.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_clients_requests_are_understood(name: str) -> None:
    assert [told(request) for request in captured(name)] == list(EXPECTED[name])


@pytest.mark.parametrize("name", EXPECTED)
def test_hint_headers_are_not_needed_to_find_class_and_skill(name: str) -> None:
    for (headers, path, body), expected in zip(raw_requests(name), EXPECTED[name], strict=True):
        bare = {key: value for key, value in headers.items() if key not in HINTS}
        assert told(read_request(bare, path, body)) == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_requests_of_one_turn_share_its_key_and_other_turns_have_another(name: str) -> None:
    """Without the prompt id of the hint headers; None stands for what only a memory can know."""
    keys: dict[tuple[str, str], list[str | None]] = {}
    for headers, path, body in raw_requests(name):
        request = read_request({k: v for k, v in headers.items() if k not in HINTS}, path, body)
        if request.request_class in ("main", "subagent"):
            seen = keys.setdefault((request.session, request.agent), [])
            if request.turn_begins:
                assert request.turn not in seen
                seen.append(request.turn)
            elif seen:
                assert request.turn in (seen[-1], None)


@pytest.mark.parametrize("name", EXPECTED)
def test_swapping_the_model_there_and_back_restores_every_byte(name: str) -> None:
    for headers, path, body in raw_requests(name):
        asked = read_request(headers, path, body).model
        swapped = with_model(body, "tier-x")
        assert swapped == body.replace(f'"model":"{asked}"'.encode(), b'"model":"tier-x"', 1)
        assert with_model(swapped, asked) == body


def test_the_prompt_id_of_the_hint_headers_is_the_turn() -> None:
    first, second, third, last = captured("skill_tool")
    assert first.turn == second.turn == third.turn != last.turn
    assert first.turn == raw_requests("skill_tool")[0][0]["x-claude-code-prompt-id"]


def test_a_turn_keeps_its_prompt_id_over_a_compaction_and_no_key_is_made_up_for_it() -> None:
    before, compaction, after, later, new = captured("compacted_midway")
    assert before.turn == after.turn == later.turn != new.turn
    assert compaction.request_class == "compaction"
    bare = {"x-claude-code-session-id": "s"}
    keys = [read_request(bare, path, body).turn for _, path, body in raw_requests("compacted_midway")]
    assert keys[2:4] == [None, None]
    assert keys[0] is not None
    assert keys[4] not in (None, keys[0])


def test_the_base_directory_is_the_one_that_the_client_names() -> None:
    for name in ("skill_tool", "skill_typed", "preloaded", "reinvoked"):
        marks = [request.skill for request in captured(name) if request.skill is not None]
        assert {mark.base_dir for mark in marks} == {MAPPER}


def test_a_skill_that_is_already_loaded_above_is_found_where_it_was_loaded() -> None:
    marks = [request.skill for request in captured("already_loaded")[1:]]
    assert [mark.base_dir for mark in marks if mark] == [MAPPER] * 3


def test_a_command_file_and_a_built_in_skill_have_no_folder() -> None:
    old, home, _, simplify = (request.skill for request in captured("commands_tool"))
    assert old is not None
    assert home is not None
    assert simplify is not None
    assert (old.base_dir, simplify.base_dir) == (None, None)
    assert home.base_dir == "/home/dev/.claude/skills/home-skill"


def test_subagents_are_told_apart_by_their_ids_also_where_the_client_gives_none() -> None:
    _, outer, nested, outer_again, _ = captured("preloaded_two")
    assert outer.agent == outer_again.agent == nested.parent_agent != nested.agent
    first, second, main = captured("fork_typed")
    assert first.agent == second.agent != ""
    assert main.agent == ""
    assert first.session == main.session


def test_the_effort_in_force_is_changed_wherever_the_client_says_it() -> None:
    _, inside, _ = captured("effort")
    assert inside.effort == "low"
    body = raw_requests("effort")[1][2]
    changed = with_effort(body, "high")
    assert changed.replace(b'"effort":"high"', b'"effort":"low"') == body
    assert changed.count(b'"effort":"high"') == 2
    assert changed.count(b'"effort":"medium"') == 1
