"""Asking: questions as JSON, one object a line, and their answers.

    {"id": 7, "skill": {…}, "prompt": "…", "budgets": […], …}   →   {"id": 7, "tier": "sonnet", …}

Every field but `id` is optional. A line that cannot be read gives `{"id", "error"}` with what is wrong and
where; what can be read in spite of a mistake is answered, and the mistake is a warning.

Source: rules.md section 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from tierwise.catalog.models import Catalog
from tierwise.core.decide import decide
from tierwise.core.models import ModelCard
from tierwise.core.questions import AtStep, CacheFacts, Hint, Question, UserWish
from tierwise.core.skills import Role, Routing, Skill, SkillStep, skill_of
from tierwise.core.tiers import Tier
from tierwise.core.zones import Gauge, Scope, Thresholds
from tierwise.files.config import Config, Layer, merge
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.inline import parse_prompt
from tierwise.files.nodes import node_of, quoted
from tierwise.files.provenance import overlay
from tierwise.files.routing_block import read_block
from tierwise.files.skill_files import read_skill
from tierwise.files.steps import MAX_ALTERNATIVES, MAX_STEPS
from tierwise.files.suites import under_coordinator
from tierwise.files.tier_words import TierWords
from tierwise.router.answers import as_json
from tierwise.router.question_form import (
    FIELDS,
    SCOPE_KINDS,
    BudgetIn,
    CacheIn,
    HintIn,
    QuestionIn,
    SkillStepIn,
    UnitIn,
)
from tierwise.router.routing import tier_named, with_override

_decoder: Final = msgspec.json.Decoder(QuestionIn)
_any: Final = msgspec.json.Decoder()


class UnreadableError(Exception):
    """A question that cannot be answered: what is wrong, and where. Never leaves this module."""


class Asker:
    """Answers questions over one catalog, at the prices of one day (ISO, UTC)."""

    def __init__(self, catalog: Catalog, day: str) -> None:
        self._catalog = catalog
        self._day = day

    def answer(self, line: bytes | str) -> dict[str, Any]:
        """The decision as JSON values, or `{"id", "error"}`; never raises for what stands in the line."""
        try:
            asked = _decoder.decode(line)
            question, findings = self.question(asked)
        except msgspec.MsgspecError as error:
            return _unanswered(line, str(error))
        except UnreadableError as error:
            return {"id": asked.id, "error": str(error)}
        answer = as_json(decide(question), question, asked.id)
        answer["warnings"] += [_sentence(finding) for finding in findings]
        return answer

    def question(self, asked: QuestionIn) -> tuple[Question, list[Finding]]:
        """The question in core values, with what was wrong in it without spoiling it.

        Raises UnreadableError for a tier, a role or a file that the answer would hang on.
        """
        config = self._config(asked)
        findings = list(config.findings)
        skill = self._skill(asked, config, findings)
        asked_tier, card = self._asked(asked.asked_model, config, asked.platform)
        ladder, tier_models = config.settings.ladder, config.tier_models
        unit = asked.unit or UnitIn()
        candidates = self._catalog.candidates(
            asked.platform, ladder, tier_models, self._day, like=asked.asked_model
        )
        cache = self._cache(asked.cache, config)
        return (
            Question(
                skill=skill,
                role=asked.role,
                prompt="\n".join(text for text in (asked.prompt, unit.description) if text),
                files=unit.files,
                platform=asked.platform,
                asked_model=asked.asked_model,
                asked=asked_tier,
                asked_card=card,
                settings=config.settings,
                user=self._wish(asked, config, skill),
                gauges=tuple(_gauge(budget, config, at) for at, budget in enumerate(asked.budgets)),
                matched_conditions=asked.matched_conditions,
                fit=self._hint(asked.fit, config, "fit"),
                learned=self._hint(asked.learned, config, "learned"),
                candidates=candidates,
                unavailable=frozenset(_unavailable(asked, config)),
                context_tokens=asked.context_tokens,
                output_tokens=cache.output_tokens if cache else 0,
                cache=cache,
                attempt=asked.attempt,
                failure=asked.failure,
                interactive=asked.interactive,
                answer=asked.answer,
                step=self._at_step(asked, config),
            ),
            findings,
        )

    def _config(self, asked: QuestionIn) -> Config:
        """The question's own blocks; the session's is the caller's word and may say what a user may."""
        layers = []
        if asked.project is not None:
            layers.append(Layer("project", "project", node_of(asked.project)))
        if asked.session is not None:
            layers.append(Layer("user", "session", node_of(_session_block(asked.session))))
        return merge(layers, self._catalog.tier_of)

    def _skill(self, asked: QuestionIn, config: Config, findings: list[Finding]) -> Skill | None:
        if asked.skill is not None and asked.skill_path is not None:
            raise UnreadableError("`skill` and `skill_path` are both given; leave one out")
        if asked.skill_path is not None:
            return self._skill_at(asked.skill_path, config, findings)
        if asked.skill is None:
            return None
        given = asked.skill
        routing = self._routing(given.model, config, findings)
        override = config.overrides.get(given.name)
        if override is not None:
            routing = overlay(routing, override) if routing else override
        by_name = Role.COORDINATOR if given.name.endswith("-coordinator") else None
        steps = self._steps(given.steps, config, findings)
        return skill_of(given.name, routing, role=given.role or by_name, steps=steps)

    def _skill_at(self, path: str, config: Config, findings: list[Finding]) -> Skill:
        file = read_skill(Path(path), config.settings.ladder, self._catalog.tier_of)
        if not file.usable:
            problems = (str(finding) for finding in file.findings if finding.severity == "error")
            raise UnreadableError(f"`skill_path`: {' '.join(problems)}")
        findings += file.findings
        file = under_coordinator(file, config.settings.ladder, self._catalog.tier_of)
        return with_override(file, file.name, config)

    def _routing(self, block: object, config: Config, findings: list[Finding]) -> Routing | None:
        """The block; None where it is null or missing. A string is `preferred`, as in the frontmatter."""
        if block is None:
            return None
        if isinstance(block, str):
            block = {"preferred": block}
        words = TierWords(config.settings.ladder, self._catalog.tier_of)
        read = read_block(node_of(block), "skill", words, "skill.model.")
        findings += read.findings
        return Routing(**read.values)

    def _steps(
        self, given: tuple[SkillStepIn, ...], config: Config, findings: list[Finding]
    ) -> tuple[SkillStep, ...]:
        """The steps of a skill given in the question; a word that is no tier is told, and left out."""
        if len(given) > MAX_STEPS:
            raise UnreadableError(f"`skill.steps`: {len(given)} steps, {MAX_STEPS} are the most")
        words = TierWords(config.settings.ladder, self._catalog.tier_of)
        steps = []
        for at, step in enumerate(given):
            named = (step.tier,) if isinstance(step.tier, str) else step.tier or ()
            tiers = [(word, words.tier(word)) for word in named[:MAX_ALTERNATIVES]]
            for word in (word for word, tier in tiers if tier is None):
                problem, key = f"{quoted(word)} is no known tier or model", f"skill.steps[{at}].tier"
                remedy = words.remedy(word)
                findings.append(Finding("skill", 0, key, problem, remedy, "warning", "unknown-tier"))
            known = tuple(tier for _, tier in tiers if tier is not None)
            steps.append(SkillStep(step.number, step.title, known, step.reason))
        return tuple(steps)

    def _at_step(self, asked: QuestionIn, config: Config) -> AtStep | None:
        step = asked.step
        if step is None or isinstance(step, int | str):
            return None if step is None else AtStep(step)
        return AtStep(step.number, self._tier(step.tier, config, "step.tier") if step.tier else None)

    def _asked(
        self, model: str | None, config: Config, platform: str
    ) -> tuple[Tier | None, ModelCard | None]:
        """The rung and the card of the model that was asked for; a tier's name has no card of its own."""
        if not model:
            return None, None
        tier = tier_named(model, self._catalog, config)
        card = self._catalog.get(model, platform, self._day)
        return tier, replace(card, tier=tier.name) if card and tier else None

    def _wish(self, asked: QuestionIn, config: Config, skill: Skill | None) -> UserWish:
        said = parse_prompt(asked.prompt, config.settings.ladder, self._catalog.tier_of)
        return UserWish(
            skill_override=config.skill_overrides.get(skill.name) if skill else None,
            force=config.force,
            inline=said.tier or said.force,
            pin=self._tier(asked.pin, config, "pin") if asked.pin else None,
            negated=said.negated,
            waive_minimum=asked.waive_minimum or said.waive_minimum,
            words=said.words,
        )

    def _hint(self, hint: HintIn | None, config: Config, field: str) -> Hint | None:
        return None if hint is None else Hint(self._tier(hint.tier, config, f"{field}.tier"), hint.why)

    def _tier(self, word: str, config: Config, field: str) -> Tier:
        words = TierWords(config.settings.ladder, self._catalog.tier_of)
        tier = words.tier(word)
        if tier is None:
            raise UnreadableError(f"`{field}`: `{word}` is no tier. {words.remedy(word)}")
        return tier

    def _cache(self, cache: CacheIn | None, config: Config) -> CacheFacts | None:
        if cache is None:
            return None
        card = self._catalog.get(cache.model, None, self._day) if cache.model else None
        return CacheFacts(
            tier=tier_named(cache.model, self._catalog, config) if cache.model else None,
            price=card.price if card else None,
            warm_tokens=max(cache.warm_tokens, 0),
            calls_left=max(cache.calls_left, 1),
            new_input_tokens=max(cache.new_input_tokens, 0),
            output_tokens=max(cache.output_tokens, 0),
            ttl=cache.ttl,
            tool_result_pending=cache.tool_result_pending,
            skill_boundary=cache.skill_boundary,
            also_warm=tuple((model, max(tokens, 0)) for model, tokens in cache.also_warm.items()),
        )


