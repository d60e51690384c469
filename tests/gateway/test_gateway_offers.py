"""Offers at the gateway: made in red, answered by words, command and control API, obeyed, forgotten."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from gateway_harness import (
    HAIKU,
    MAPPER,
    SONNET,
    Door,
    Seen,
    conversation,
    door,
    message,
    request,
    typed,
    user,
    whole,
)

from tierwise.cli import main
from tierwise.serving import Receive, Send

Play = Callable[[Door], Awaitable[None]]
DEMANDING = MAPPER.replace("preferred: haiku", "preferred: sonnet").replace("demand: low", "demand: high")
RED = "weekly_budget: {total_spend: 2.5}"


def costly_once() -> Any:
    """A provider whose first answer fills nine tenths of the budget, and all others cost next to nothing."""
    costs = iter([1_150_000])

    async def answer(seen: Seen, receive: Receive, send: Send) -> None:
        body = message(seen.json["model"], input_tokens=next(costs, 10))
        await whole(200, body, content_type="application/json")(seen, receive, send)

    return answer


def play(tmp_path: Path, what: Play, config: str = RED, **how: Any) -> None:
    """Open the door in red, and play."""

    async def run() -> None:
        how.setdefault("answering", costly_once())
        async with door(tmp_path, skill=DEMANDING, config=config, **how) as opened:
            await opened.post(request([user("Hello.")], model=SONNET), x_tierwise_session="before")
            await what(opened)

    asyncio.run(run())


class Person:
    """A session with its turns: each prompt types the skill."""

    def __init__(self, at: Door, session: str = "s1") -> None:
        self.at, self.session, self.turn = at, session, 0

    async def says(self, words: str) -> dict[str, str]:
        """The headers of the first call of a new turn, in which the user says this."""
        self.turn += 1
        return await self.goes_on(words)

    async def goes_on(self, words: str) -> dict[str, str]:
        """The headers of another call of the same turn."""
        _, headers, _ = await self.calls(words)
        return headers

    async def calls(self, words: str) -> tuple[int, dict[str, str], bytes]:
        return await self.at.post(
            request(typed(self.at.skill(), words)),
            x_tierwise_session=self.session,
            x_claude_code_prompt_id=f"{self.session}-{self.turn}",
        )


async def control(at: Door, method: str, path: str, value: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of a request to the control API."""
    named = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    data = None if value is None else json.dumps(value)
    url = at.running.url + path
    async with at.client.request(method, url, data=data, headers=named) as response:
        return response.status, await response.json()


async def command(tmp_path: Path, *arguments: str) -> Any:
    """The result of a command over the gateway's home, while the gateway runs."""
    return await asyncio.to_thread(
        CliRunner().invoke, main, list(arguments), env={"TIERWISE_HOME": str(tmp_path / "home")}
    )


