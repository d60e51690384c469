"""Notices at the gateway: told once per crossing, to every sink, without a word of a prompt."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from gateway_harness import (
    MAPPER,
    SONNET,
    Answering,
    Door,
    Provider,
    Seen,
    conversation,
    door,
    message,
    request,
    user,
    whole,
)

from tierwise.files.notify_block import NotifySpec
from tierwise.gateway.notices import MAX_WAITING, Notice, Notices, desktop_command
from tierwise.serving import LoopbackServer, Receive, Send

Play = Callable[[Door], Awaitable[None]]
SECRET = "zanzibar"
DEMANDING = MAPPER.replace("preferred: haiku", "preferred: sonnet").replace("demand: low", "demand: high")
NOTICE = Notice("zone", "yellow zone, weekly spend at 75%", "yellow", "weekly spend", None, "s", 1.5)


def costing(*input_tokens: int) -> Answering:
    """A provider whose answers take these tokens, and then next to none."""
    costs = iter(input_tokens)

    async def answer(seen: Seen, receive: Receive, send: Send) -> None:
        body = message(seen.json["model"], input_tokens=next(costs, 10))
        await whole(200, body, content_type="application/json")(seen, receive, send)

    return answer


def play(tmp_path: Path, what: Play, notify: str, answering: Answering | None = None) -> Door:
    """Play against a gateway of which the notices have been sent when this returns."""

    async def run() -> Door:
        config = f"weekly_budget: {{total_spend: 2.5}}\nnotify: {notify}"
        provider = answering or costing(900_000, 250_000)
        async with door(tmp_path, provider, skill=DEMANDING, config=config) as opened:
            await what(opened)
        return opened

    return asyncio.run(run())


async def into_red(at: Door) -> None:
    """Two calls fill the budget to yellow and to red; three more see red, the skill's in a conversation."""
    for _ in range(2):
        await at.post(request([user(f"Hello {SECRET}.")], model=SONNET))
    for _ in range(3):
        await at.post(request(conversation(at.skill(), prompt=f"Map {SECRET}.")), x_tierwise_session="s1")


def received(tmp_path: Path, what: Play, answering: Answering) -> tuple[Provider, Door]:
    """What a webhook's receiver got, with the door as it was left."""
    receiver = Provider(answering)

    async def run() -> Door:
        async with LoopbackServer(receiver) as server:
            notify = f"{{webhook: '{server.url}/hook?token=hush'}}"
            return await asyncio.to_thread(play, tmp_path, what, notify)

    return receiver, asyncio.run(run())


def test_a_crossing_is_told_once_whatever_comes_after(tmp_path: Path) -> None:
    at = play(tmp_path, into_red, "{}")

    zones = [line.partition(" zone")[0] for line in at.notices if "run it on" not in line]
    assert zones == ["yellow", "red"]
    (offer,) = [line for line in at.notices if "run it on" in line]
    assert "page-component-mapper needs much reasoning" in offer
    assert "`tierwise answer " in offer
    assert at.alarms == []


def test_the_webhook_gets_each_notice_as_json(tmp_path: Path) -> None:
    receiver, at = received(tmp_path, into_red, whole(204, b""))

    assert [seen.target for seen in receiver.seen] == ["/hook?token=hush"] * 3
    assert {seen.by_name["content-type"] for seen in receiver.seen} == {"application/json"}
    yellow, red, offer = (seen.json for seen in receiver.seen)
    assert [yellow["kind"], red["kind"], offer["kind"]] == ["zone", "zone", "offer"]
    assert (yellow["zone"], red["zone"], red["budget"]) == ("yellow", "red", "weekly spend")
    assert offer["options"] == ["accept", "hold", "pause"]
    assert (offer["skill"], offer["session"]) == ("page-component-mapper", "s1")
    assert list(offer) == [
        "kind", "text", "zone", "budget", "skill", "session", "at", "offer", "options"
    ]  # fmt: skip
    assert at.alarms == []


