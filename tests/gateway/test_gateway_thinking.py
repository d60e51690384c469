"""Thinking: a provider that refuses another model's is asked once more in a way that it may take."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from gateway_harness import (
    HAIKU,
    OPUS,
    Answering,
    Door,
    Seen,
    conversation,
    door,
    request,
    typed,
    user,
    whole,
)

from tierwise.serving import Receive, Send

Play = Callable[[Door], Awaitable[None]]
SESSION = {"x_claude_code_session_id": "s"}
READ = {"type": "tool_use", "id": "toolu_2", "name": "Read", "input": {}}


def play(tmp_path: Path, what: Play, answering: Answering | None = None, **how: Any) -> None:
    async def run() -> None:
        async with door(tmp_path, answering or strict(), **how) as opened:
            await what(opened)

    asyncio.run(run())


def thought(model: str, n: int = 1) -> dict[str, str]:
    """A thinking block as `model` signs its n-th."""
    return {"type": "thinking", "thinking": "Hm.", "signature": f"{model}#{n}"}


def refusal(at: str = "messages.1.content.0") -> bytes:
    error = {"type": "invalid_request_error", "message": f"{at}: Invalid `signature` in `thinking` block"}
    return json.dumps({"type": "error", "error": error}).encode()


def strict(*, streamed: bool = False) -> Answering:
    """A provider that takes no model's thinking but that of the model that is asked."""

    async def answer(seen: Seen, receive: Receive, send: Send) -> None:
        model = seen.json["model"]
        signed = [
            block["signature"].split("#")[0]
            for message in seen.json["messages"]
            for block in (message["content"] if isinstance(message["content"], list) else ())
            if block["type"] == "thinking"
        ]
        if set(signed) - {model}:
            await whole(400, refusal(), content_type="application/json")(seen, receive, send)
            return
        body, kind = thinking_answer(model, streamed=streamed)
        await whole(200, body, content_type=kind)(seen, receive, send)

    return answer


def thinking_answer(model: str, *, streamed: bool) -> tuple[bytes, str]:
    usage = {"input_tokens": 100, "output_tokens": 20}
    if not streamed:
        value = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "usage": usage}
        return json.dumps(
            {**value, "content": [thought(model)], "stop_reason": "end_turn"}
        ).encode(), "application/json"
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "msg_1", "model": model, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "signature_delta", "signature": f"{model}#1"},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return "".join(lines).encode(), "text/event-stream"


def said(model: str, *more: dict[str, Any], text: str = "Done.") -> dict[str, Any]:
    """An answer of the model's, with its thinking in front."""
    return {"role": "assistant", "content": [thought(model), {"type": "text", "text": text}, *more]}


def in_skill(at: Door, *after: dict[str, Any]) -> list[dict[str, Any]]:
    """A turn in which opus thought and called the skill, and what came after."""
    messages = conversation(at.skill(), *after)
    messages[1]["content"].insert(0, thought(OPUS))
    return messages


def result(id: str = "toolu_2") -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "…"}]}


async def statuses(at: Door, *asked: list[dict[str, Any]], **headers: str) -> list[int]:
    return [(await at.post(request(messages), **{**SESSION, **headers}))[0] for messages in asked]


