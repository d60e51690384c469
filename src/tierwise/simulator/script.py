"""Scripts: what the provider answers, as an ordered list of rules. The first rule that holds answers.

    match      every key that is given must hold           respond    one answer, or
    times      how often the rule may answer               turn       one answer for each step of a tool loop

A turn needs no memory: its step is the number of the assistant's messages since the prompt. So a turn can be
retried, interleaved with others and played to many clients at once. Three kindnesses to script writers: a
rule that names neither `api` nor `path` speaks only where an answer is generated; a step that calls a tool is
never played to a request without tools, such as the one for a session's title; and a rule that has used up
its `times` steps aside for the next.

Source: research/clients.md sections 2, 3 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from tierwise.simulator.conversation import Conversation
from tierwise.simulator.models import MODELS
from tierwise.simulator.request import Api, Request
from tierwise.simulator.tokens import canonical

Pattern = re.Pattern[str]
UsageForm = Literal["full", "repeated", "zero", "missing"]
"""How usage is reported: as the protocol says, more than once in a stream, all zero, or not at all."""

GENERATING: Final[frozenset[Api]] = frozenset({"messages", "chat", "responses"})


@dataclass(frozen=True, slots=True)
class Match:
    """What must hold for a rule to answer; None and empty ask nothing. Patterns are searched for.

    `path` is searched without its query, `body` in the body as compact JSON. `last_result_for` names a
    tool whose result came with the last message; `agent` says whether a subagent asks.
    """

    api: Api | None = None
    path: Pattern | None = None
    model: Pattern | None = None
    body: Pattern | None = None
    system: Pattern | None = None
    prompt: Pattern | None = None
    first_user: Pattern | None = None
    last_user: Pattern | None = None
    header: tuple[tuple[str, Pattern], ...] = ()
    has_tool: str | None = None
    last_tool_result_for: str | None = None
    stream: bool | None = None
    agent: bool | None = None
    request_class: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool; an id is made up where none is given.

    A text as `input` calls a custom tool, `namespace` names the group that the tool stands in: both are known
    to Responses alone. Elsewhere a text is the member `input` of an object, and the namespace is left out.
    """

    name: str
    input: Mapping[str, object] | str = field(default_factory=dict)
    id: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error in the words of the protocol; both are filled in from the status where they are empty."""

    type: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Respond:
    """One answer. Without `text` and `tool_calls` the text is derived from the request.

    In `text`, `{model}` and `{n}` stand for the model asked for and the number of the request. `usage` is
    laid over the simulated usage. `status` from 400 on answers with `error`; `sse_error` breaks a stream
    off half way with that error; `cut_after` drops the connection behind so many events (a plain answer
    loses its second half). `raw_body` is sent as it is. Delays are in ms, `event_delay_ms` before each event
    but the first. `input_tokens` is the answer to a count.
    """

    text: str | None = None
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    model: str = ""
    stop_reason: str = ""
    usage: Mapping[str, object] = field(default_factory=dict)
    usage_form: UsageForm = "full"
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    error: Fault = Fault()
    sse_error: Fault | None = None
    cut_after: int | None = None
    delay_ms: int = 0
    event_delay_ms: int = 0
    raw_body: str | None = None
    raw_type: str = "text/plain; charset=utf-8"
    input_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `steps` holds one answer, or the answers of a turn; the last one serves all further steps."""

    match: Match
    steps: tuple[Respond, ...]
    times: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """All rules, what answers where none holds, and the models on offer; `strict_models` refuses others.

    `strict_thinking` refuses a conversation with thinking that another model has signed.
    """

    rules: tuple[Rule, ...] = ()
    default: Respond = Respond()
    models: tuple[str, ...] = MODELS
    strict_models: bool = False
    strict_thinking: bool = False


DEFAULT: Final = Script()


@dataclass(frozen=True)
class Question:
    """A request as rules look at it."""

    request: Request
    conversation: Conversation

    @cached_property
    def body_text(self) -> str:
        """The body as compact JSON with sorted keys; "" without one."""
        return canonical(self.request.body).decode() if self.request.body else ""


class Player:
    """Plays one script: finds the rule that answers, and remembers how often each one has."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._answered = [0] * len(script.rules)

    def answer_to(self, question: Question) -> tuple[int | None, Respond]:
        """The answer, with the index of its rule; None and the default where no rule holds.

        The default is for answers that are generated; anything else is then answered as if unscripted.
        """
        for at, rule in enumerate(self.script.rules):
            step = rule.steps[min(question.conversation.step, len(rule.steps) - 1)]
            if self._is_spent(at, rule) or not _can_play(step, question) or not holds(rule.match, question):
                continue
            self._answered[at] += 1
            return at, step
        return None, self.script.default if question.request.api in GENERATING else Respond()

    def _is_spent(self, at: int, rule: Rule) -> bool:
        return rule.times is not None and self._answered[at] >= rule.times


def holds(match: Match, question: Question) -> bool:
    """Whether everything that the match asks for is so."""
    return _holds_for_request(match, question) and _holds_for_conversation(match, question)


def _holds_for_request(match: Match, question: Question) -> bool:
    request = question.request
    if match.api is None and match.path is None and request.api not in GENERATING:
        return False
    return (
        match.api in (None, request.api)
        and _found(match.path, request.path)
        and _found(match.model, request.model)
        and match.stream in (None, request.streams)
        and match.agent in (None, bool(request.agent))
        and match.request_class in (None, request.request_class)
        and all(pattern.search(request.headers.get(name, "")) for name, pattern in match.header)
        and (match.body is None or _found(match.body, question.body_text))
    )


def _holds_for_conversation(match: Match, question: Question) -> bool:
    said = question.conversation
    return (
        _found(match.system, said.system)
        and _found(match.prompt, said.prompt)
        and _found(match.first_user, said.first_user)
        and _found(match.last_user, said.last_user)
        and (match.has_tool is None or match.has_tool in said.tools)
        and (match.last_tool_result_for is None or match.last_tool_result_for in said.results)
    )


def _found(pattern: Pattern | None, text: str) -> bool:
    return pattern is None or pattern.search(text) is not None


def _can_play(step: Respond, question: Question) -> bool:
    return not step.tool_calls or bool(question.conversation.tools)
