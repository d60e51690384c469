"""What the gateway decides and sends, seen from both ends: the client's and the provider's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anthropic
import pytest
from gateway_harness import (
    HAIKU,
    MAPPER,
    OPUS,
    SONNET,
    Door,
    conversation,
    door,
    message,
    request,
    typed,
    user,
    whole,
)

Play = Callable[[Door], Awaitable[None]]


def play(tmp_path: Path, what: Play, **how: Any) -> None:
    """Open the door and play."""

    async def run() -> None:
        async with door(tmp_path, **how) as opened:
            await what(opened)

    asyncio.run(run())


def test_requests_inside_a_skill_go_to_its_tier_and_everything_else_stays(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request([user("Map the page.")]))
        _, headers, _ = await at.post(request(conversation(at.skill())))
        await at.post(
            request([*conversation(at.skill()), {"role": "assistant", "content": "Done."}, user("Thanks.")])
        )

        assert at.models_asked_for() == [OPUS, HAIKU, OPUS]
        assert headers["x-tierwise-tier"] == "haiku"
        assert headers["x-tierwise-rule"] == "preferred"
        assert headers["x-tierwise-zone"] == "green"
        assert headers["x-tierwise-decision"]

    play(tmp_path, what)


def test_the_skill_goes_on_while_its_marks_are_compacted_away(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        session = {"x_claude_code_session_id": "s", "x_claude_code_prompt_id": "p1"}
        await at.post(request(conversation(at.skill())), **session)
        await at.post(request([user("A summary of what was said.")]), **session)
        await at.post(request([user("Next.")]), **{**session, "x_claude_code_prompt_id": "p2"})

        assert at.models_asked_for() == [HAIKU, HAIKU, OPUS]

    play(tmp_path, what)


def test_a_title_or_summary_request_leaves_the_skill_alone(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        session = {"x_claude_code_session_id": "s", "x_claude_code_prompt_id": "p1"}
        await at.post(request(conversation(at.skill())), **session)
        await at.post(
            request([user("Map the page using sonnet.")]), **session, x_claude_code_request_class="auxiliary"
        )
        await at.post(request([user("A summary.")]), **session)

        assert at.models_asked_for() == [HAIKU, OPUS, HAIKU]

    play(tmp_path, what)


TITLE = {"format": {"type": "json_schema", "schema": {"type": "object", "properties": {"title": {}}}}}
A_SUMMARY = {
    "x_claude_code_request_class": "auxiliary",
    "x_claude_1p_request_class": "summary-extraction",
}


@pytest.mark.parametrize(
    ("config", "tier"), [("", HAIKU), ("defaults: {auxiliary: sonnet}\n", SONNET), ("mode: observe\n", OPUS)]
)
def test_titles_and_summaries_run_on_the_cheapest_tier_unless_their_user_says_otherwise(
    tmp_path: Path, config: str, tier: str
) -> None:
    async def what(at: Door) -> None:
        _, headers, _ = await at.post(request([user("<session>…")], output_config=TITLE))
        await at.post(request([user("Sum up.")]), **A_SUMMARY)

        assert at.models_asked_for() == [tier, tier]
        assert headers["x-tierwise-rule"] == "session_default"
        records = await at.recorded(2)
        assert {(r.role, r.request_class, r.asked_model) for r in records} == {
            ("auxiliary", "auxiliary", OPUS)
        }

    play(tmp_path, what, config=config)


@pytest.mark.parametrize("purpose", ["main", "followup-generation", "unheard-of"])
def test_side_requests_that_need_the_main_model_keep_it(tmp_path: Path, purpose: str) -> None:
    async def what(at: Door) -> None:
        await at.post(request([user("Is this safe?")]), **{**A_SUMMARY, "x_claude_1p_request_class": purpose})
        await at.post(request([user("Compact.")]), x_claude_code_request_class="compaction")

        assert at.models_asked_for() == [OPUS, OPUS]

    play(tmp_path, what)


def test_the_users_words_override_the_skill(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        messages = conversation(at.skill(), prompt="Map the page — use sonnet for it.")
        _, headers, _ = await at.post(request(messages))

        assert at.models_asked_for() == [SONNET]
        assert headers["x-tierwise-rule"] == "user"

    play(tmp_path, what)


def test_everything_on_haiku_reaches_the_subagents_of_the_turn(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        session = {"x_claude_code_session_id": "s", "x_claude_code_prompt_id": "p"}
        await at.post(request([user("Run everything on haiku, please look around.")]), **session)
        await at.post(request([user("Look into src using opus.")]), **session, x_claude_code_agent_id="a1")

        assert at.models_asked_for() == [HAIKU, HAIKU]

    play(tmp_path, what)


def test_a_pin_by_header_is_the_strongest_word(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        messages = conversation(at.skill(), prompt="Map the page using opus.")
        await at.post(request(messages), x_tierwise_tier="sonnet")

        assert at.models_asked_for() == [SONNET]

    play(tmp_path, what)


def test_a_pin_that_names_nothing_is_said_and_not_followed(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request(conversation(at.skill())), x_tierwise_tier="opsu")

        assert at.models_asked_for() == [HAIKU]
        assert any("`opsu` is no tier" in alarm for alarm in at.alarms)

    play(tmp_path, what)


def test_a_misspelt_key_in_the_configuration_is_said_at_the_start(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        assert any("model-routing.yaml:1" in a and "Did you mean `force_model`?" in a for a in at.alarms)
        status, _, _ = await at.post(request([user("Hello.")]))
        assert status == 200

    play(tmp_path, what, config="forcemodel: haiku")


def test_a_model_of_another_shape_is_served_as_asked_with_an_alarm(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request(conversation(at.skill()), model="claude-opus-4-6"))

        assert at.models_asked_for() == ["claude-opus-4-6"]
        (record,) = await at.recorded(1)
        assert record.decided_tier == "haiku"
        assert any("another shape" in warning for warning in record.warnings)
        assert record.mismatch

    play(tmp_path, what, answering=whole(200, message("claude-opus-4-6"), content_type="application/json"))


def test_an_unknown_model_passes_untouched_and_is_never_free(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        status, headers, _ = await at.post(request(conversation(at.skill()), model="my-own-model"))

        assert (status, headers["x-tierwise-tier"]) == (200, "unknown")
        assert at.models_asked_for() == ["my-own-model"]
        (record,) = await at.recorded(1)
        assert record.cost_nanousd is None
        assert any("no price is known" in alarm for alarm in at.alarms)

    play(tmp_path, what, answering=whole(200, message("my-own-model"), content_type="application/json"))


def test_observing_decides_and_changes_nothing(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        _, headers, _ = await at.post(request(conversation(at.skill())))

        assert at.models_asked_for() == [OPUS]
        assert headers["x-tierwise-tier"] == "haiku"
        (record,) = await at.recorded(1)
        assert (record.mode, record.decided_tier, record.served_tier) == ("observe", "haiku", "opus")

    play(tmp_path, what, config="mode: observe")


def test_switched_off_it_relays_and_meters_and_decides_nothing(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        _, headers, _ = await at.post(request(conversation(at.skill(), prompt="Map it on sonnet.")))

        assert at.models_asked_for() == [OPUS]
        assert headers["x-tierwise-tier"] == "opus"
        (record,) = await at.recorded(1)
        assert (record.mode, record.skill, record.served_tier) == ("off", "page-component-mapper", "opus")

    play(tmp_path, what, config="mode: off")


def test_the_next_call_sees_what_the_last_one_spent(tmp_path: Path) -> None:
    costly = message(SONNET, input_tokens=1_000_000)
    skill = MAPPER.replace("preferred: haiku", "preferred: sonnet")

    async def what(at: Door) -> None:
        zones = []
        for turn in range(3):
            _, headers, _ = await at.post(request(typed(at.skill(), f"Map page {turn}.")))
            zones.append(
                (headers["x-tierwise-zone"], headers["x-tierwise-tier"], "x-tierwise-notice" in headers)
            )

        assert zones == [("green", "sonnet", False), ("yellow", "haiku", True), ("exhausted", "haiku", True)]

    play(
        tmp_path,
        what,
        skill=skill,
        config="weekly_budget: {total_spend: 2.5}",
        answering=whole(200, costly, content_type="application/json"),
    )


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (b"---\nname: x\nmodel: {preferred: haiku\n---\n", "SKILL.md"),
        (b"\xff\xfe\x00 not text", "SKILL.md"),
        (
            b"---\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nmodel: *a\n---\n" + b"x" * 2_000_000,
            "SKILL.md",
        ),
        (b"---\nmodel: " + b"[" * 5_000 + b"\n---\n", "SKILL.md"),
    ],
    ids=["broken YAML", "not UTF-8", "huge", "endlessly nested"],
)
def test_an_unusable_skill_file_costs_the_routing_and_not_the_call(
    tmp_path: Path, spoilt: bytes, said: str
) -> None:
    async def what(at: Door) -> None:
        status, _, _ = await at.post(request(conversation(at.skill())))

        assert status == 200
        assert at.models_asked_for() == [OPUS]
        assert any(said in alarm for alarm in at.alarms)

    play(tmp_path, what, skill=spoilt)


def test_a_skill_outside_the_allowed_roots_is_not_read(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        outside = tmp_path / "elsewhere" / "page-component-mapper"
        outside.mkdir(parents=True)
        (outside / "SKILL.md").write_text(MAPPER)
        linked = Path(at.skill("linked"))
        linked.symlink_to(outside)
        for folder in (
            str(outside),
            str(linked),
            f"{at.skill()}/../../../../elsewhere/page-component-mapper",
        ):
            await at.post(request(conversation(folder)))

        assert at.models_asked_for() == [OPUS, OPUS, OPUS]
        assert any("outside the allowed skill roots" in alarm for alarm in at.alarms)

    play(tmp_path, what)


def test_a_coordinators_table_speaks_for_a_silent_skill_and_its_triggers_act(tmp_path: Path) -> None:
    table = "| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |\n|-|-|-|-|-|\n"
    table += (
        "| page-component-mapper | skills/page-component-mapper/ | haiku | dynamic imports → sonnet | haiku |"
    )

    async def what(at: Door) -> None:
        beside = Path(at.skill("qa-coordinator"))
        await at.post(request(conversation(at.skill())))
        beside.mkdir()
        (beside / "SKILL.md").write_text("---\nname: qa-coordinator\n---\n" + table)
        await at.post(request(conversation(at.skill())))
        _, headers, _ = await at.post(request(conversation(at.skill(), prompt="Map the dynamic imports.")))
        (beside / "SKILL.md").write_text("---\nname: qa-coordinator\n---\nNo table any more.")
        await at.post(request(conversation(at.skill())))

        assert at.models_asked_for() == [OPUS, HAIKU, SONNET, OPUS]
        assert headers["x-tierwise-rule"] == "conditions"

    play(tmp_path, what, skill="---\nname: page-component-mapper\ndescription: Maps.\n---\n# Mapper\n")


def test_a_changed_skill_file_counts_at_the_next_call(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(request(conversation(at.skill())))
        Path(at.skill(), "SKILL.md").write_text(MAPPER.replace("preferred: haiku", "preferred: sonnet"))
        await at.post(request(conversation(at.skill())))

        assert at.models_asked_for() == [HAIKU, SONNET]

    play(tmp_path, what)


def test_a_refusal_reaches_the_real_sdk_as_one_request_with_its_message(tmp_path: Path) -> None:
    skill = MAPPER.replace("reasoning_demand: low", "reasoning_demand: high").replace(
        "preferred: haiku", "preferred: sonnet"
    )
    costly = message(SONNET, input_tokens=1_150_000)

    async def what(at: Door) -> None:
        await at.post(request(conversation(at.skill())))
        async with anthropic.AsyncAnthropic(base_url=at.running.url, api_key="sk-test") as client:
            with pytest.raises(anthropic.RateLimitError) as raised:
                await client.messages.create(**request(conversation(at.skill())))

        error = raised.value.response.json()["error"]
        assert error["type"] == "billing_error"
        assert "paused" in error["message"]
        assert "total_spend" in error["message"] or "weekly" in error["message"]
        assert raised.value.response.headers["x-should-retry"] == "false"
        assert len(at.provider.seen) == 1
        _, refused = await at.recorded(2)
        assert (refused.outcome, refused.status, refused.cost_nanousd) == ("refused", 429, 0)

    play(
        tmp_path,
        what,
        skill=skill,
        config="weekly_budget: {total_spend: 2.5}\non_red_high: pause",
        answering=whole(200, costly, content_type="application/json"),
    )


def test_routing_that_fails_lets_the_call_through_with_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr("tierwise.router.routing.decide", fail)

    async def what(at: Door) -> None:
        status, _, _ = await at.post(request(conversation(at.skill())))

        assert status == 200
        assert at.models_asked_for() == [OPUS]
        assert any("nobody foresaw this" in alarm for alarm in at.alarms)
        _, health = await at.get("/tierwise/health")
        assert health["status"] == "alarm"

    play(tmp_path, what)


def test_effort_is_changed_only_where_the_skill_declares_one(tmp_path: Path) -> None:
    skill = MAPPER.replace("reasoning_demand: low", "reasoning_demand: low, effort: low")

    async def what(at: Door) -> None:
        await at.post(request([user("Hello.")], output_config={"effort": "medium"}))
        await at.post(request(conversation(at.skill()), output_config={"effort": "medium"}))

        assert [seen.json["output_config"]["effort"] for seen in at.provider.seen] == ["medium", "low"]

    play(tmp_path, what, skill=skill, answering=whole(200, message(), content_type="application/json"))


def test_the_ledger_never_holds_a_prompt_or_a_key(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await at.post(
            request(conversation(at.skill(), prompt="The password is swordfish. Map it.")),
            x_api_key="sk-secret-123",
        )
        (record,) = await at.recorded(1)

        assert "swordfish" not in repr(record)
        assert "secret" not in repr(record)
        assert record.skill == "page-component-mapper"

    play(tmp_path, what)
