"""Spawning: what is decided as an agent or a skill is about to start, by the router that decides every call.

    Agent(reviewer)   the tier of its own block, of its skill, of the user's words, of budgets  ──►  `model`
    Skill(mapper)     its fork twin, where the twin's tier is the decided one and a fork pays   ──►  `skill`
    /mapper           what makes up for a lower tier, if it will run on one                     ──►  context

A tier that the client would run anyway is not named again. Only the four names that the client takes are
ever put into its call: anything else would fail its validation, and the agent with it.

Source: research/clients.md sections 3 to 5; rules.md sections 3, 5 and 6.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tierwise.core.decide import decide
from tierwise.core.entries import Tags
from tierwise.core.forking import fork_pays
from tierwise.core.questions import Decision, Refusal
from tierwise.files.homes import SILENT_MODELS
from tierwise.gateway.consents import Consents
from tierwise.gateway.fanout import Fanout, Spawn, Wanting
from tierwise.gateway.purser import Purser
from tierwise.gateway.replies import refusal_message
from tierwise.gateway.sessions import Caller, Sessions
from tierwise.gateway.warmth import Warmth
from tierwise.router.aims import ALIASES
from tierwise.router.calls import Call, Routed
from tierwise.router.natives import DEFAULT_AGENT, Natives
from tierwise.wire.hooks import NO_ANSWER, HookAnswer, HookEvent

PLATFORM: Final = "claude_code"
ASKED_CLASS: Final = "hook"
"""The class of a call that is only asked about: it is no request, and nothing is remembered of it."""


@dataclass(frozen=True, slots=True)
class Spawning:
    """Decides what is about to start. `route` decides a call as the relay would."""

    natives: Natives
    sessions: Sessions
    warmth: Warmth
    fanout: Fanout
    purser: Purser
    consents: Consents
    route: Callable[[Call], Awaitable[Routed]]
    now_us: Callable[[], int]

    async def agent(self, event: HookEvent) -> HookAnswer:
        """PreToolUse of Agent: its tier as a name that the client takes, or why it must not start."""
        now_us, type = self.now_us(), event.input_text("subagent_type") or DEFAULT_AGENT
        if event.input_text("resume"):  # it goes on where it stopped, on what it ran on
            return NO_ANSWER
        self.fanout.joined(event.session_id, event.agent_id, event.tool_use_id, now_us)
        routed = await self.route(self._agent_call(event, type))
        self.consents.follow(routed, now_us)
        if routed.mode != "enforce":
            return NO_ANSWER
        refusal = routed.decision.refusal or await self._claimed(event, type, routed, now_us)
        spawn = self.fanout.joined(event.session_id, event.agent_id, event.tool_use_id, now_us) or Spawn("")
        if refusal is not None:
            self.fanout.deny(spawn)
            message = refusal_message(refusal, self.consents.refused(refusal, routed, now_us))
            return HookAnswer(denied=message, message=message)
        return _started(event, type, routed, spawn)

    async def skill(self, event: HookEvent) -> HookAnswer:
        """PreToolUse of Skill: its fork twin, or what makes up for a lower tier inside the conversation."""
        name = event.input_text("skill")
        routed = await self._skill(event, name, self._words(event.session_id))
        if routed is None or routed.mode != "enforce":
            return NO_ANSWER
        twin = self._twin(routed)
        if twin is None:
            return HookAnswer(context=self._made_up_for(event, routed, event.tool_use_id))
        name, why = twin
        said = f"tierwise: {routed.call.skill} runs as {name}: {why}"
        return HookAnswer(input=event.input_with("skill", name), message=said)

    async def typed(self, event: HookEvent, name: str, words: str) -> str:
        """What makes up for a lower tier of a skill that the user typed; "" if nothing has to."""
        routed = await self._skill(event, name, words)
        if routed is None or routed.mode != "enforce":
            return ""
        return self._made_up_for(event, routed, f"typed {event.prompt_id}")

    def _made_up_for(self, event: HookEvent, routed: Routed, call: str) -> str:
        """What makes up for a lower tier; a fork is told as it starts, for it sees nothing of this."""
        text, type = routed.decision.adaptations or "", self._fork(routed.call.skill_folder)
        if type is None or not text:
            return text
        spawn = self.fanout.joined(event.session_id, event.agent_id, call, self.now_us())
        if spawn is not None:
            spawn.claimed = spawn.ready = True
            spawn.type, spawn.adaptations = type, text
        return ""

    def _fork(self, folder: str | None) -> str | None:
        return self.natives.fork(Path(folder)) if folder else None

    def wanting(self, caller: Caller, session: str, routed: Routed, now_us: int) -> Wanting:
        """What an agent wants that runs as this call was decided."""
        decision = routed.decision
        tier = decision.tier.name if decision.tier else ""
        model = decision.model.id if decision.model else routed.send
        tags = Tags(session, session, "", routed.call.skill or "", caller.project, caller.key, model, tier)
        budgets = routed.budgets if routed.mode == "enforce" else ()
        return lambda id: self.purser.starting(id, tags, decision.model, budgets, now_us)

    async def _claimed(self, event: HookEvent, type: str, routed: Routed, now_us: int) -> Refusal | None:
        """Hold the agent's beginning, if the gateway will see its calls; why it must not start."""
        session, caller = event.session_id, self.sessions.caller(event.session_id)
        wanting = self.wanting(caller, session, routed, now_us) if caller is not None else None
        claimed = await self.fanout.claim(session, event.agent_id, event.tool_use_id, type, wanting, now_us)
        return claimed if isinstance(claimed, Refusal) else None

    def _agent_call(self, event: HookEvent, type: str) -> Call:
        """The agent's first call, on the model that the client would run it on, if that is known."""
        file = self.natives.agent(type, event.cwd)
        plain = self.natives.model_of(file) if file is not None else ""
        named = event.input_text("model") or ("" if plain in SILENT_MODELS else plain)
        skills = self.natives.skills_of(file) if file is not None else ()
        folder = self.natives.skill(skills[0], event.cwd) if len(skills) == 1 else None
        words = self._words(event.session_id)
        return replace(
            self._call(event),
            asked_model=named or self.sessions.standing(event.session_id, event.agent_id).model,
            agent_name=type,
            agent_file=file,
            siblings=self.fanout.size(event.session_id, event.agent_id),
            skill=skills[0] if folder is not None else None,
            skill_folder=str(folder) if folder is not None else None,
            skill_with_agent=folder is not None,
            user_words=words if speaks_of(words, type) else "",
            everywhere_words=words,
        )

    async def _skill(self, event: HookEvent, name: str, words: str) -> Routed | None:
        """The skill's first call, decided as it would be inside the conversation; None if nobody knows it."""
        folder = self.natives.skill(name, event.cwd)
        if folder is None:
            return None
        call = replace(
            self._call(event),
            agent=event.agent_id,
            asked_model=self.sessions.standing(event.session_id, event.agent_id).model,
            skill=name,
            skill_folder=str(folder),
            skill_boundary=True,
            tool_result_pending=bool(event.tool_name),
            user_words="" if event.agent_id else words,
            everywhere_words=words if event.agent_id else "",
        )
        working = replace(call, request_class="subagent" if event.agent_id else "main")
        warm, tokens = self.warmth.expected(working, self.now_us()), self.warmth.expected_tokens(working)
        if self.natives.fork(folder) is None:  # a fork begins with nothing in any cache
            call = replace(call, warm=warm, context_tokens=tokens)
        routed = await self.route(call)
        self.consents.zone(routed, self.now_us())
        return routed

    def _twin(self, routed: Routed) -> tuple[str, str] | None:
        """The fork that stands in for the skill, and why it does; None if it is to run as it is."""
        question, skill = routed.question, routed.call.skill or ""
        if self._fork(routed.call.skill_folder) is not None:
            return None
        decision = decide(replace(question, cache=None, context_tokens=0))
        running = question.cache.tier if question.cache and question.cache.tier else question.asked
        if decision.tier is None or decision.tier == running or decision.refusal is not None:
            return None
        name = self.natives.twin(Path(routed.call.skill_folder or ""), skill, decision.tier.name)
        if name is None:
            return None
        model, cache = decision.model, question.cache
        held = dict(cache.also_warm).get(model.id, 0) if cache is not None and model is not None else 0
        why = fork_pays(cache, decision.tier, model.price if model is not None else None, held)
        return (name, f"{decision.reason}; {why}") if why is not None else None

    def _call(self, event: HookEvent) -> Call:
        """What is known of a call of the session before it is made."""
        session = event.session_id
        caller = self.sessions.caller(session) or Caller()
        turn = self.sessions.standing(session).turn if event.tool_name else event.prompt_id
        return Call(
            PLATFORM,
            "",
            session=session,
            turn=turn,
            request_class=ASKED_CLASS,
            project=caller.project,
            key=caller.key,
            user_turn=turn,
            answers=self.consents.answers(session, turn, ""),
            reshapes=True,
        )

    def _words(self, session: str) -> str:
        """The user's own in the turn that is under way."""
        return self.sessions.standing(session).words or self.sessions.heard(session)


