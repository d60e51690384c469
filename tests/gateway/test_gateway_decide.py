"""What a mod asks before a request is decided as the relay would decide it."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from gateway_harness import HAIKU, MAPPER, OPUS, SONNET, Door, as_asked, door, request, typed, user
from hypothesis import given, settings
from hypothesis import strategies as st
from mod_harness import ask, hard, make, play, question

from tierwise.errors import StoreError, WireError
from tierwise.store.ledger import Ledger
from tierwise.wire.mod_questions import MAX_QUESTION_BYTES, ModQuestion, read_mod_question

LONG = "All that was said before. " * 16_000
LARGE = {"cache_creation_input_tokens": 100_000, "input_tokens": 50}
STEPS = """---
name: page-component-mapper
description: Traces imports.
model: {preferred: sonnet, minimum: haiku}
---
Step 1: Scan all files.
  Model: haiku (mechanical)
Step 2: Find what is wrong.
  Model: opus (reasoning)
"""


# -- what is decided -------------------------------------------------------------------------------------


def test_the_skill_on_disk_decides(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at, begins=True))

        assert (answer["model"], answer["tier"], answer["effort"]) == (HAIKU, "haiku", "medium")
        assert (answer["refuse"], answer["offer"], answer["notify"]) == (None, None, None)
        assert answer["reason"] == "page-component-mapper prefers haiku"
        assert at.models_asked_for() == []

    play(tmp_path, what)


def test_the_whole_frontmatter_counts_where_the_file_may_not_be_read(tmp_path: Path) -> None:
    elsewhere = {"skill": "far-away", "skill_path": str(tmp_path / "other" / "SKILL.md")}
    mapping = {"preferred": "haiku", "acceptable": ["haiku", "sonnet"], "minimum": "haiku"}

    async def what(at: Door) -> None:
        for frontmatter, model in [
            ({"name": "far-away", "model": mapping}, HAIKU),
            ({"model": "sonnet"}, SONNET),
            ({"metadata": {"tierwise.preferred": "sonnet"}}, SONNET),
            ({"model": {"preferred": "haiku", "effort": "low"}}, HAIKU),
            ({"model": "inherit"}, OPUS),
            ({}, OPUS),
        ]:
            answer = await ask(at, question(**elsewhere, frontmatter=frontmatter))
            assert answer["model"] == model, frontmatter
        assert (await ask(at, question(**elsewhere, frontmatter={"effort": "low"})))["model"] == OPUS
        low = await ask(
            at, question(**elsewhere, frontmatter={"model": {"preferred": "haiku", "effort": "low"}})
        )
        assert low["effort"] == "low"
        assert at.alarms == []

    play(tmp_path, what)


def test_nothing_is_changed_where_nothing_is_known(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        for model in (OPUS, "claude-opus-5-5[1m]", "somebody-elses-model"):
            answer = await ask(at, question(model=model))
            assert (answer["model"], answer["effort"]) == (model, "medium")

    play(tmp_path, what)


def test_a_model_of_another_family_is_decided_for_the_client_reshapes_the_request(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at))
        assert answer["model"] == "claude-haiku-4-5"
        body = request(typed(at.skill(), "go"), model="claude-haiku-4-5")
        await make(at, body, answer["id"])
        assert at.models_asked_for() == ["claude-haiku-4-5"]
        (record,) = await at.recorded(1)
        assert (record.asked_model, record.decided_model) == (OPUS, "claude-haiku-4-5")
        assert at.alarms == []

    play(tmp_path, what, config="tiers: {haiku: {claude_code: claude-haiku-4-5}}")


@pytest.mark.parametrize("mode", ["observe", "off"])
def test_only_a_mode_that_enforces_changes_anything(tmp_path: Path, mode: str) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question(at))
        assert (answer["model"], answer["effort"], answer["mode"]) == (OPUS, "medium", mode)
        assert answer["tier"] == ("haiku" if mode == "observe" else "opus")

    play(tmp_path, what, config=f"mode: {mode}")


@pytest.mark.parametrize(
    ("words", "model"),
    [
        ("Map the page.", HAIKU),
        ("Map the page using sonnet.", SONNET),
        (
            "<command-message>page-component-mapper</command-message>\n"
            "<command-name>/page-component-mapper</command-name>\n<command-args>using sonnet</command-args>",
            SONNET,
        ),
        ("<task-notification>\n<result>using sonnet</result>\n</task-notification>", HAIKU),
        ("<system-reminder>using sonnet</system-reminder>", HAIKU),
        ("This session is being continued from a previous conversation using sonnet", HAIKU),
    ],
)
def test_only_what_a_person_said_is_obeyed(tmp_path: Path, words: str, model: str) -> None:
    async def what(at: Door) -> None:
        assert (await ask(at, question(at, words=words)))["model"] == model

    play(tmp_path, what)


def test_what_the_user_says_of_everything_holds_in_subagents_and_what_is_said_of_a_skill_in_its_fork(
    tmp_path: Path,
) -> None:
    async def what(at: Door) -> None:
        agent = {"id": "a1", "type": "Explore", "cwd": str(at.project)}
        fork = {"name": "page-component-mapper", "context": "fork", "model": {"preferred": "haiku"}}
        await ask(at, question(words="Run everything on haiku."))
        assert (await ask(at, question(agent=agent, turn="x")))["model"] == HAIKU
        await ask(at, question(words="Map it using sonnet.", turn="t2"))
        assert (await ask(at, question(agent=agent, turn="x")))["model"] == OPUS
        assert (await ask(at, question(at, agent=agent, frontmatter=fork)))["model"] == SONNET
        assert (await ask(at, question(at, agent=agent, session="s2")))["model"] == HAIKU

    play(tmp_path, what)


def test_a_subagent_runs_where_its_own_file_says(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        folder = at.project / ".claude" / "agents"
        folder.mkdir()
        (folder / "reviewer.md").write_text("---\nname: reviewer\nmodel: {preferred: sonnet}\n---\nReview.\n")
        agent = {"id": "a1", "type": "reviewer", "cwd": str(at.project)}

        assert (await ask(at, question(agent=agent)))["model"] == SONNET
        with_skill = question(at, agent=agent, with_agent=True)
        assert (await ask(at, with_skill))["model"] == SONNET
        assert (await ask(at, question(at, agent=agent)))["model"] == HAIKU

    play(tmp_path, what)


def test_a_step_is_followed_from_where_it_begins(tmp_path: Path) -> None:
    """While a tool result is pending, only the beginning of the skill or of a step is a place to switch."""

    async def what(at: Door) -> None:
        first = await ask(at, question(at, begins=True))
        assert first["model"] == SONNET
        await make(at, request(typed(at.skill(), "go"), model=SONNET), first["id"])
        for step, begins, model in [
            (2, False, SONNET),
            (2, True, OPUS),
            ("9", True, SONNET),
            (None, False, SONNET),
        ]:
            asked = question(at, index=1, step=step, begins=begins)
            assert (await ask(at, asked))["model"] == model, (step, begins)

    play(tmp_path, what, skill=STEPS)


# -- the same as the relay -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["Map it.", "Use opus for it.", "Don't use haiku.", "Go, @tier:sonnet"])
@pytest.mark.parametrize("spent", [0, 800_000, 950_000])
@pytest.mark.parametrize("skilled", [True, False])
def test_mod_and_relay_decide_alike(tmp_path: Path, words: str, spent: int, skilled: bool) -> None:
    """The same session, budgets and words: what a mod is told is what the relay makes of the request."""
    skill = MAPPER.replace("preferred: haiku", "preferred: sonnet").replace("demand: low", "demand: medium")

    async def what(at: Door) -> None:
        await at.post(request([user("Hello.")], model=SONNET), x_tierwise_session="before")
        answer = await ask(at, question(at if skilled else None, session="s1", words=words, begins=True))
        messages = typed(at.skill(), words) if skilled else [user(words)]
        await at.post(request(messages), x_tierwise_session="s2")
        assert at.models_asked_for()[-1] == answer["model"]

    play(
        tmp_path,
        what,
        answering=as_asked(input_tokens=spent),
        skill=skill,
        config="weekly_budget: {total_spend: 2}",
    )


def test_a_lowering_that_the_warm_cache_makes_dearer_is_not_made(tmp_path: Path) -> None:
    on_sonnet = MAPPER.replace("preferred: haiku, acceptable: [haiku, sonnet]", "preferred: sonnet")

    async def what(at: Door) -> None:
        answer = await ask(at, question())
        await make(at, request([user(LONG)]), answer["id"])
        asked = question(at, index=1, begins=True)
        warm = await ask(at, asked)
        assert (warm["model"], warm["rule"]) == (OPUS, "switch_cost")
        compaction = {"x_claude_code_request_class": "compaction"}
        await make(at, request([user(LONG), user("Summarise.")]), **compaction)
        assert (await ask(at, asked))["model"] == SONNET, "right after a compaction nothing is warm"

    play(tmp_path, what, answering=as_asked(**LARGE), skill=on_sonnet)


def test_an_offer_reaches_the_mod_and_is_answered_by_the_users_words(tmp_path: Path) -> None:
    skill = MAPPER.replace("preferred: haiku", "preferred: sonnet").replace("demand: low", "demand: high")

    async def what(at: Door) -> None:
        await at.post(request([user("Hello.")], model=SONNET), x_tierwise_session="before")
        lowered = await ask(at, question(at, words="Map it."))
        assert lowered["model"] == HAIKU
        assert lowered["offer"]["options"]
        assert "red" in lowered["notify"] or lowered["notify"]
        held = await ask(at, question(at, words="Keep sonnet.", turn="t2"))
        assert (held["model"], held["offer"]) == (SONNET, None)
        assert (await ask(at, question(at, words="Go on.", turn="t3")))["model"] == SONNET

    play(
        tmp_path,
        what,
        answering=as_asked(input_tokens=1_150_000),
        skill=skill,
        config="weekly_budget: {total_spend: 2.5}",
    )


# -- refusals --------------------------------------------------------------------------------------------


def test_an_exhausted_hard_budget_refuses_before_a_request_and_is_recorded(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        first = await ask(at, question())
        assert first["refuse"] is None
        await make(at, request([user("Hello.")]), first["id"])
        refused = await ask(at, question(index=1), "/p/shop/v1/decide")
        assert refused["refuse"]["message"].startswith("tierwise: purse is exhausted.")
        assert "wait for the reset" in refused["refuse"]["message"]
        (record,) = [one for one in await at.recorded(2) if one.id == refused["id"]]
        assert (record.outcome, record.status, record.project) == ("refused", 429, "shop")
        assert len(at.models_asked_for()) == 1

    play(tmp_path, what, budgets=hard(tmp_path))


def test_a_decided_request_that_does_not_fit_a_hard_budget_is_still_refused(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        answer = await ask(at, question())
        assert answer["refuse"] is None
        status, headers, body = await at.post(
            request([user("Hello.")], max_tokens=128_000),
            x_claude_code_session_id="s1",
            x_tierwise_decision=answer["id"],
        )
        assert (status, headers["x-should-retry"]) == (429, "false")
        assert b"purse" in body
        assert at.models_asked_for() == []

    play(tmp_path, what, budgets=hard(tmp_path, "$0.001"))


def test_a_hard_budget_that_cannot_be_checked_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: Future[Any] = Future()
    failed.set_exception(StoreError("the disk is full"))
    monkeypatch.setattr(Ledger, "standings", lambda *_: failed)

    async def what(at: Door) -> None:
        status, _, body = await at.post(question(), "/v1/decide")
        assert status == 503
        assert b"the disk is full" in body

    play(tmp_path, what, budgets=hard(tmp_path))


# -- who may ask, and what -------------------------------------------------------------------------------


def test_pages_and_strangers_are_not_answered(tmp_path: Path) -> None:
    async def what(at: Door) -> None:
        for headers, expected in [
            ({"Host": "evil.example"}, 403),
            ({"Origin": "https://evil.example"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"content-type": "text/plain"}, 415),
        ]:
            status, _, _ = await at.post(question(), "/v1/decide", **headers)
            assert status == expected, headers
        status, answer = await at.get("/v1/decide")
        assert (status, answer["error"]["type"]) == (405, "invalid_request_error")

    play(tmp_path, what)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "the body is no question"),
        (b"[]", 400, "Expected `object`"),
        (b'{"session": "s"}', 400, "missing required field `model`"),
        (b'{"session": "", "model": "opus"}', 400, "must not be empty"),
        (b'{"session": "s", "model": "[1m]"}', 400, "must not be empty"),
        (b'{"session": "s", "model": 5}', 400, "$.model"),
        (b'{"session": "s", "model": "opus", "index": -1}', 400, "counts from 0"),
        (
            b'{"session": "s", "model": "opus", "skill": "%s"}' % (b"x" * 201),
            400,
            "`skill` has more than 200",
        ),
        (
            b'{"session": "s", "model": "opus", "frontmatter": %s1%s}' % (b'{"a":' * 40, b"}" * 40),
            400,
            "deeper than 32",
        ),
        (
            b'{"session": "s", "model": "opus", "frontmatter": {"a": %s%s}}' % (b"[" * 9_999, b"]" * 9_999),
            400,
            "deep",
        ),
        (b" " * (MAX_QUESTION_BYTES + 1), 413, "more"),
    ],
)
def test_what_is_no_question_is_told(tmp_path: Path, body: bytes, status: int, said: str) -> None:
    async def what(at: Door) -> None:
        found, _, answer = await at.post(body, "/v1/decide")
        assert (found, said in json.loads(answer)["error"]["message"]) == (status, True), answer

    play(tmp_path, what)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=5,
)
KEYS = ["name", "model", "metadata", "effort", "context", "role", "allowed-tools"]
WORD = st.text(max_size=8) | st.sampled_from(["..", "a/b", "a\0b", "x" * 150, "page-component-mapper"])
PATHS = st.text(max_size=12).map("/{}".format) | st.sampled_from(
    ["", ".", "/", "/\0", "/" + "x" * 3_000, "/dev"]
)
ANYTHING = st.fixed_dictionaries(
    {"session": st.text(max_size=5), "model": st.sampled_from([OPUS, "opus", "x"])},
    optional={
        "index": st.integers(-1, 3) | JSON,
        "agent": st.none() | st.fixed_dictionaries({"id": WORD, "type": WORD, "cwd": PATHS}) | JSON,
        "skill": st.none() | WORD,
        "frontmatter": st.none() | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4),
        "skill_path": st.none() | PATHS.map("{}/SKILL.md".format),
        "step": st.none() | st.integers() | st.text(max_size=10) | JSON,
        "words": st.text(max_size=40),
        "effort": st.none() | st.text(max_size=6),
        "unheard-of": JSON,
    },
)


def test_any_question_is_answered_or_told_why_not(tmp_path: Path) -> None:
    @given(ANYTHING)
    @settings(max_examples=40, deadline=None)
    def holds(value: dict[str, Any]) -> None:
        status, answer = loop.run_until_complete(asked(value))
        assert status in (200, 400), answer
        if status == 200:
            assert answer["model"]
            assert not [alarm for alarm in at.alarms if "routing failed" in alarm]

    async def asked(value: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, _, body = await at.post(value, "/v1/decide")
        return status, json.loads(body)

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        entered = door(tmp_path, as_asked())
        at = runner.run(entered.__aenter__())
        try:
            holds()
        finally:
            runner.run(entered.__aexit__(None, None, None))


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with suppress(WireError):
        assert isinstance(read_mod_question(body), ModQuestion)
