"""`tierwise answer` and `tierwise offers`: where no gateway runs, and beside one in its own process."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anthropic
import pytest
from click.testing import CliRunner, Result

from tierwise import wiring
from tierwise.cli import main
from tierwise.core.offers import KeptOffer
from tierwise.router.offers import MAX_OFFERS, Offers

OPTIONS = ("accept", "hold", "pause")


def offer(id: str = "0123456789ab", session: str = "s1", at_us: int = 1, **more: object) -> KeptOffer:
    text = "red zone, weekly spend at 92%. debugger needs much reasoning; run it on sonnet instead of opus?"
    known = {"kind": "red_high", "text": text, "options": OPTIONS, "tier": "sonnet", "skill": "debugger"}
    return KeptOffer(id, session, at_us=at_us, turn="t1", **{**known, **more})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    wiring.offers_in(tmp_path).met(offer())
    return tmp_path


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"TIERWISE_HOME": str(home)})


def kept(home: Path) -> KeptOffer:
    (found,) = wiring.offers_in(home).all()
    return found


@pytest.mark.parametrize("answer", OPTIONS)
def test_an_answer_is_kept_for_the_next_gateway(home: Path, answer: str) -> None:
    result = run(home, "answer", "0123456789ab", answer)

    assert result.exit_code == 0
    assert (kept(home).answer, kept(home).scope) == (answer, "call")
    assert "for its next turn s1" in result.stdout


def test_a_later_answer_replaces_an_earlier_one(home: Path) -> None:
    run(home, "answer", "0123456789ab", "hold", "--session")
    result = run(home, "answer", "0123456789ab", "pause", "--session", "--json")

    assert json.loads(result.stdout) == {
        "id": "0123456789ab",
        "session": "s1",
        "kind": "red_high",
        "text": offer().text,
        "options": list(OPTIONS),
        "tier": "sonnet",
        "skill": "debugger",
        "turn": "t1",
        "answer": "pause",
        "scope": "session",
        "at": 0.000001,
    }


def test_the_session_that_met_the_offer_last_is_answered_unless_another_is_named(home: Path) -> None:
    wiring.offers_in(home).met(offer(session="s2", at_us=2))
    run(home, "answer", "0123456789ab", "hold")
    assert [one.answer for one in wiring.offers_in(home).all()] == [None, "hold"]
    run(home, "answer", "0123456789ab", "accept", "--in", "s1")
    assert [one.answer for one in wiring.offers_in(home).all()] == ["accept", "hold"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ffff", "hold"], 1, "there is no offer `ffff`"),
        (["0123456789ab", "hold", "--in", "s9"], 1, "in the session s9"),
        (["0123456789ab", "yes"], 2, "'yes' is not one of"),
        (["0123456789ab", "export"], 1, "no gateway runs"),
        (["ffff", "export"], 1, "there is no offer `ffff`"),
        (["0123456789ab", "export", "--session"], 2, "--session goes with"),
        (["\x1b[31mred", "hold"], 1, "\\x1b[31mred"),
    ],
)
def test_what_cannot_be_done_is_said(home: Path, arguments: list[str], code: int, said: str) -> None:
    result = run(home, "answer", *arguments)

    assert result.exit_code == code
    assert said in result.output
    assert "\x1b" not in result.output
    assert kept(home).answer is None


def test_offers_are_listed_newest_first(home: Path) -> None:
    wiring.offers_in(home).met(offer("ba9876543210", at_us=2))
    listed = json.loads(run(home, "offers", "--json").stdout)["offers"]

    assert [one["id"] for one in listed] == ["ba9876543210", "0123456789ab"]


def test_where_nothing_is_offered_it_is_said(tmp_path: Path) -> None:
    assert run(tmp_path, "offers").stdout == "no offer waits for an answer\n"
    assert run(tmp_path, "offers", "--all").stdout == "no offers\n"
    assert list(tmp_path.iterdir()) == []


def test_a_spoilt_book_is_said_and_left_as_it_is(home: Path) -> None:
    (home / "offers.json").write_text("[")
    for arguments in (["offers"], ["answer", "0123456789ab", "hold"]):
        result = run(home, *arguments)
        assert result.exit_code == 1
        assert "offers.json: is no book of offers" in result.output
    assert (home / "offers.json").read_text() == "["


def test_a_gateway_that_was_killed_does_not_keep_an_answer_from_being_given(home: Path) -> None:
    (home / "gateway.json").write_text('{"url": "http://127.0.0.1:9", "pid": 1}')

    assert run(home, "answer", "0123456789ab", "hold").exit_code == 0
    assert kept(home).answer == "hold"


def test_an_answer_is_never_sent_to_another_machine(home: Path) -> None:
    (home / "gateway.json").write_text('{"url": "http://192.0.2.1:80", "pid": 1}')

    assert run(home, "answer", "0123456789ab", "hold").exit_code == 0
    assert kept(home).answer == "hold"


# -- the book ----------------------------------------------------------------------------------------------


def test_the_book_is_for_its_owner_alone(home: Path) -> None:
    assert stat.S_IMODE((home / "offers.json").stat().st_mode) == 0o600


def test_the_book_is_bounded_and_gives_up_the_oldest(tmp_path: Path) -> None:
    book = Offers()
    for at_us in range(MAX_OFFERS + 5):
        book.met(offer(f"{at_us:012x}", at_us=at_us))

    assert [one.at_us for one in book.all()] == list(range(5, MAX_OFFERS + 5))


def test_no_offer_is_lost_between_several_writers(tmp_path: Path) -> None:
    def meet(name: str) -> None:
        for number in range(10):
            wiring.offers_in(tmp_path).met(offer(f"{name}-{number}", at_us=number))

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(meet, "abcd"))

    assert len(wiring.offers_in(tmp_path).all()) == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == ["offers.json", "offers.lock"]


# -- beside a gateway --------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [True, False])
def test_the_command_finds_the_gateway_while_it_serves(home: Path, keep: bool) -> None:
    options = ["--port", "0", "--upstream", "simulator", *([] if keep else ["--no-keep-context"])]
    process = subprocess.Popen(
        [sys.executable, "-m", "tierwise", "serve", "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=home,
        env={**os.environ, "TIERWISE_HOME": str(home)},
    )
    try:
        url = json.loads(process.stdout.readline())["url"]
        with anthropic.Anthropic(base_url=url, api_key="sk-test") as client:
            client.messages.create(
                model="claude-opus-5-5",
                max_tokens=50,
                messages=[{"role": "user", "content": "Hello."}],
                extra_headers={"x-tierwise-session": "s1"},
            )
        answered = run(home, "answer", "0123456789ab", "hold", "--session")
        unknown = run(home, "answer", "ffff", "hold")
        exported = run(home, "answer", "0123456789ab", "export")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    assert (process.returncode, answered.exit_code, kept(home).answer) == (0, 0, "hold")
    assert (unknown.exit_code, "there is no offer `ffff`" in unknown.output) == (1, True)
    assert not (home / "gateway.json").exists()
    if keep:
        (path,) = (home / "exports").iterdir()
        assert exported.stdout.startswith(f"the conversation is in {path} (")
        assert json.loads(path.read_bytes())["messages"] == [{"role": "user", "content": "Hello."}]
    else:
        assert "runs with --no-keep-context" in exported.output
        assert not (home / "exports").exists()
