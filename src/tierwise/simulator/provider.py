"""The provider: one request in, one answer out; its memory is the prompt caches and the script's counters.

    refused?  method · credential · body · model     then the script's answer     then the protocol's shape

Nothing here waits, reads a clock or draws lots: the same requests in the same order get the same bytes.

Source: research/clients.md sections 2, 7, 11 and 12.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs

from tierwise.simulator.answers import Answer, cut, json_answer, plain
from tierwise.simulator.anthropic import messages_answer
from tierwise.simulator.caches import (
    Prefixes,
    prompt_tokens,
    standing_still,
    use_blocks,
    use_breakpoints,
)
from tierwise.simulator.checks import problem_of, thinking_problem
from tierwise.simulator.content import content_of
from tierwise.simulator.conversation import conversation_of
from tierwise.simulator.models import (
    DEFAULT_PAGE,
    MAX_PAGE,
    anthropic_card,
    anthropic_page,
    is_offered,
    openai_card,
    openai_list,
)
from tierwise.simulator.openai import chat_answer
from tierwise.simulator.openai_responses import responses_answer
from tierwise.simulator.prompts import cache_seed, chat_pieces, messages_pieces, responses_pieces
from tierwise.simulator.refusals import refusal, status_of
from tierwise.simulator.request import Api, Request
from tierwise.simulator.script import DEFAULT, Fault, Player, Question, Respond, Script

SIGNS_OF_LIFE: Final = frozenset({"/", "/health", "/api/hello"})
_METHODS: Final[dict[Api, frozenset[str]]] = {
    "messages": frozenset({"POST"}),
    "count_tokens": frozenset({"POST"}),
    "chat": frozenset({"POST"}),
    "responses": frozenset({"POST"}),
    "models": frozenset({"GET", "HEAD"}),
}


class Provider:
    """A model provider that plays a script. Not for several threads at once."""

    def __init__(self, script: Script = DEFAULT, now_s: Callable[[], float] = standing_still) -> None:
        self._player = Player(script)
        self._cache = Prefixes(now_s)

    def play(self, script: Script) -> None:
        """Go on with another script, its counters at zero; the caches stay."""
        self._player = Player(script)

    def reset(self) -> None:
        """Forget the caches, and start the script anew."""
        self._cache.clear()
        self._player = Player(self._player.script)

    def answer(self, request: Request) -> Answer:
        """The answer to one request, with the id that its protocol promises."""
        try:
            answer = self._refused(request) or self._played(request)
        except RecursionError:
            answer = refusal(request, 400, Fault(message="The request body is nested too deeply"))
        ids = {"request-id": f"req_{request.stem}"}
        if request.shape == "openai":
            ids["x-request-id"] = ids["request-id"]
        return replace(answer, headers=tuple((ids | dict(answer.headers)).items()))

    def _refused(self, request: Request) -> Answer | None:
        """The refusal of what no script is asked about; None if the request may be answered."""
        if request.api == "other":
            return None
        if request.method not in _METHODS[request.api]:
            message = f"{request.method} is not allowed here"
            return refusal(request, 405, Fault(message=message))
        if not request.credential:
            return refusal(request, 401, Fault())
        problem = problem_of(request) if request.api != "models" else ""
        if problem:
            return refusal(request, 400, Fault(message=problem))
        asked = request.model_id if request.api == "models" else request.model
        if asked and not self._offers(asked, strictly=request.api == "models"):
            return refusal(request, 404, Fault(message=f"model: {asked}"))
        problem = thinking_problem(request) if self._player.script.strict_thinking else ""
        return refusal(request, 400, Fault(message=problem)) if problem else None

    def _offers(self, model: str, *, strictly: bool) -> bool:
        script = self._player.script
        return not (strictly or script.strict_models) or is_offered(model, script.models)

    def _played(self, request: Request) -> Answer:
        question = Question(request, conversation_of(request))
        rule, respond = self._player.answer_to(question)
        answer = self._scripted(request, respond) or self._simulated(question, respond)
        answer = replace(
            answer,
            rule=rule,
            headers=tuple((dict(answer.headers) | dict(respond.headers)).items()),
            delay_ms=respond.delay_ms,
            event_delay_ms=respond.event_delay_ms,
        )
        return answer if respond.cut_after is None else cut(answer, respond.cut_after)

    def _scripted(self, request: Request, respond: Respond) -> Answer | None:
        """What the script answers without a model's work: bytes, or an error that no stream has to carry."""
        if respond.raw_body is not None:
            return plain(respond.raw_body.encode(), respond.raw_type, respond.status)
        if respond.status >= 400:
            return refusal(request, respond.status, respond.error)
        if respond.sse_error is not None and not request.streams:
            return refusal(request, status_of(respond.sse_error), respond.sse_error)
        return None

    def _simulated(self, question: Question, respond: Respond) -> Answer:
        request = question.request
        if request.api == "messages":
            return self._message(question, respond)
        if request.api == "chat":
            return self._completion(question, respond)
        if request.api == "responses":
            return self._response(question, respond)
        if request.api == "count_tokens":
            return _count(request, respond)
        return self._models(request) if request.api == "models" else _other(request)

    def _message(self, question: Question, respond: Respond) -> Answer:
        request, content = question.request, content_of(question, respond)
        use = use_breakpoints(messages_pieces(request), cache_seed(request), self._cache)
        return messages_answer(request, respond, content, use)

    def _completion(self, question: Question, respond: Respond) -> Answer:
        request, content = question.request, content_of(question, respond)
        use = use_blocks(chat_pieces(request), cache_seed(request), self._cache)
        return chat_answer(request, respond, content, use)

    def _response(self, question: Question, respond: Respond) -> Answer:
        request, content = question.request, content_of(question, respond)
        use = use_blocks(responses_pieces(request), cache_seed(request), self._cache)
        return responses_answer(request, respond, content, use)

    def _models(self, request: Request) -> Answer:
        models = self._player.script.models
        if request.model_id:
            card = anthropic_card if request.shape == "anthropic" else openai_card
            return json_answer(card(request.model_id))
        if request.shape == "openai":
            return json_answer(openai_list(models))
        query = {key: values[-1] for key, values in parse_qs(request.query).items()}
        limit = query.get("limit", str(DEFAULT_PAGE))
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= MAX_PAGE:
            return refusal(request, 400, Fault(message=f"limit: Input should be from 1 to {MAX_PAGE}"))
        return json_answer(
            anthropic_page(models, int(limit), query.get("after_id", ""), query.get("before_id", ""))
        )


def _count(request: Request, respond: Respond) -> Answer:
    """What the prompt of this request would be, in tokens; no cache is touched."""
    counted = prompt_tokens(messages_pieces(request))
    return json_answer({"input_tokens": counted if respond.input_tokens is None else respond.input_tokens})


def _other(request: Request) -> Answer:
    """A sign of life where clients look for one; nothing else is here."""
    if request.path in SIGNS_OF_LIFE and request.method in ("GET", "HEAD"):
        return json_answer({"status": "ok"})
    return refusal(request, 404, Fault(message=f"{request.method} {request.path}: there is nothing here"))
