"""Tierwise as a library: the names that a program may rely on, each loaded when it is first used.

    >>> from tierwise import Question, Routing, Settings, decide, skill_of
    >>> ladder = Settings().ladder
    >>> skill = skill_of("page-component-mapper", Routing(preferred=ladder["haiku"]))
    >>> decision = decide(Question(skill=skill, asked=ladder["opus"]))
    >>> decision.tier.name, decision.rule
    ('haiku', 'preferred')

`import tierwise` itself loads nothing else, so that a hook which only wants the version does not pay for
the rest. Whatever is not in `__all__` may change from one release to the next.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # `typing` would cost a hook or a status line 10 ms

__all__ = [
    "Decision",
    "Gauge",
    "Ladder",
    "Question",
    "Routing",
    "Settings",
    "Skill",
    "Tier",
    "TierwiseError",
    "Zone",
    "__version__",
    "decide",
    "skill_of",
]

if TYPE_CHECKING:
    from tierwise.core.decide import decide
    from tierwise.core.questions import Decision, Question, Settings
    from tierwise.core.skills import Routing, Skill, skill_of
    from tierwise.core.tiers import Ladder, Tier
    from tierwise.core.zones import Gauge, Zone
    from tierwise.errors import TierwiseError

    __version__: str
else:
    _HOMES = {
        "decide": "tierwise.core.decide",
        "Decision": "tierwise.core.questions",
        "Question": "tierwise.core.questions",
        "Settings": "tierwise.core.questions",
        "Routing": "tierwise.core.skills",
        "Skill": "tierwise.core.skills",
        "skill_of": "tierwise.core.skills",
        "Ladder": "tierwise.core.tiers",
        "Tier": "tierwise.core.tiers",
        "Gauge": "tierwise.core.zones",
        "Zone": "tierwise.core.zones",
        "TierwiseError": "tierwise.errors",
    }

    def __getattr__(name: str) -> object:
        """The public name, from its module; AttributeError for any other."""
        if name == "__version__":
            found = import_module("importlib.metadata").version("tierwise")
        elif name in _HOMES:
            found = getattr(import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module 'tierwise' has no attribute {name!r}")
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """The public names."""
        return __all__
