"""Calls: one request as an adapter found it, what routing made of it, and how it ended.

    Call  ──route──►  Routed (question, decision, the model to send)  ──answer──►  Answered  ──►  Execution

Source: rules.md sections 3 and 10; ARCHITECTURE.md, "The life of one call".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from tierwise.core.budgets import Budget
from tierwise.core.entries import Tags
from tierwise.core.ledger import Outcome
from tierwise.core.questions import Answer, Decision, Question
from tierwise.core.skills import Role
from tierwise.core.usage import Usage

NOTHING_USED: Final = Usage()


@dataclass(frozen=True, slots=True)
class Warm:
    """The prompt caches of a conversation as a call begins.

    `model` served the last call, with `output_tokens`; its cache holds `tokens` (0: cold) for `ttl` from each
    use. The prompt has grown by `new_tokens` since. `others` are models that served earlier, with what theirs
    still hold.
    """

    model: str
    tokens: int
    new_tokens: int = 0
    output_tokens: int = 0
    ttl: Literal["5m", "1h"] = "5m"
    others: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of one request before it is decided. Ids are "" where nobody named one.

    `skill_folder` is where the client says that the skill lives, None if it has no folder. `user_words` are
    the user's own in this turn; `everywhere_words` those of the turn that a subagent works for, of which only
    what is said of everything counts. `pin` is a tier or model that the caller asked for by header.
    `role` is for work without a skill (titles, summaries). `user_turn` is the turn of the
    prompt that it works for, a subagent's too; `answers` are those that hold in it, by offer. `warm` is None
    where no earlier call of the conversation is known. `skill_boundary` says that the skill begins here.
    `step` is the number or the title of the skill's step that the call is for. `agent_name` is the
    subagent's, where the client's hooks have told it, and `agent_file` what defines it. `siblings` are the
    agents that one answer started together, this one among them. `skill_with_agent`: the skill came with
    the agent, and was not called by it. `frontmatter` is the skill's as the client told it, for a file that
    may not be read. `reshapes` says that the client itself makes the request anew for another model, so
    that any will do. `named_model` is the model in the request's body where that is no longer
    `asked_model`.
    """

    platform: str
    asked_model: str
    session: str = ""
    agent: str = ""
    turn: str = ""
    request_class: str = "main"
    project: str = ""
    key: str = ""
    role: Role | None = None
    skill: str | None = None
    skill_folder: str | None = None
    step: str = ""
    user_words: str = ""
    everywhere_words: str = ""
    effort: str | None = None
    pin: str = ""
    context_tokens: int = 0
    user_turn: str = ""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    warm: Warm | None = None
    tool_result_pending: bool = False
    skill_boundary: bool = False
    agent_name: str = ""
    agent_file: Path | None = None
    skill_with_agent: bool = False
    siblings: int = 0
    frontmatter: Mapping[str, Any] | None = None
    reshapes: bool = False
    named_model: str = ""

    @property
    def body_model(self) -> str:
        """The model that the request itself names: a mod may have put it in the place of the asked one."""
        return self.named_model or self.asked_model


@dataclass(frozen=True, slots=True)
class Routed:
    """A call with its decision. `send` is the model to ask for; the asked one where nothing changes.

    `effort` is the one to ask for, None to leave the request's own. `mode` is observe, enforce or off.
    `misfit` is the decided model where the request would have to be reshaped for it, so that `send` is
    another; `steering` says whether the client may then be led to a fallback of its own.
    `alarms` say what went wrong while routing: the call goes on, but somebody should know. `budgets` are all
    that may govern it.
    """

    call: Call
    question: Question
    decision: Decision
    mode: str
    send: str
    effort: str | None = None
    user_words: str = ""
    alarms: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] = ()
    misfit: str = ""
    steering: bool = False

    def served_as_asked(self) -> Routed:
        """The call that is sent in the shape that it has, with an alarm if it was decided otherwise."""
        if not self.misfit:
            return self
        shape = f"a request made for {self.call.body_model} has another shape"
        alarm = f"decided {self.misfit}, but {shape}: served as asked"
        return replace(self, alarms=(*self.alarms, alarm))


@dataclass(frozen=True, slots=True)
class Answered:
    """How a call ended. Times are µs since the epoch, UTC; `served_model` is "" if nobody answered.

    `spawns` are the ids of the tool calls in the answer that start an agent each, `thoughts` what its signed
    thinking is known by.
    """

    id: str
    began_us: int
    ended_us: int
    status: int
    outcome: Outcome
    served_model: str = ""
    usage: Usage = NOTHING_USED
    usage_estimated: bool = False
    tool_calls: int = 0
    upstream_id: str = ""
    spawns: tuple[str, ...] = ()
    thoughts: tuple[str, ...] = ()


def tags_of(call: Call, model: str = "", tier: str = "") -> Tags:
    """What the call's money counts under; model and tier once they are known."""
    return Tags(
        session=call.session,
        run=call.session,
        agent=call.agent,
        skill=call.skill or "",
        project=call.project,
        key=call.key,
        model=model,
        tier=tier,
    )
