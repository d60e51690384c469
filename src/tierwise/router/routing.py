"""Routing: from a call to the model that is sent for it.

    call ──► skill (shelf) + configuration + balances (ledger) + catalog ──► Question ──► decide ──► Routed

Routing fails open: what cannot be read is an alarm, and the call goes out as the client asked. A model is
only ever swapped inside its family, where changing the `model` value is all that the change takes.

Source: rules.md sections 3 to 5; design.md, "The shape".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tierwise.catalog.models import Catalog
from tierwise.core.decide import decide
from tierwise.core.entries import Purse, Standing
from tierwise.core.estimates import Estimate
from tierwise.core.models import Candidates, ModelCard
from tierwise.core.questions import AtStep, CacheFacts, Decision, Question, UserWish
from tierwise.core.skills import Skill, skill_of
from tierwise.core.tiers import Tier
from tierwise.files.config import Config
from tierwise.files.inline import Inline, parse_prompt
from tierwise.files.provenance import overlay
from tierwise.files.skill_files import SkillFile, told_skill
from tierwise.router.balances import Balances, Context, Governing
from tierwise.router.calls import Call, Routed, tags_of
from tierwise.router.configs import Configs
from tierwise.router.histories import no_history
from tierwise.router.natives import Natives
from tierwise.router.shelf import Shelf, project_of

NOTHING_SAID: Final = Inline()
History = Callable[[str, Candidates], Estimate | None]
"""What a skill took in the past, by its name and the models to price it at."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call whose files are read, before its budgets' standings are known."""

    call: Call
    config: Config
    skill: Skill | None
    governing: Governing
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Router:
    """Everything that deciding needs, in one place. `day` is an ISO date, given with each call."""

    catalog: Catalog
    configs: Configs
    shelf: Shelf
    balances: Balances
    natives: Natives
    reachable: tuple[str, ...] = ()

    def prepare(self, call: Call, now_us: int) -> Prepared:
        """What has to be known before the ledger is asked: configuration, skill, governing budgets."""
        alarms: list[str] = []
        folder = self._folder(call, alarms)
        place = folder or call.agent_file
        config = self.configs.of(project_of(place) if place else None)
        alarms += [str(finding) for finding in config.findings if finding.severity == "error"]
        skill = self._skill(call, folder, config, alarms) if config.mode != "off" else None
        governing = self.balances.governing(config, tags_of(call), now_us)
        return Prepared(call, config, skill, governing, tuple(alarms))

    def route(
        self, prepared: Prepared, standings: Sequence[Standing], day: str, history: History = no_history
    ) -> Routed:
        """The call with its decision and the model to send; never raises for what stands in files.

        `standings` are those of the governing purses, in their order; `history` knows what skills took.
        """
        call, config, skill = prepared.call, prepared.config, prepared.skill
        alarms = list(prepared.alarms)
        if config.mode == "off":
            question = self._question(call, None, config, UserWish(), day)
            return Routed(call, question, decide(question), "off", call.body_model, alarms=tuple(alarms))
        inline, wish = self._wish(call, skill, config)
        if call.pin and wish.pin is None:
            alarms.append(f"`{call.pin[:60]}` is no tier or known model: the call was not pinned to it")
        question = self._question(call, skill, config, wish, day)
        card = question.asked_card
        context = Context(call.context_tokens, card.window_tokens if card else None)
        if call.request_class == "main":
            self.balances.remember(call.session, context)
        gauges = self.balances.gauges(prepared.governing, standings, config.settings, context)
        question = replace(question, gauges=gauges, answers=call.answers)
        if skill is not None:
            question = replace(question, history=history(skill.name, question.candidates))
        decision = decide(question)
        send, misfit = self._to_send(call, config, question, decision, day)
        effort = decision.effort if config.mode == "enforce" and decision.effort != call.effort else None
        return Routed(
            call,
            question,
            decision,
            config.mode,
            send,
            effort,
            inline.words,
            tuple(alarms),
            self.balances.budgets_of(config),
            misfit,
            steering=config.steering == "auto",
        )

    def decided(
        self,
        call: Call,
        now_us: int,
        day: str,
        standings: Callable[[Sequence[Purse]], Sequence[Standing]],
        history: History = no_history,
    ) -> Routed:
        """Both at once, for whoever can ask for the standings without waiting."""
        prepared = self.prepare(call, now_us)
        return self.route(prepared, standings(prepared.governing.purses), day, history).served_as_asked()

    def _folder(self, call: Call, alarms: list[str]) -> Path | None:
        """Where the skill in use lives, if it may be read there."""
        if call.skill is None or call.skill_folder is None:
            return None
        folder = self.shelf.allows(call.skill_folder)
        if folder is None and call.frontmatter is None:
            alarms.append(
                f"{call.skill}: `{call.skill_folder}` lies outside the allowed skill roots, so its routing "
                "block was not read; name its folder with --skill-root"
            )
        return folder

    def _skill(self, call: Call, folder: Path | None, config: Config, alarms: list[str]) -> Skill | None:
        agent = self._agent(call, config, alarms)
        if call.skill is None or (agent is not None and call.skill_with_agent):
            return agent
        override = config.overrides.get(call.skill)
        if folder is not None:
            file = self.shelf.skill_at(folder, config.settings.ladder)
        elif call.frontmatter is not None:
            file = told_skill(call.skill, call.frontmatter, config.settings.ladder, self.catalog.tier_of)
        else:
            return skill_of(call.skill, override)
        alarms += [str(finding) for finding in file.findings if finding.severity == "error"]
        return with_override(file, call.skill, config)

    def _agent(self, call: Call, config: Config, alarms: list[str]) -> Skill | None:
        """The subagent as its own file declares it; None where that says nothing, or none is known."""
        if call.agent_file is None:
            return None
        file = self.natives.agent_at(call.agent_file, config.settings.ladder)
        alarms += [str(finding) for finding in file.findings if finding.severity == "error"]
        agent = with_override(file, call.agent_name, config)
        return agent if agent.declared else None

    def _wish(self, call: Call, skill: Skill | None, config: Config) -> tuple[Inline, UserWish]:
        """What the user said: in this turn, for everything, in the session's files, by header."""
        said = self._said(call.user_words, config)
        general = self._said(call.everywhere_words, config)
        pin = tier_named(call.pin, self.catalog, config) if call.pin else None
        return said, UserWish(
            skill_override=config.skill_overrides.get(skill.name) if skill else None,
            force=config.force,
            inline=said.tier or said.force or general.force,
            pin=pin,
            negated=said.negated,
            waive_minimum=said.waive_minimum,
            words=said.words or general.words,
        )

    def _said(self, words: str, config: Config) -> Inline:
        if not words:
            return NOTHING_SAID
        return parse_prompt(words, config.settings.ladder, self.catalog.tier_of)

    def _question(
        self, call: Call, skill: Skill | None, config: Config, wish: UserWish, day: str
    ) -> Question:
        ladder, tier_models = config.settings.ladder, config.tier_models
        asked_model = call.asked_model or None
        card = self._asked_card(call, day)
        asked = tier_named(call.asked_model, self.catalog, config) if call.asked_model else None
        return Question(
            skill=skill,
            role=call.role,
            prompt=call.user_words,
            platform=call.platform,
            asked_model=asked_model,
            asked=asked,
            asked_card=replace(card, tier=asked.name) if card and asked else None,
            settings=config.settings,
            user=wish,
            candidates=self.catalog.candidates(
                call.platform, ladder, tier_models, day, like=call.body_model or None
            ),
            elsewhere=self.catalog.elsewhere(call.platform, ladder, tier_models, day, self.reachable)
            if self.reachable
            else {},
            context_tokens=call.context_tokens,
            cache=self._cache(call, config, day),
            step=AtStep(call.step) if call.step else None,
            siblings=call.siblings,
        )

    def _cache(self, call: Call, config: Config, day: str) -> CacheFacts | None:
        """The caches of the conversation, by tier and price; None where no earlier call of it is known."""
        warm = call.warm
        if warm is None:
            return None
        card = self._card(warm.model, call.platform, day)
        others = ((self._card(model, call.platform, day), tokens) for model, tokens in warm.others)
        return CacheFacts(
            tier=tier_named(warm.model, self.catalog, config),
            price=card.price if card else None,
            warm_tokens=warm.tokens,
            new_input_tokens=warm.new_tokens,
            output_tokens=warm.output_tokens,
            ttl=warm.ttl,
            tool_result_pending=call.tool_result_pending,
            skill_boundary=call.skill_boundary,
            also_warm=tuple((card.id, tokens) for card, tokens in others if card is not None),
        )

    def _card(self, model: str, platform: str, day: str) -> ModelCard | None:
        return self.catalog.get(model, platform, day) or self.catalog.get(model, None, day)

    def _asked_card(self, call: Call, day: str) -> ModelCard | None:
        return self._card(call.asked_model, call.platform, day) if call.asked_model else None

    def _to_send(
        self, call: Call, config: Config, question: Question, decision: Decision, day: str
    ) -> tuple[str, str]:
        """The model id to ask for, and the decided one where the request's shape does not allow it.

        What is asked for is the decided model, if the mode enforces, and the body's own where it may not be.
        """
        body, model = call.body_model, decision.model
        if config.mode != "enforce" or model is None:
            return body or (model.id if model else ""), ""
        wanted = call.asked_model if body and decision.tier == question.asked else model.id
        if not body or wanted == body or call.reshapes:
            return wanted, ""
        if tier_named(body, self.catalog, config) == decision.tier:
            return body, ""
        own = self._card(body, call.platform, day)
        other = model if wanted == model.id else question.asked_card
        fits = own is not None and other is not None and own.family == other.family != ""
        return (wanted, "") if fits else (body, wanted)


def tier_named(word: str, catalog: Catalog, config: Config) -> Tier | None:
    """The rung that a tier's name, an alias or a model's id means; None if it means none."""
    ladder = config.settings.ladder
    rung = ladder.get(word)
    if rung is not None:
        return rung
    name = catalog.tier_of(word, ladder, config.tier_models)
    return ladder.get(name) if name else None


def with_override(file: SkillFile, name: str, config: Config) -> Skill:
    """The skill of a file under the project's override for it, key by key."""
    override = config.overrides.get(name) or config.overrides.get(file.name)
    if override is None:
        return file.skill if file.skill.name == name else replace(file.skill, name=name)
    routing = overlay(file.routing, override) if file.routing else override
    skill = file.skill
    return skill_of(
        name,
        routing,
        role=skill.role,
        triggers=skill.triggers,
        adaptations=skill.adaptations,
        steps=skill.steps,
    )
