"""Mods: what a client's own plugin asks before each model request, and what becomes of the answer.

    POST …/v1/decide ──► Call ──► the gateway's own routing ──► {"id", "model", "effort", "refuse", …}
                                        │ kept by its id
    the request, with the id as a header ──► adopted: sent as it asks, recorded as it was decided

The client then asks for the decided model itself. Such a request must not be decided again: it would take
the mod's choice for the user's. It is adopted only in the loop that it was decided for, and by its own
work: not by titles or summaries. Where the mod saw no skill and left the model alone, but the messages show
one, the relay knows better and decides as if nobody had asked.

Source: rules.md sections 3 to 6; research/clients.md section 6.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final, Protocol, TypeVar

from tierwise.errors import StoreError, WireError
from tierwise.files.skill_files import SKILL_FILE
from tierwise.gateway.consents import Consents
from tierwise.gateway.control import not_from_here
from tierwise.gateway.headers import Raw
from tierwise.gateway.replies import Reply, error_reply, json_reply, refusal_message
from tierwise.gateway.sessions import NOBODY, WORKING_CLASSES, Caller, Named, Sessions
from tierwise.gateway.warmth import Warmth
from tierwise.router.calls import Answered, Call, Routed
from tierwise.router.natives import Natives
from tierwise.wire.callers import named, project_of
from tierwise.wire.mod_questions import ModQuestion, read_mod_question
from tierwise.wire.requests import ModelRequest

PATH: Final = "/v1/decide"
DECISION: Final = "x-tierwise-decision"
"""The header by which a request names the decision that it follows; of several, one of its own loop's."""
CLIENT_SESSION: Final = "x-claude-code-session-id"
"""The session as the client and so the mod call it, whatever name a user's own header gives it."""
MAX_DECISIONS: Final = 1_024
MAX_SESSIONS: Final = 1_024
MAX_TOLD: Final = 128
"""Skills whose frontmatter is kept, for requests that come without a question."""
MAX_NAMED: Final = 64
"""Ids that are looked at in one header."""
PLATFORM: Final = "claude_code"
UNNAMED: Final = "begun-"
"""How a subagent without an id is called; a typed skill that forks has one for mods, but not on the wire."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(slots=True)
class Decided:
    """A decision that a mod was given. `used` once a request has followed it."""

    id: str
    routed: Routed
    used: bool = False

    def use(self) -> str | None:
        """The id for the first request that follows it; None for the same request sent again."""
        if self.used:
            return None
        self.used = True
        return self.id

    def asked(self, request: ModelRequest) -> ModelRequest:
        """The request as it would be if nobody had changed its model."""
        return replace(request, model=self.routed.call.asked_model)

    def adopted(self, call: Call, request: ModelRequest) -> Routed | None:
        """The request as it was decided; None if it has to be decided anew.

        A pin on the request is the caller's own and stronger. `call` is what the relay knows of it.
        """
        was = self.routed.call
        unseen = was.skill is None and call.skill is not None and self.routed.send == was.asked_model
        if call.pin or (unseen and request.model == was.asked_model):
            return None
        known = replace(
            call, agent=was.agent, agent_name=was.agent_name, named_model=request.model, step=was.step
        )
        if was.skill is not None:
            known = replace(known, skill=was.skill, skill_folder=was.skill_folder)
        return replace(self.routed, call=known, send=request.model, effort=None)


@dataclass(frozen=True, slots=True)
class _Turn:
    """The main loop's turn, as the mod names it, and the user's words in it."""

    id: str = ""
    words: str = ""


class Mods:
    """What mods were answered and what they told, each bounded, the oldest given up first."""

    def __init__(self) -> None:
        self._decided: OrderedDict[str, Decided] = OrderedDict()
        self._turns: OrderedDict[str, _Turn] = OrderedDict()
        self._told: OrderedDict[tuple[str, str], Mapping[str, Any]] = OrderedDict()

    def keep(self, id: str, routed: Routed) -> None:
        """Keep a decision until its request comes."""
        _keep(self._decided, id, Decided(id, routed), MAX_DECISIONS)

    def follow(self, asked: ModQuestion, words: str) -> _Turn:
        """The turn of the main loop that the question is about, a subagent's too; kept with what it tells."""
        folder = folder_of(asked.skill_path)
        if folder is not None and asked.frontmatter is not None:
            _keep(self._told, (asked.session, folder), asked.frontmatter, MAX_TOLD)
        if asked.agent is None:
            _keep(self._turns, asked.session, _Turn(asked.turn, words), MAX_SESSIONS)
        return self._turns.get(asked.session, _Turn())

    def informed(self, call: Call) -> Call:
        """A call that nobody asked about, with what its session's mod told of the skill."""
        if call.skill_folder is None:
            return call
        return replace(call, frontmatter=self._told.get((call.session, call.skill_folder)))

    def named(self, headers: Mapping[str, str], request: ModelRequest) -> Decided | None:
        """The decision that the request follows; None if it names none of its own loop."""
        if DECISION not in headers or request.request_class not in WORKING_CLASSES:
            return None
        ids = headers[DECISION].split(",", MAX_NAMED)[:MAX_NAMED]
        known = [decided for id in ids if (decided := self._decided.get(id.strip())) is not None]
        session = named(headers, CLIENT_SESSION) or request.session
        here = [decided for decided in known if decided.routed.call.session == session]
        for decided in here:
            if decided.routed.call.agent == request.agent:
                return decided
        if not request.agent.startswith(UNNAMED):
            return None
        forks = [one for one in here if one.routed.call.agent and one.routed.send == request.model]
        return forks[0] if len(forks) == 1 else None


