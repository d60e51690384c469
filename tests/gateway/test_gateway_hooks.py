"""Hooks at the gateway: agents on their tier, names, words, notices; and nothing stands in the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from gateway_harness import (
    HAIKU,
    MAPPER,
    OPUS,
    SONNET,
    Door,
    as_asked,
    conversation,
    door,
    request,
    user,
)
from hook_player import PATH, SESSION, agent_file, call, changed, context, denied, hook, starts_agent

Play = Callable[[Door], Awaitable[None]]
DEMANDING = MAPPER.replace("preferred: haiku", "preferred: opus").replace("[haiku, sonnet]", "[haiku, opus]")


def play(tmp_path: Path, what: Play, *, budgets: str = "", quiet: bool = True, **how: Any) -> Door:
    (tmp_path / "budgets.yaml").write_text(budgets)

    async def run() -> Door:
        answering = how.pop("answering", None) or as_asked(input_tokens=1_000)
        async with door(tmp_path, answering, budgets=tmp_path / "budgets.yaml", **how) as opened:
            await what(opened)
        return opened

    opened = asyncio.run(run())
    assert not quiet or opened.alarms == []
    return opened


# -- an agent starts ----------------------------------------------------------------------------------------


def test_an_agent_starts_on_the_tier_of_its_own_block_and_the_rest_of_its_input_stays(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        answer = await starts_agent(at, isolation="worktree")
        assert changed(answer) == {
            "description": "look",
            "prompt": "Look around.",
            "subagent_type": "reviewer",
            "isolation": "worktree",
            "model": "haiku",
        }
        assert "permissionDecision" not in answer["hookSpecificOutput"], "the user is asked what he is asked"
        assert answer["systemMessage"] == "tierwise: reviewer runs on haiku: reviewer prefers haiku"
        again = await starts_agent(at, "t2")
        assert changed(again)
        assert "systemMessage" not in again, "the same is told once"

    play(tmp_path, what)


def test_an_agent_that_the_client_would_run_so_anyway_is_left_alone(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at, "cheap", "model: haiku")
        agent_file(at, "silent", "color: red")
        agent_file(at, "same", "model: {preferred: opus}")
        await call(at)
        assert await starts_agent(at, "t1", "cheap") == {}
        assert await starts_agent(at, "t2", "silent") == {}
        assert await starts_agent(at, "t3", "same") == {}
        assert await starts_agent(at, "t4", "general-purpose") == {}
        assert await starts_agent(at, "t5", "silent", model="sonnet") == {}

    play(tmp_path, what)


def test_what_the_model_put_into_the_call_gives_way_to_the_agents_own_block(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        answer = changed(await starts_agent(at, model="opus"))
        assert answer is not None
        assert answer["model"] == "haiku"
        assert await starts_agent(at, "t2", model="haiku") == {}

    play(tmp_path, what)


def test_an_agent_with_one_skill_of_its_own_starts_on_that_skills_tier(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at, block="skills: page-component-mapper")
        await call(at)
        answer = changed(await starts_agent(at))
        assert answer is not None
        assert answer["model"] == "haiku"

    play(tmp_path, what)


@pytest.mark.parametrize(
    ("words", "model"),
    [
        ("Run everything on sonnet.", "sonnet"),
        ("Let the reviewer agent look, using sonnet.", "sonnet"),
        ("Use the @agent-reviewer on sonnet.", "sonnet"),
        ("Compare the sonnet and the review.", "haiku"),
    ],
)
def test_the_users_words_go_before_the_agents_block(tmp_path: Path, words: str, model: str) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await hook(at, "UserPromptSubmit", prompt=words)
        await call(at, words=words)
        answer = changed(await starts_agent(at))
        assert answer is not None
        assert answer["model"] == model

    play(tmp_path, what)


def test_an_exhausted_hard_budget_denies_the_agent_and_says_what_can_be_done(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        assert await call(at) == 200
        answer = await starts_agent(at)
        why = denied(answer)
        assert why is not None
        assert "purse" in why
        assert "wait for the reset" in why
        assert "tierwise answer" in why
        first, zone = answer["systemMessage"].split("\n")
        assert (first, zone[:25]) == (why, "tierwise: exhausted zone,")
        assert "tierwise answer" not in context(answer), "the denial says it already"

    play(tmp_path, what, budgets="purse: {limit: 1messages, window: session, hard: true}\n")


def test_observing_changes_nothing(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        assert await starts_agent(at) == {}

    play(tmp_path, what, config="mode: observe\n")


def test_without_the_gateway_before_it_a_client_is_served_by_hooks_alone(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        agent_file(at, "silent", "color: red")
        answer = changed(await starts_agent(at))
        assert answer is not None
        assert answer["model"] == "haiku"
        assert await starts_agent(at, "t2", "silent") == {}

    play(tmp_path, what)


# -- who an agent is ----------------------------------------------------------------------------------------


def test_the_relay_obeys_an_agents_own_block_and_its_name_is_in_the_record(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        await hook(at, "SubagentStart", agent_id="a1", agent_type="reviewer")
        await call(at, agent="a1")
        await call(at, agent="a2")
        assert at.models_asked_for() == [OPUS, HAIKU, OPUS]
        _, named, unknown = await at.recorded(3)
        assert (named.agent, named.agent_name, named.skill) == ("a1", "reviewer", None)
        assert (named.preferred_tier, named.reason) == ("haiku", "reviewer prefers haiku")
        assert unknown.agent_name == ""

    play(tmp_path, what)


def test_what_a_hook_changed_is_recorded_as_the_client_would_have_asked(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        await starts_agent(at)
        await hook(at, "SubagentStart", agent_id="a1", agent_type="reviewer")
        await call(at, HAIKU, agent="a1")
        _, record = await at.recorded(2)
        assert (record.asked_model, record.decided_model, record.served_model) == (OPUS, HAIKU, HAIKU)
        assert not record.mismatch
        await starts_agent(at, "t2")
        await hook(at, "SubagentStart", agent_id="a2", agent_type="reviewer")
        await call(at, "claude-haiku-4-5", agent="a2")
        assert at.models_asked_for()[-1] == "claude-haiku-4-5", "what its aliases mean is the client's to say"

    play(tmp_path, what)


def test_a_skill_that_an_agent_calls_goes_before_the_agents_block(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at, block="model: {preferred: sonnet}")
        await call(at)
        await hook(at, "SubagentStart", agent_id="a1", agent_type="reviewer")
        headers = {"x_claude_code_session_id": SESSION, "x_claude_code_agent_id": "a1"}
        await at.post(request(conversation(at.skill())), **headers)
        assert at.models_asked_for()[-1] == HAIKU

    play(tmp_path, what)


# -- skills -------------------------------------------------------------------------------------------------

CALL_MAPPER = {"tool_name": "Skill", "tool_input": {"skill": "page-component-mapper", "args": "a.tsx"}}


def twin_of_mapper(at: Door, tier: str = "haiku", twin_of: str = "page-component-mapper") -> str:
    name = f"page-component-mapper-on-{tier}"
    folder = at.project / ".claude" / "skills" / name
    folder.mkdir()
    head = f"name: {name}\ncontext: fork\nmodel: {tier}\nmetadata:\n  tierwise.twin-of: {twin_of}\n"
    (folder / "SKILL.md").write_text(f"---\n{head}---\nMap.\n")
    return name


def long_conversation() -> Any:
    """A provider whose answers come from a conversation with a large warm cache."""
    return as_asked(input_tokens=500, cache_read_input_tokens=150_000)


def test_a_skill_goes_to_its_twin_where_a_fork_pays(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        twin = twin_of_mapper(at)
        await call(at)
        answer = await hook(at, "PreToolUse", **CALL_MAPPER)
        assert changed(answer) == {"skill": twin, "args": "a.tsx"}
        assert "as a fork on haiku" in answer["systemMessage"]

    play(tmp_path, what, answering=long_conversation())


@pytest.mark.parametrize("why", ["no twin", "another's twin", "another tier", "the user", "same tier"])
def test_a_skill_is_left_alone_where_there_is_no_reason_to_fork(tmp_path: Path, why: str) -> None:
    async def what(at: Door) -> None:
        if why != "no twin":
            tier = "sonnet" if why == "another tier" else "haiku"
            twin_of_mapper(at, tier, "somebody" if why == "another's twin" else "page-component-mapper")
        words = "Map the page using opus." if why == "the user" else "Go."
        await call(at, HAIKU if why == "same tier" else OPUS, words=words)
        assert await hook(at, "PreToolUse", **CALL_MAPPER) == {}

    play(tmp_path, what, answering=long_conversation())


def test_what_makes_up_for_a_lower_tier_reaches_the_model_once_a_turn(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await call(at, SONNET, max_tokens=10)
        first = context(await hook(at, "PreToolUse", **CALL_MAPPER))
        assert "This work usually runs on a more capable model" in first
        assert context(await hook(at, "PreToolUse", **CALL_MAPPER)) == ""
        later = await hook(at, "PreToolUse", prompt_id="p2", **CALL_MAPPER)
        assert "This work usually" in context(later)
        typed = await hook(at, "UserPromptSubmit", prompt_id="p3", prompt="/page-component-mapper a.tsx")
        assert "This work usually" in context(typed)
        assert context(await hook(at, "UserPromptSubmit", prompt_id="p4", prompt="Hello.")) == ""

    config = "weekly_budget: {total_spend: 0.001}\n"
    play(tmp_path, what, config=config, skill=DEMANDING.replace("demand: low", "demand: medium"))


def test_an_agent_below_its_tier_is_told_so_as_it_starts_and_no_other(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        agent_file(at, block="model: {preferred: opus, acceptable: [haiku, opus], reasoning_demand: medium}")
        await call(at)
        answer = changed(await starts_agent(at))
        assert answer is not None
        assert answer["model"] == "haiku"
        assert "This work usually" in context(
            await hook(at, "SubagentStart", agent_id="a1", agent_type="reviewer")
        )
        assert await hook(at, "SubagentStart", agent_id="a2", agent_type="reviewer") == {}
        assert await hook(at, "SubagentStop", agent_id="a1", agent_type="reviewer") == {}

    play(tmp_path, what, config="weekly_budget: {total_spend: 0.001}\n")


# -- prompts ------------------------------------------------------------------------------------------------


def test_words_that_only_the_hook_has_seen_count_for_the_turn(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        summary = user("This session is being continued from a previous conversation. Summary: …")
        headers = {"x_claude_code_session_id": SESSION}
        await hook(at, "UserPromptSubmit", prompt="Go on, everything on haiku.")
        await at.post(request([summary]), **headers)
        await hook(at, "UserPromptSubmit", prompt="<task-notification>\nuse sonnet\n</task-notification>")
        await at.post(request([summary]), **headers)
        await hook(at, "UserPromptSubmit", prompt_id="p2", prompt="And now?")
        await at.post(request([summary], system="x"), **headers, x_claude_code_prompt_id="p2")
        assert at.models_asked_for() == [HAIKU, HAIKU, OPUS]

    play(tmp_path, what)


def test_a_notice_is_told_once_to_user_and_model_at_the_next_prompt(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        for _ in range(2):
            await call(at, SONNET)
        answer = await hook(at, "UserPromptSubmit", prompt="And now?")
        assert answer["systemMessage"].startswith("tierwise: ")
        assert "weekly spend" in answer["systemMessage"]
        assert "no answer of yours is needed" in context(answer)
        assert await hook(at, "UserPromptSubmit", prompt="Anything else?") == {}
        told = {"hook_event_name": "UserPromptSubmit", "session_id": "other", "prompt": "And here?"}
        assert json.loads((await at.post(told, PATH))[2]) == {}

    play(tmp_path, what, config="weekly_budget: {total_spend: 0.003}\n")


def test_a_session_that_ends_is_summed_up_and_forgotten(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await call(at, agent="")
        await hook(at, "SubagentStart", agent_id="a1", agent_type="reviewer")
        assert await hook(at, "SessionEnd", reason="other") == {}
        for _ in range(200):
            if at.notices:
                break
            await asyncio.sleep(0.01)
        (line,) = at.notices
        assert line.startswith("session ended: 1 call, $")
        await hook(at, "SessionEnd", session_id="never seen", reason="other")

    play(tmp_path, what)


# -- what stands in nobody's way ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"hook_event_name": "PreToolUse"}',
        b'{"hook_event_name": 7, "session_id": "s"}',
        b'{"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Agent", "tool_input": 3}',
        b'{"hook_event_name": "PreToolUse", "session_id": "' + b"s" * 500 + b'"}',
        b"\xff" * 40,
    ],
)
def test_what_cannot_be_read_is_answered_with_nothing_and_an_alarm(tmp_path: Path, body: bytes) -> None:
    async def what(at: Door) -> None:
        status, _, answer = await at.post(body, PATH)
        assert (status, answer) == (200, b"{}")
        assert len(at.alarms) == 1

    play(tmp_path, what, quiet=False)


@pytest.mark.parametrize(
    "given",
    [
        {"tool_input": {}},
        {"tool_input": {"subagent_type": "../../etc/passwd"}},
        {"tool_input": {"subagent_type": 4, "model": []}},
        {"tool_input": {"subagent_type": "reviewer", "model": "no such model"}},
        {"cwd": "relative/\x00"},
        {"cwd": "/etc"},
        {"agent_id": "unknown"},
        {"tool_name": "Skill", "tool_input": {"skill": "../x"}},
        {"tool_name": "Skill", "tool_input": {"skill": "no-such"}},
        {"tool_name": "Bash", "tool_input": {"command": "ls"}},
        {"hook_event_name": "Stop"},
        {"hook_event_name": "SubagentStop", "agent_id": "nobody"},
    ],
)
def test_strange_events_change_nothing(tmp_path: Path, given: dict[str, Any]) -> None:
    async def what(at: Door) -> None:
        asked = {"tool_name": "Agent", "tool_use_id": "t", "tool_input": {"prompt": "x"}} | given
        event = asked.pop("hook_event_name", "PreToolUse")
        assert await hook(at, event, **asked) == {}

    play(tmp_path, what)


def test_a_page_is_not_listened_to(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        told = {"hook_event_name": "UserPromptSubmit", "session_id": SESSION, "prompt": "on haiku"}
        assert (await at.post(told, PATH, origin="https://evil.example"))[0] == 403
        assert (await at.post(told, PATH, host="evil.example"))[0] == 403
        assert (await at.post(told, PATH, content_type="text/plain"))[0] == 415
        assert (await at.get(PATH))[0] == 405

    play(tmp_path, what)


def test_a_ledger_that_fails_denies_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def what(at: Door) -> None:
        agent_file(at)
        await call(at)
        monkeypatch.setattr(at.running.ledger, "standings", _broken)
        assert await starts_agent(at) == {}
        assert any("PreToolUse failed and nothing was changed" in alarm for alarm in at.alarms)

    budgets = "purse: {limit: 100usd, window: session, hard: true}\n"
    play(tmp_path, what, budgets=budgets, quiet=False)


def _broken(*_: object) -> None:
    from tierwise.errors import StoreError

    raise StoreError("the disk is full")