def test_red_makes_an_offer_once_and_shows_it_with_every_call(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        first, second = await person.says("Map the page."), await person.says("Go on.")

        assert first["x-tierwise-tier"] == "haiku"
        assert first["x-tierwise-offer"] == second["x-tierwise-offer"]
        assert "run it on haiku instead of sonnet?" in second["x-tierwise-notice"]
        _, listed = await control(at, "GET", "/tierwise/offers")
        (offer,) = listed["offers"]
        assert offer["session"] == "s1"
        assert (offer["kind"], offer["tier"], offer["skill"]) == (
            "red_high",
            "haiku",
            "page-component-mapper",
        )
        assert (offer["options"], offer["answer"]) == (["accept", "hold", "pause"], None)

    play(tmp_path, what)


@pytest.mark.parametrize("words", ["Keep sonnet.", "no, keep sonnet and go on", "hold"])
def test_words_hold_the_tier_for_the_session_and_for_no_other(tmp_path: Path, words: str) -> None:
    async def what(at: Door) -> None:
        person, other = Person(at), Person(at, "s2")
        assert (await person.says("Map the page."))["x-tierwise-tier"] == "haiku"
        held = [await person.says(words), await person.says("And the next page.")]
        elsewhere = await other.says("Map the page.")

        assert [headers["x-tierwise-tier"] for headers in held] == ["sonnet", "sonnet"]
        assert "x-tierwise-offer" not in held[1]
        assert elsewhere["x-tierwise-tier"] == "haiku"
        assert "x-tierwise-offer" in elsewhere

    play(tmp_path, what)


def test_words_may_hold_the_tier_for_this_turn_alone(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        await person.says("Map the page.")
        words = "Keep sonnet this time."
        tiers = [await person.says(words), await person.goes_on(words), await person.says("Next.")]

        assert [headers["x-tierwise-tier"] for headers in tiers] == ["sonnet", "sonnet", "haiku"]
        assert "x-tierwise-offer" in tiers[2]

    play(tmp_path, what)


def test_words_said_before_the_offer_do_not_answer_it_and_those_said_meanwhile_do(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        before = await person.says("hold")
        still = await person.goes_on("hold")
        meanwhile = await person.goes_on("hold\nkeep sonnet")

        assert [before["x-tierwise-tier"], still["x-tierwise-tier"]] == ["haiku", "haiku"]
        assert meanwhile["x-tierwise-tier"] == "sonnet"

    play(tmp_path, what)


def test_what_a_program_writes_to_a_subagent_answers_nothing(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        await person.says("Map the page.")
        _, headers, _ = await at.post(
            request(conversation(at.skill(), prompt="keep sonnet")),
            x_tierwise_session="s1",
            x_claude_code_agent_id="a1",
            x_claude_code_prompt_id="s1-1",
        )

        assert headers["x-tierwise-tier"] == "haiku"

    play(tmp_path, what)


def test_a_pause_refuses_and_says_how_to_go_on(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        id = (await person.says("Map the page."))["x-tierwise-offer"]
        person.turn += 1
        status, _, body = await person.calls("Pause until the reset.")
        error = json.loads(body)["error"]

        assert (status, error["type"]) == (429, "billing_error")
        assert f"`tierwise answer {id} accept|hold|export`" in error["message"]
        assert (await person.says("ok, accept"))["x-tierwise-tier"] == "haiku"

    play(tmp_path, what)


def test_an_answer_by_the_control_api_is_obeyed_at_the_next_call(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        id = (await person.says("Map the page."))["x-tierwise-offer"]
        answer = {"answer": "hold", "scope": "session"}
        status, offer = await control(at, "POST", f"/tierwise/offers/{id}", answer)

        assert (status, offer["answer"], offer["scope"], offer["session"]) == (200, "hold", "session", "s1")
        assert (await person.says("Next."))["x-tierwise-tier"] == "sonnet"

    play(tmp_path, what)


def test_an_answer_for_the_call_holds_for_its_turn_and_is_asked_for_again(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        id = (await person.says("Map the page."))["x-tierwise-offer"]
        await control(at, "POST", f"/tierwise/offers/{id}", {"answer": "hold"})
        tiers = [await person.says("Next."), await person.goes_on("Next."), await person.says("More.")]

        assert [headers["x-tierwise-tier"] for headers in tiers] == ["sonnet", "sonnet", "haiku"]
        assert tiers[2]["x-tierwise-offer"] == id

    play(tmp_path, what)


@pytest.mark.parametrize("present", [True, False], ids=["by the gateway", "by the shared book"])
def test_an_answer_by_the_command_is_obeyed_at_the_next_call(tmp_path: Path, present: bool) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        id = (await person.says("Map the page."))["x-tierwise-offer"]
        if not present:
            (tmp_path / "home" / "gateway.json").unlink()
        done = await command(tmp_path, "answer", id, "hold", "--session", "--json")

        assert done.exit_code == 0
        assert json.loads(done.stdout)["answer"] == "hold"
        assert (await person.says("Next."))["x-tierwise-tier"] == "sonnet"

    play(tmp_path, what)


def test_the_command_lists_what_is_open_and_says_what_it_did(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        id = (await Person(at).says("Map the page."))["x-tierwise-offer"]
        listed = await command(tmp_path, "offers")
        done = await command(tmp_path, "answer", id, "accept", "--session")
        left = await command(tmp_path, "offers", "--json")
        everything = await command(tmp_path, "offers", "--all")

        assert id in listed.stdout
        assert "accept | hold | pause" in listed.stdout
        assert "\x1b" not in listed.stdout
        assert "page-component-mapper is accepted for the session s1" in done.stdout
        assert json.loads(left.stdout) == {"offers": []}
        assert "answered: accept, for the session" in everything.stdout

    play(tmp_path, what)


def test_an_answer_outlives_the_gateway(tmp_path: Path) -> None:
    async def first(at: Door) -> None:
        person = Person(at)
        await person.says("Map the page.")
        await person.says("keep sonnet")

    async def again() -> None:
        async with door(tmp_path / "b", costly_once(), skill=DEMANDING, config=RED) as at:
            await at.post(request([user("Hello.")], model=SONNET), x_tierwise_session="before")
            (tmp_path / "a" / "home" / "offers.json").rename(tmp_path / "b" / "home" / "offers.json")
            assert (await Person(at).says("Next."))["x-tierwise-tier"] == "sonnet"

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    play(tmp_path / "a", first)
    (tmp_path / "b" / "home").mkdir()
    asyncio.run(again())


def test_in_observe_mode_nothing_is_offered(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        headers = await Person(at).says("Map the page.")

        assert "x-tierwise-offer" not in headers
        assert (await control(at, "GET", "/tierwise/offers"))[1] == {"offers": []}

    play(tmp_path, what, config=f"{RED}\nmode: observe")


def test_a_spoilt_book_costs_the_answers_and_not_the_call(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        (tmp_path / "home" / "offers.json").write_text("[{")
        status, headers, _ = await Person(at).calls("Map the page.")

        assert (status, headers["x-tierwise-tier"]) == (200, "haiku")
        assert any("is no book of offers" in alarm for alarm in at.alarms)
        assert (await control(at, "GET", "/tierwise/offers"))[0] == 500

    play(tmp_path, what)


# -- the control API ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "status", "said"),
    [
        ("/tierwise/offers/000000000000", {"answer": "hold"}, 404, "there is no offer"),
        ("/tierwise/offers/ID", {"answer": "yes"}, 400, "answer accept or hold or pause"),
        ("/tierwise/offers/ID", {"answer": "hold", "scope": "ever"}, 400, "no answer"),
        ("/tierwise/offers/ID", {"answer": "hold", "session": "s9"}, 404, "in the session s9"),
        ("/tierwise/offers/ID", {"answers": "hold"}, 400, "answers"),
        ("/tierwise/offers/ID", ["hold"], 400, "no answer"),
        ("/tierwise/offers", {}, 405, "only GET"),
        ("/tierwise/nothing", {}, 404, "there is no /tierwise/nothing"),
        ("/tierwise/sessions/s9/export", {}, 404, "s9"),
    ],
)
def test_a_wrong_request_is_told_why_and_changes_nothing(
    tmp_path: Path, path: str, value: Any, status: int, said: str
) -> None:
    async def what(at: Door) -> None:
        id = (await Person(at).says("Map the page."))["x-tierwise-offer"]
        got, answer = await control(at, "POST", path.replace("ID", id), value)

        assert got == status
        assert said in answer["error"]["message"]
        (offer,) = (await control(at, "GET", "/tierwise/offers"))[1]["offers"]
        assert offer["answer"] is None

    play(tmp_path, what)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1.evil.example"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"host": "evil.example"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"origin": "http://127.0.0.1:8787"}, 200),
        ({"origin": "http://localhost:3000"}, 200),
    ],
)
def test_a_web_page_can_not_answer_for_the_user(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def what(at: Door) -> None:
        id = (await Person(at).says("Map the page."))["x-tierwise-offer"]
        got, _ = await control(at, "POST", f"/tierwise/offers/{id}", {"answer": "hold"}, **headers)

        assert got == status
        (offer,) = (await control(at, "GET", "/tierwise/offers"))[1]["offers"]
        assert offer["answer"] == ("hold" if status == 200 else None)

    play(tmp_path, what)


def test_a_web_page_can_not_read_the_offers(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        assert (await control(at, "GET", "/tierwise/offers", origin="https://evil.example"))[0] == 403

    play(tmp_path, what)


# -- exporting the conversation ----------------------------------------------------------------------------


def test_the_conversation_is_written_only_when_asked_for_and_loads_elsewhere(tmp_path: Path) -> None:
    tools = [{"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}]

    async def what(at: Door) -> None:
        messages = conversation(at.skill(), prompt="Map the page, secretly.")
        asked = request(messages, system="Be brief.", tools=tools, temperature=0.5)
        await at.post(asked, x_tierwise_session="../s1")
        home = tmp_path / "home"
        assert not (home / "exports").exists()
        assert "secretly" not in (home / "offers.json").read_text()

        status, told = await control(at, "POST", "/tierwise/sessions/..%2Fs1/export", {})
        path = Path(told["path"])

        assert status == 200
        assert path.parent == home / "exports"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        exported = json.loads(path.read_bytes())
        assert list(exported) == ["model", "system", "messages", "tools"]
        assert exported == {key: asked[key] for key in exported}
        again, _, _ = await at.post({**exported, "max_tokens": 10})
        assert again == 200

    play(tmp_path, what)


def test_the_command_exports_the_conversation_of_an_offer(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        id = (await Person(at).says("Map the page."))["x-tierwise-offer"]
        done = await command(tmp_path, "answer", id, "export", "--json")

        exported = json.loads(Path(json.loads(done.stdout)["path"]).read_bytes())
        assert exported["messages"] == typed(at.skill(), "Map the page.")

    play(tmp_path, what)


def test_a_hard_budget_that_refuses_offers_the_export(tmp_path: Path) -> None:
    budgets = tmp_path / "budgets.yaml"
    budgets.write_text("purse: {limit: 2.3usd, window: weekly, hard: true}\n")

    async def what(at: Door) -> None:
        status, _, body = await Person(at).calls("Map the page.")
        words = json.loads(body)["error"]["message"]

        assert status == 429
        id = words.partition("`tierwise answer ")[2].partition(" ")[0]
        assert f"`tierwise answer {id} export`" in words
        done = await command(tmp_path, "answer", id, "export", "--json")
        assert json.loads(done.stdout)["session"] == "s1"
        refused = await command(tmp_path, "answer", id, "accept")
        assert refused.exit_code == 1
        assert "can only be waited out, or exported" in refused.output

    play(tmp_path, what, config="", budgets=budgets)


def test_the_models_that_were_asked_for_are_those_that_were_announced(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        person = Person(at)
        await person.says("Map the page.")
        await person.says("keep sonnet")

        assert at.models_asked_for() == [SONNET, HAIKU, SONNET]

    play(tmp_path, what)