def test_after_a_swap_the_turn_goes_back_to_the_model_that_it_was_on_and_stays_there(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        first, called = [user("Map the page.")], in_skill(at)
        later = in_skill(at, said(OPUS, READ), result())
        assert await statuses(at, first, called, later, called) == [200, 200, 200, 200]
        assert at.models_asked_for() == [OPUS, HAIKU, OPUS, OPUS, OPUS]
        assert at.provider is not None
        assert at.provider.seen[2].body == json.dumps(request(called)).encode()

        records = await at.recorded(5)
        assert [(r.outcome, r.status, r.served_model) for r in records[1:3]] == [
            ("error", 400, ""),
            ("ok", 200, OPUS),
        ]
        assert records[1].cost_nanousd == 0
        assert [record.decided_tier for record in records] == ["opus", "haiku", "haiku", "opus", "haiku"]
        assert all("the turn stays on claude-opus-5-5" in records[at].warnings[-1] for at in (2, 4))
        assert any("was refused for another model's thinking" in alarm for alarm in at.alarms)

    play(tmp_path, what)


def test_the_next_turn_is_decided_anew(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        next_turn = [*in_skill(at, said(OPUS)), *typed(at.skill(), "Map it again.")]
        await statuses(at, [user("Map the page.")], in_skill(at), next_turn)
        assert at.models_asked_for()[3:5] == [HAIKU, OPUS]

    play(tmp_path, what)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_foreign_thinking_of_turns_that_are_over_is_left_out_after_a_refusal_and_then_all_the_turn(
    tmp_path: Path, streamed: bool
) -> None:
    """A skill thought on haiku; the user's next prompt is for opus, which takes only its own."""

    async def what(at: Door) -> None:
        skill_turn = typed(at.skill(), "Map the page.")
        prompt = [*skill_turn, said(HAIKU, text="Mapped."), user("Thanks. What next?")]
        later = [*prompt, said(OPUS, READ), result()]
        assert await statuses(at, skill_turn, prompt, later) == [200, 200, 200]
        assert at.models_asked_for() == [HAIKU, OPUS, OPUS, OPUS]

        assert at.provider is not None
        cut = json.dumps(thought(HAIKU)).encode() + b", "
        sent = [seen.body for seen in at.provider.seen]
        assert sent[1] == json.dumps(request(prompt)).encode()
        assert sent[2] == sent[1].replace(cut, b"")
        assert sent[3] == json.dumps(request(later)).encode().replace(cut, b"")
        assert [r.outcome for r in await at.recorded(4)] == ["ok", "error", "ok", "ok"]

    play(tmp_path, what, strict(streamed=streamed))


def test_nothing_is_left_out_while_a_tool_result_is_pending(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        skill_turn = typed(at.skill(), "Map the page.")
        pending = [*skill_turn, said(HAIKU), user("And now?"), said(OPUS, READ), result()]
        assert await statuses(at, skill_turn, pending) == [200, 400]
        assert at.models_asked_for() == [HAIKU, HAIKU, OPUS]
        assert at.provider is not None
        sent = [seen.json["messages"] for seen in at.provider.seen[1:]]
        assert sent == [pending, pending]

    play(tmp_path, what)


@pytest.mark.parametrize(
    ("message", "config"),
    [
        ("max_tokens must be greater than thinking.budget_tokens", ""),
        ("adaptive thinking is not supported on this model", ""),
        ("messages.1.content.0: Invalid `signature` in `thinking` block", "mode: observe\n"),
    ],
)
def test_other_refusals_pass_as_they_are(tmp_path: Path, message: str, config: str) -> None:
    error = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": message}})

    async def what(at: Door) -> None:
        status, headers, body = await at.post(request(in_skill(at)), **SESSION)
        assert (status, body, headers["request-id"]) == (400, error.encode(), "req_1")
        assert len(at.models_asked_for()) == 1

    answering = whole(400, error.encode(), content_type="application/json", request_id="req_1")
    play(tmp_path, what, answering, config=config)


def test_a_provider_that_refuses_everything_is_not_asked_for_ever(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        messages = [*typed(at.skill(), "Map it."), said(HAIKU), *in_skill(at)]
        status, _, body = await at.post(request(messages), **SESSION)
        assert (status, body) == (400, refusal())
        assert at.models_asked_for() == [HAIKU, OPUS]
        later = [*messages, said(OPUS, READ), result()]
        assert (await at.post(request(later), **SESSION))[0] == 400
        assert at.models_asked_for()[2:] == [OPUS]
        assert {record.outcome for record in await at.recorded(3)} == {"error"}

    play(tmp_path, what, whole(400, refusal(), content_type="application/json"))


def test_a_hard_budget_that_does_not_allow_the_way_back_leaves_the_refusal(tmp_path: Path) -> None:
    budgets = tmp_path / "budgets.yaml"
    budgets.write_text("opus: {limit: 1messages, window: session, scope: {tier: opus}, hard: true}\n")

    async def what(at: Door) -> None:
        assert await statuses(at, [user("Map the page.")], in_skill(at)) == [200, 400]
        assert at.models_asked_for() == [OPUS, HAIKU]

    play(tmp_path, what, budgets=budgets)


def test_a_title_changes_nothing_of_its_conversation(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        side = {"x_claude_code_request_class": "auxiliary", "x_claude_1p_request_class": "summary-extraction"}
        await statuses(at, [user("Map the page.")])
        assert await statuses(at, [user("Hello."), said(OPUS), user("Sum up.")], **side) == [400]
        assert await statuses(at, in_skill(at)) == [200]
        assert at.models_asked_for() == [OPUS, HAIKU, HAIKU, OPUS]

    play(tmp_path, what)
