"""A request that follows what a mod was told is left alone, and recorded as it was asked and decided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gateway_harness import HAIKU, OPUS, SONNET, Door, conversation, request, typed, user
from mod_harness import ask, make, play, question

from tierwise.core.ledger import Execution


def by_id(records: list[Execution]) -> dict[str, Execution]:
    return {record.id: record for record in records}


def test_a_decided_request_goes_out_byte_for_byte_and_is_recorded_as_it_was_asked_and_decided(
    tmp_path: Path,
) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at, begins=True))
        body = json.dumps(request(typed(at.skill(), "go"), model=HAIKU), indent=1).encode()
        headers = await at.post(body, x_claude_code_session_id="s1", x_tierwise_decision=answer["id"])
        (record,) = await at.recorded(1)

        assert at.provider is not None
        assert at.provider.seen[0].body == body
        assert not [name for name in at.provider.seen[0].by_name if name.startswith("x-tierwise")]
        assert headers[1]["x-tierwise-decision"] == answer["id"] == record.id
        assert (record.asked_model, record.decided_model, record.served_model) == (OPUS, HAIKU, HAIKU)
        assert (record.skill, record.rule, record.mismatch) == ("page-component-mapper", "preferred", False)
        assert at.alarms == []

    play(tmp_path, what)


def test_a_request_that_is_sent_again_is_recorded_again(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at))
        for _ in range(3):
            await make(at, request(typed(at.skill(), "go"), model=HAIKU), answer["id"])
        records = await at.recorded(3)
        assert len({record.id for record in records}) == 3
        assert {(record.asked_model, record.decided_model) for record in records} == {(OPUS, HAIKU)}
        assert at.models_asked_for() == [HAIKU] * 3

    play(tmp_path, what)


def test_the_mods_choice_is_no_wish_of_the_users(tmp_path: Path) -> None:
    """Within a skill that upgrades, the model that the mod put there is neither ceiling nor wish."""

    async def what(at: Door) -> None:
        lower = await ask(at, question(at))
        await make(at, request(typed(at.skill(), "go"), model=HAIKU), lower["id"])
        plain = await ask(at, question(turn="t2"))
        assert plain["model"] == OPUS
        await make(at, request([user("And now?")]), plain["id"])
        undecided = request([user("And now?")], model=HAIKU)
        await make(at, undecided)
        asked = [record.asked_model for record in await at.recorded(3)]
        assert asked == [OPUS, OPUS, HAIKU]

    play(tmp_path, what)


@pytest.mark.parametrize("other", ["session", "agent", "class", "unknown", "garbage"])
def test_a_decision_is_followed_only_by_the_loop_that_it_was_made_for(tmp_path: Path, other: str) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at))
        body = request([user("Hello.")], model=HAIKU)
        id = {"unknown": "0" * 25, "garbage": ", ,\u00e9" * 100}.get(other, answer["id"])
        headers = {"x_claude_code_session_id": "other" if other == "session" else "s1"}
        if other == "agent":
            headers["x_claude_code_agent_id"] = "a9"
        if other == "class":
            headers["x_claude_code_request_class"] = "auxiliary"
        await at.post(body, x_tierwise_decision=id, **headers)
        (record,) = await at.recorded(1)
        assert (record.asked_model, record.skill) == (HAIKU, None)
        assert record.id != answer["id"]

    play(tmp_path, what)


def test_of_several_decisions_under_way_a_request_finds_its_own(tmp_path: Path) -> None:
    """Agents at work side by side name all that is under way; without an id on the wire, by model."""

    async def what(at: Door) -> None:
        ids = {}
        for agent in ("a1", "a2", "a3"):
            skilled = at if agent == "a2" else None
            answer = await ask(at, question(skilled, agent={"id": agent, "type": "Explore"}))
            ids[agent] = answer["id"]
        named = ",".join(ids.values())
        for agent, model in (("a3", OPUS), ("a2", HAIKU), ("a1", OPUS)):
            await make(at, request([user("Look.")], model=model), named, x_claude_code_agent_id=agent)
        unnamed = {"x_claude_code_request_class": "subagent"}
        again = await ask(at, question(at, agent={"id": "a2", "type": "Explore"}))
        both = f"{again['id']},{(await ask(at, question(agent={'id': 'a4'})))['id']}"
        await make(at, request([user("Look.")], model=HAIKU), both, **unnamed)
        records = by_id(await at.recorded(4))
        assert {agent: records[id].agent for agent, id in ids.items()} == {agent: agent for agent in ids}
        assert (records[ids["a2"]].skill, records[ids["a2"]].agent_name) == (
            "page-component-mapper",
            "Explore",
        )
        assert (records[again["id"]].agent, records[again["id"]].asked_model) == ("a2", OPUS)

    play(tmp_path, what)


def test_where_the_mod_saw_no_skill_and_the_messages_show_one_the_relay_decides(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question())
        await make(at, request(conversation(at.skill())), answer["id"])
        assert at.models_asked_for() == [HAIKU]
        (record,) = await at.recorded(1)
        assert (record.asked_model, record.skill) == (OPUS, "page-component-mapper")

    play(tmp_path, what)


def test_a_pin_on_the_request_is_stronger_than_what_the_mod_was_told(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at))
        await make(at, request(typed(at.skill(), "go"), model=HAIKU), answer["id"], x_tierwise_tier="sonnet")
        await make(at, request(typed(at.skill(), "go"), model=HAIKU), answer["id"], x_tierwise_tier="opus")
        assert at.models_asked_for() == [SONNET, OPUS]
        assert {record.asked_model for record in await at.recorded(2)} == {OPUS}

    play(tmp_path, what)


def test_a_client_that_keeps_its_own_model_is_served_with_it_and_that_is_told(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at))
        await make(at, request(typed(at.skill(), "go"), model=SONNET), answer["id"])
        assert at.models_asked_for() == [SONNET]
        (record,) = await at.recorded(1)
        assert (record.asked_model, record.decided_model, record.served_model) == (OPUS, HAIKU, SONNET)
        assert record.mismatch
        assert any("decided claude-haiku-5-5" in alarm for alarm in at.alarms)

    play(tmp_path, what)


def test_a_session_that_the_user_named_follows_what_the_mod_was_told_too(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at))
        body = request(typed(at.skill(), "go"), model=HAIKU)
        await make(at, body, answer["id"], x_tierwise_session="my-own-name")
        (record,) = await at.recorded(1)
        assert (record.id, record.session, record.asked_model) == (answer["id"], "my-own-name", OPUS)

    play(tmp_path, what)


def test_what_a_mod_told_of_a_skill_holds_for_a_request_that_it_could_not_ask_about(tmp_path: Path) -> None:
    folder = tmp_path / "other" / "far-away"

    async def what(at: Door) -> None:
        for decision in ("", "unknown"):
            await make(at, request(typed(str(folder), "go")), decision)
        assert at.models_asked_for() == [OPUS, OPUS]
        assert "outside the allowed skill roots" in at.alarms[0]
        frontmatter = {"name": "far-away", "model": {"preferred": "haiku"}}
        skill = {"skill": "far-away", "skill_path": str(folder / "SKILL.md"), "frontmatter": frontmatter}
        await ask(at, question(**skill))
        await make(at, request(typed(str(folder), "go")))
        assert at.models_asked_for()[2:] == [HAIKU]

    play(tmp_path, what)