def speaks_of(words: str, agent: str) -> bool:
    """Whether the words name the agent as one: `reviewer agent`, `@agent-reviewer`, `code-reviewer`."""
    if not words or not agent:
        return False
    name = "[-_ ]".join(re.escape(part) for part in re.split("[-_ ]", agent))
    plain = rf"(?<![\w-]){name}(?![\w-])"
    if re.search("[-_]", agent) and re.search(plain, words, re.IGNORECASE):
        return True
    called = rf"(?:@(?:agent-)?{name}|{name} (?:sub)?agents?|(?:sub)?agent {name})"
    return re.search(rf"(?<![\w-]){called}(?![\w-])", words, re.IGNORECASE) is not None


def _started(event: HookEvent, type: str, routed: Routed, spawn: Spawn) -> HookAnswer:
    """The agent's call as it is to be made; what becomes of it is noted in the spawn."""
    decision, alias = routed.decision, _alias(routed.decision)
    spawn.adaptations = decision.adaptations or ""
    if alias is None or _runs_so_anyway(routed):
        return NO_ANSWER
    spawn.asked_model = _asked_id(routed)
    spawn.model = decision.model.id if decision.model is not None else ""
    said = f"tierwise: {type} runs on {decision.tier}: {decision.reason}"
    return HookAnswer(input=event.input_with("model", alias), message=said)


def _runs_so_anyway(routed: Routed) -> bool:
    """Whether the client would run the agent on the decided tier if nobody said anything."""
    if routed.call.asked_model:
        return routed.decision.tier == routed.question.asked
    return routed.question.skill is None and routed.decision.rule == "platform_default"


def _alias(decision: Decision) -> str | None:
    """The tier as the client's Agent tool takes it; None if it has no name there."""
    tier = decision.tier.name if decision.tier is not None else ""
    if tier in ALIASES:
        return tier
    built_in = decision.model.tier if decision.model is not None else None
    return built_in if built_in in ALIASES else None


def _asked_id(routed: Routed) -> str:
    """The id of the model that the client would have run the agent on; "" if it is not known."""
    question = routed.question
    if question.asked_card is not None:
        return question.asked_card.id
    cards = question.candidates.get(question.asked.name, ()) if question.asked is not None else ()
    return cards[0].id if cards else ""
