"""Aims: where a skill is to run on a platform that obeys a model's name: its tier, that name, and its effort.

    claude-code   the tier's alias, or the id that the configuration names for `claude_code`
    codex         the best model of the tier that Codex has
    opencode      `provider/id`: the best model of the tier at that provider

No budget and no session speaks here: what is compiled outlives both.

Source: rules.md section 1; research/clients.md sections 3, 11 and 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tierwise.catalog.models import Catalog
from tierwise.core.case import default_for
from tierwise.core.models import ANYWHERE
from tierwise.core.questions import Question
from tierwise.core.skills import Skill
from tierwise.core.tiers import Tier
from tierwise.files.compile.artifacts import Aim
from tierwise.files.config import Config

ALIASES: Final = frozenset({"haiku", "sonnet", "opus", "fable"})
"""The tiers that Claude Code knows by name."""
PROVIDERS: Final = {
    "anthropic": "anthropic",
    "openai": "openai",
    "openrouter": "openrouter",
    "amazon-bedrock": "bedrock",
    "google-vertex-anthropic": "vertex",
}
"""A provider as opencode calls it → the catalog's platform."""


@dataclass(frozen=True, slots=True)
class Aims:
    """Answers for one platform, at the models of one day (ISO, UTC)."""

    catalog: Catalog
    config: Config
    day: str

    def tier_of(self, skill: Skill) -> Tier:
        """A declared skill's tier while nothing is short: preferred, or its role's, never below its floor."""
        question = Question(skill=skill, settings=self.config.settings)
        tier = skill.preferred or default_for(question, skill.role)
        return max(tier, skill.floor) if skill.floor is not None else tier

    def at(self, target: str, skill: Skill, provider: str = "anthropic") -> Aim | None:
        """Where `target` is to run the skill; None if it has no model for the tier.

        `provider`, one of `PROVIDERS`, is opencode's.
        """
        tier = self.tier_of(skill)
        if target == "opencode":
            return self._aim(skill, tier, PROVIDERS[provider], f"{provider}/")
        if target != "claude-code":
            return self._aim(skill, tier, target)
        named = self.config.tier_models.get(tier.name, {})
        if tier.name in ALIASES and not named.keys() & {"claude_code", ANYWHERE}:
            return Aim(tier.name, tier.name, skill.effort)
        return self._aim(skill, tier, "claude_code")

    def _aim(self, skill: Skill, tier: Tier, platform: str, prefix: str = "") -> Aim | None:
        ladder = self.config.settings.ladder
        cards = self.catalog.candidates(platform, ladder, self.config.tier_models, self.day).get(tier.name)
        return Aim(tier.name, prefix + cards[0].id, skill.effort) if cards else None
