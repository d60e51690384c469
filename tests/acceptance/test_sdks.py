"""Programs of one's own on the real SDKs, behind the gateway: `anthropic`, and `openai` over both protocols.

A program tells the gateway of a skill as the clients do: with the folder of its SKILL.md, in the words that
one of them uses. Its session is what it says in `x-tierwise-session`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

import anthropic
import openai
import pytest
from staging import Stage

from tierwise.simulator.script_reading import script_of
from tierwise.simulator.server import RunningSimulator

pytestmark = [pytest.mark.acceptance]

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
SOL, LUNA = "gpt-6.1-sol", "gpt-6-luna"
MAPPER = "page-component-mapper"
WAIT_S = 10
SESSION = {"x-tierwise-session": "my-program-1"}
SKILL = {"tool_calls": [{"name": "skill", "input": {"name": MAPPER}}]}
MAPS = {"match": {"prompt": "Map the page"}, "turn": [SKILL, {"text": "App, Nav"}]}
HELLO = {"respond": {"text": "Hello."}}
PURSE = "purse: {limit: 2messages, window: session, scope: all, hard: true}\n"


class Program(Protocol):
    """A small agent: it says its prompts to a model and gives it the skills that it calls for."""

    def ask(self, prompt: str, **headers: str) -> tuple[str, str]:
        """What is said at last, and by which model, as the SDK has it."""


@dataclass
class Messages:
    stage: Stage
    kept: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, prompt: str, **headers: str) -> tuple[str, str]:
        self.kept.append({"role": "user", "content": prompt})
        tool = {"name": "skill", "input_schema": {"type": "object"}}
        url = self.stage.client.base_url
        with anthropic.Anthropic(base_url=url, api_key="sk-test", default_headers=SESSION) as sdk:
            while True:
                said = sdk.messages.create(
                    model=OPUS, max_tokens=500, messages=self.kept, tools=[tool],
                    extra_headers={name.replace("_", "-"): value for name, value in headers.items()},
                )  # fmt: skip
                self.kept.append(
                    {"role": "assistant", "content": [part.model_dump() for part in said.content]}
                )
                calls = [part for part in said.content if part.type == "tool_use"]
                if not calls:
                    return said.content[0].text, said.model
                told = {"type": "tool_result", "tool_use_id": calls[0].id, "content": skill(self.stage)}
                self.kept.append({"role": "user", "content": [told]})


@dataclass
class Chat:
    stage: Stage
    kept: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, prompt: str, **headers: str) -> tuple[str, str]:
        self.kept.append({"role": "user", "content": prompt})
        tool = {"type": "function", "function": {"name": "skill", "parameters": {"type": "object"}}}
        with openai_sdk(self.stage) as sdk:
            while True:
                said = sdk.chat.completions.create(
                    model=SOL, messages=self.kept, tools=[tool],
                    extra_headers={name.replace("_", "-"): value for name, value in headers.items()},
                )  # fmt: skip
                message = said.choices[0].message
                self.kept.append(message.model_dump(exclude_none=True))
                if not message.tool_calls:
                    return message.content or "", said.model
                id = message.tool_calls[0].id
                self.kept.append({"role": "tool", "tool_call_id": id, "content": skill(self.stage)})


@dataclass
class Responses:
    """Gives the skill with the prompt, as Codex does; the model is not asked."""

    stage: Stage
    kept: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, prompt: str, **headers: str) -> tuple[str, str]:
        texts = [prompt, *([injected(self.stage)] if prompt.startswith("Map") else [])]
        for text in texts:
            self.kept.append({"role": "user", "content": [{"type": "input_text", "text": text}]})
        with openai_sdk(self.stage) as sdk:
            said = sdk.responses.create(
                model=SOL, input=self.kept,
                extra_headers={name.replace("_", "-"): value for name, value in headers.items()},
            )  # fmt: skip
            self.kept.append({"role": "assistant", "content": said.output_text})
            return said.output_text, said.model


def openai_sdk(stage: Stage) -> openai.OpenAI:
    url = f"{stage.client.base_url}/v1"
    return openai.OpenAI(base_url=url, api_key="sk-test", default_headers=SESSION)


def folder(stage: Stage) -> Path:
    found: Path = stage.client.project / ".claude" / "skills" / MAPPER
    return found


def skill(stage: Stage) -> str:
    page = (folder(stage) / "SKILL.md").read_text()
    told = f"{page}\nBase directory for this skill: {folder(stage)}"
    return f'<skill_content name="{MAPPER}">\n{told}\n</skill_content>'


def injected(stage: Stage) -> str:
    path = folder(stage) / "SKILL.md"
    return f"<skill>\n<name>{MAPPER}</name>\n<path>{path}</path>\n{path.read_text()}\n</skill>"


def of(client: str, version: str, *situations: str) -> list[pytest.MarkDecorator]:
    major = version.partition(".")[0]
    return [pytest.mark.shows(one, "gateway", client=client, version=major) for one in situations]


def each(*situations: str) -> pytest.MarkDecorator:
    """A test of every program: of each SDK, over each protocol, with its large model and its small one."""
    claude, gpt = (OPUS, HAIKU), (SOL, LUNA)
    by_openai = of("openai SDK", openai.__version__, *situations)
    return pytest.mark.parametrize(
        ("program", "large", "small"),
        [
            pytest.param(
                Messages,
                *claude,
                marks=of("anthropic SDK", anthropic.__version__, *situations),
                id="messages",
            ),
            pytest.param(Chat, *gpt, marks=by_openai, id="chat"),
            pytest.param(Responses, *gpt, marks=by_openai, id="responses"),
        ],
    )


def sent(stage: Stage) -> list[str]:
    return [call.sent for call in stage.seen()]


@each("skill called")
def test_a_skill_runs_on_its_tier_until_the_next_prompt(
    own_stage: Callable[..., Stage], program: Callable[[Stage], Program], large: str, small: str
) -> None:
    played = own_stage([MAPS, HELLO] if program is not Responses else [HELLO])
    mine = program(played)
    assert mine.ask("Map the page")[1] == small
    assert mine.ask("thanks") == ("Hello.", large)
    *first, last = [(call.skill, call.asked, call.sent) for call in played.seen()]
    assert first[-1] == (MAPPER, large, small)
    assert last == (None, large, large)
    assert {record["session"] for record in played.recorded()} == {SESSION["x-tierwise-session"]}


@each("words", "pin")
def test_the_users_word_and_a_pin_replace_the_tier(
    own_stage: Callable[..., Stage], program: Callable[[Stage], Program], large: str, small: str
) -> None:
    played = own_stage([HELLO])
    mine = program(played)
    assert mine.ask("Say hello using haiku") == ("Hello.", small)
    assert mine.ask("hello", x_tierwise_tier="haiku") == ("Hello.", small)
    assert mine.ask("hello") == ("Hello.", large)
    assert sent(played) == [small, small, large]


@each("refusal")
def test_a_hard_budget_is_one_error_that_says_what_to_do(
    own_stage: Callable[..., Stage], program: Callable[[Stage], Program], large: str, small: str
) -> None:
    played = own_stage([HELLO], budgets=PURSE)
    mine = program(played)
    mine.ask("one")
    mine.ask("two")
    with pytest.raises((anthropic.RateLimitError, openai.RateLimitError)) as refused:
        mine.ask("three")
    assert "purse is exhausted" in str(refused.value)
    assert "wait for the reset" in str(refused.value)
    assert [record["outcome"] for record in played.recorded()] == ["ok", "ok", "refused"]


@each("restart")
def test_a_gateway_that_was_killed_knows_what_the_session_has_spent(
    own_stage: Callable[..., Stage],
    program: Callable[[Stage], Program],
    large: str,
    small: str,
    tmp_path: Path,
) -> None:
    with outliving([HELLO], tmp_path / "simulator.jsonl") as url:
        played = own_stage([], budgets=PURSE, upstream=url)
        mine = program(played)
        mine.ask("one")
        wait_until(lambda: len(played.recorded()) == 1)
        played.gateway.kill()
        played.gateway.start()
        assert mine.ask("two") == ("Hello.", large)
        with pytest.raises((anthropic.RateLimitError, openai.RateLimitError)):
            mine.ask("three")
        assert sent(played) == [large, large]


def wait_until(holds: Callable[[], bool]) -> None:
    """A record is written a moment after its answer; who is killed before that keeps the hold alone."""
    end = monotonic() + WAIT_S
    while not holds():
        assert monotonic() < end
        sleep(0.02)


@contextmanager
def outliving(script: list[dict[str, Any]], log: Path) -> Iterator[str]:
    """A provider that outlives the gateway."""
    with RunningSimulator(script=script_of(script), log_path=log) as simulator:
        yield simulator.url