def test_no_word_of_a_prompt_is_in_any_notice(tmp_path: Path) -> None:
    receiver, at = received(tmp_path, into_red, whole(200, b""))

    assert len(receiver.seen) == 3
    assert SECRET not in "".join(at.notices)
    assert SECRET.encode() not in b"".join(seen.body for seen in receiver.seen)


def test_a_webhook_that_refuses_is_an_alarm_without_its_secret(tmp_path: Path) -> None:
    _, at = received(tmp_path, into_red, whole(302, b"", location="http://127.0.0.1:1/elsewhere"))

    assert "the webhook at 127.0.0.1 answered 302 to a notice" in at.alarms
    assert "hush" not in "".join(at.alarms)


def test_a_webhook_that_cannot_be_reached_is_an_alarm_and_costs_no_call(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await into_red(at)
        assert (await at.post(request([user("Hello.")])))[0] == 200

    at = play(tmp_path, what, "{webhook: 'http://127.0.0.1:9/x'}")
    assert any("did not reach the webhook at 127.0.0.1" in alarm for alarm in at.alarms)


def test_alarms_of_notices_show_in_the_health_of_the_gateway(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        await into_red(at)
        for _ in range(500):
            _, health = await at.get("/tierwise/health")
            if health["alarms"]:
                break
            await asyncio.sleep(0.01)
        assert health["status"] == "alarm"

    play(tmp_path, what, "{webhook: 'http://127.0.0.1:9/x'}")


def test_the_desktop_shows_each_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = programs(tmp_path, monkeypatch, f"printf '%s\\n' \"$*\" >> {tmp_path}/shown")
    at = play(tmp_path, into_red, "{desktop: true}")

    lines = shown.read_text().splitlines()
    assert [line.partition(" zone")[0] for line in lines[:2]] == [
        "--app-name tierwise -- tierwise yellow", "--app-name tierwise -- tierwise red"
    ]  # fmt: skip
    assert len(lines) == 3
    assert SECRET not in shown.read_text()
    assert at.alarms == []


def test_a_desktop_that_fails_is_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, "exit 3")
    at = play(tmp_path, into_red, "{desktop: true}")

    assert any("notify-send: exit code 3" in alarm for alarm in at.alarms)


def test_a_system_without_a_desktop_is_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    at = play(tmp_path, into_red, "{desktop: true}")

    assert any("neither notify-send nor osascript" in alarm for alarm in at.alarms)


def test_on_a_mac_the_text_is_an_argument_and_never_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path, monkeypatch, "exit 0", name="osascript")
    command = desktop_command('" & do shell script "id" & "', "darwin")

    assert command[1] == "-e"
    assert "id" not in command[2].split()
    assert command[3:] == ["tierwise", '" & do shell script "id" & "']


def test_a_projects_file_cannot_name_a_webhook(tmp_path: Path) -> None:
    async def run() -> tuple[Provider, Door]:
        receiver = Provider(whole(200, b""))
        async with LoopbackServer(receiver) as server:
            (tmp_path / "project" / "pipeline" / "config").mkdir(parents=True)
            own = tmp_path / "project" / "pipeline" / "config" / "model-routing.yaml"
            own.write_text(f"notify: {{webhook: '{server.url}/stolen', desktop: true}}\n")
            config = "weekly_budget: {total_spend: 2.5}"
            async with door(tmp_path, costing(900_000), skill=DEMANDING, config=config) as at:
                await into_red(at)
        return receiver, at

    receiver, at = asyncio.run(run())
    assert receiver.seen == []
    assert at.notices
    assert any("a project may not say where notices go" in alarm for alarm in at.alarms)


def test_what_cannot_wait_is_dropped_with_an_alarm() -> None:
    async def run() -> list[str]:
        alarms: list[str] = []
        notices = Notices(lambda _: None)
        for _ in range(MAX_WAITING + 2):
            notices.tell(NOTICE, NotifySpec(webhook="http://127.0.0.1:9"), alarms.append)
        return alarms

    assert len(asyncio.run(run())) == 2


def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, name: str = "notify-send") -> Path:
    """Put a program of that name first on the path; the file that it may write to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / name
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "shown"