def _session_block(session: object) -> object:
    """The block of A§3.1, with or without the key that a session's file has it under."""
    return session.get("model_routing", session) if isinstance(session, dict) else session


def _gauge(budget: BudgetIn, config: Config, at: int) -> Gauge:
    field = f"budgets[{at}]"
    edges = config.settings.thresholds
    thresholds = None
    if budget.yellow is not None or budget.red is not None:
        thresholds = Thresholds(
            edges.yellow if budget.yellow is None else budget.yellow,
            edges.red if budget.red is None else budget.red,
        )
        if not 0 < thresholds.yellow <= thresholds.red <= 1:
            raise UnreadableError(f"`{field}`: thresholds must be 0 < yellow ≤ red ≤ 1")
    if budget.spent < 0 or (budget.limit is not None and budget.limit < 0):
        raise UnreadableError(f"`{field}`: `spent` and `limit` must not be negative")
    return Gauge(
        name=budget.name,
        spent=budget.spent,
        limit=budget.limit,
        scope=_scope(budget.scope, f"{field}.scope"),
        dimension=budget.dimension,
        unit=budget.unit,
        elapsed=budget.elapsed,
        hard=budget.hard,
        thresholds=thresholds,
        resets=budget.resets,
    )


def _scope(scope: dict[str, str] | str | None, field: str) -> Scope:
    if scope is None:
        return Scope()
    pairs = {scope: ""} if isinstance(scope, str) else scope
    if len(pairs) != 1:
        raise UnreadableError(f'`{field}`: give one pair, such as {{"tier": "opus"}}')
    kind, value = next(iter(pairs.items()))
    if kind in ("all", "everything", "*"):
        return Scope()
    if kind not in SCOPE_KINDS:
        close = did_you_mean(kind, SCOPE_KINDS)
        hint = f"Did you mean `{close}`?" if close else f"Use {', '.join(SCOPE_KINDS)}."
        raise UnreadableError(f"`{field}`: `{kind}` is no scope. {hint}")
    return Scope(kind, value)


def _unavailable(asked: QuestionIn, config: Config) -> Iterator[str]:
    for word in asked.unavailable:
        rung = config.settings.ladder.get(word)
        yield rung.name if rung is not None else word


def _unanswered(line: bytes | str, problem: str) -> dict[str, Any]:
    """The error of a line that is no question, with its id if that can be read."""
    try:
        read = _any.decode(line)
    except msgspec.MsgspecError as error:
        return {"id": None, "error": f"the line is not JSON: {error}"}
    if not isinstance(read, dict):
        return {"id": None, "error": "the line is not a JSON object"}
    unknown = next((field for field in read if field not in FIELDS), None)
    close = did_you_mean(unknown, FIELDS) if unknown else None
    hint = f". Did you mean `{close}`?" if close and f"`{unknown}`" in problem else ""
    return {"id": read.get("id"), "error": problem + hint}


def _sentence(finding: Finding) -> str:
    return f"{finding.path}: `{finding.key}`: {finding.problem}. {finding.remedy}"