class Settle(Protocol):
    """Records a call that is not made."""

    def __call__(self, held: None, routed: Routed, answered: Answered) -> None:
        """Put the refused call into the ledger."""
        ...


@dataclass(frozen=True, slots=True)
class DecideApi:
    """`POST /v1/decide`: on loopback and from no web page, bounded, decided as the relay decides."""

    mods: Mods
    sessions: Sessions
    warmth: Warmth
    consents: Consents
    natives: Natives
    route: Callable[[Call], Awaitable[Routed]]
    settle: Settle
    now_us: Callable[[], int]
    new_id: Callable[[], str]

    async def reply_to(self, method: str, path: str, headers: list[Raw], body: bytes) -> Reply:
        """The answer to one question; never raises for what stands in it."""
        refused = not_from_here(method, headers)
        if refused is not None:
            return refused
        if method != "POST":
            return error_reply(405, "tierwise: only POST is understood here", {"allow": "POST"})
        try:
            return json_reply(200, await self._decided(read_mod_question(body), project_of(path)))
        except WireError as error:
            return error_reply(400, f"tierwise: {error}")
        except StoreError as error:
            return error_reply(503, f"tierwise: a hard budget cannot be checked: {error}")

    async def _decided(self, asked: ModQuestion, project: str) -> dict[str, Any]:
        began_us, id = self.now_us(), self.new_id()
        routed = await self.route(self._call(asked, project, began_us))
        self.consents.follow(routed, began_us)
        refusal = routed.decision.refusal if routed.mode == "enforce" else None
        if refusal is None:
            self.mods.keep(id, routed)
            return _answer(id, asked, routed)
        message = refusal_message(refusal, self.consents.refused(refusal, routed, began_us))
        self.settle(None, routed, Answered(id, began_us, self.now_us(), 429, "refused"))
        return _answer(id, asked, routed, message)

    def _call(self, asked: ModQuestion, project: str, now_us: int) -> Call:
        """What is known of the request before anything is decided."""
        caller = self.sessions.caller(asked.session) or Caller()
        said = asked.user_words if not asked.index else self.sessions.standing(asked.session).words
        turn = self.mods.follow(asked, said or asked.user_words)
        agent = self._named(asked)
        main = asked.agent is None
        call = Call(
            platform=PLATFORM,
            asked_model=asked.wire_model,
            session=asked.session,
            agent=asked.agent_id,
            turn=asked.turn,
            request_class="main" if main else "subagent",
            project=project or caller.project,
            key=caller.key,
            skill=asked.skill or None,
            skill_folder=folder_of(asked.skill_path),
            frontmatter=asked.frontmatter if asked.skill else None,
            user_turn=turn.id or asked.turn,
            answers=self.consents.answers(asked.session, turn.id or asked.turn, turn.words),
            user_words=turn.words if main or asked.forked else "",
            everywhere_words="" if main else turn.words,
            effort=asked.effort,
            step=str(asked.step) if asked.step is not None else "",
            tool_result_pending=asked.index > 0,
            skill_boundary=asked.begins,
            skill_with_agent=asked.with_agent,
            agent_name=agent.name,
            agent_file=agent.file,
            reshapes=True,
        )
        tokens = self.warmth.expected_tokens(call)
        return replace(call, context_tokens=tokens, warm=self.warmth.expected(call, now_us))

    def _named(self, asked: ModQuestion) -> Named:
        """Who the agent is: as a hook has told, else as the mod does."""
        if asked.agent is None:
            return NOBODY
        known = self.sessions.named(asked.session, asked.agent.id)
        if known is NOBODY and asked.agent.type:
            known = Named(asked.agent.type, self.natives.agent(asked.agent.type, asked.agent.cwd))
            self.sessions.name(asked.session, asked.agent.id, known)
        return known


def _keep(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)


def folder_of(path: str | None) -> str | None:
    """The folder of a SKILL.md; None for a skill that has none, such as a command's own page."""
    file = PurePath(path) if path else None
    return str(file.parent) if file is not None and file.name == SKILL_FILE else None


def _answer(id: str, asked: ModQuestion, routed: Routed, refused: str | None = None) -> dict[str, Any]:
    """The decision as the mod applies it; what the client asked for, word for word, where nothing changes."""
    decision = routed.decision
    offer = decision.offer if routed.mode == "enforce" else None
    return {
        "id": id,
        "model": asked.model if routed.send == asked.wire_model else routed.send,
        "tier": decision.tier.name if decision.tier else None,
        "effort": routed.effort or asked.effort,
        "reason": decision.reason,
        "rule": decision.rule,
        "zone": str(decision.zone),
        "mode": routed.mode,
        "refuse": {"message": refused} if refused is not None else None,
        "notify": decision.notify,
        "offer": {"id": offer.id, "text": offer.text, "options": list(offer.options)} if offer else None,
    }
