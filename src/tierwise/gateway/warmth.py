"""Warmth: how much of each agent's conversation the prompt caches of the models that served it still hold.

    a call ends      ──► model, tokens read from and written to its cache, when, for how long
    the next begins  ──► Warm: the current model's cache, and those of others that are still alive

What the provider reports of a call is what it will read at the next one. A conversation that has become much
shorter was compacted or begun anew: nothing of it is warm. Who asks before there is a request (a mod) is told
what the last one left. Side requests have prompts of their own and are
left out, as is a call that nobody served.

Source: rules.md section 6; research/peers.md T14, T18.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final, Literal

from tierwise.gateway.sessions import WORKING_CLASSES
from tierwise.router.calls import Answered, Call, Warm
from tierwise.wire.requests import ModelRequest

MAX_AGENTS: Final = 4_096
MAX_MODELS: Final = 8
"""Models remembered of one conversation."""
LIVES_US: Final[dict[str, int]] = {"5m": 300_000_000, "1h": 3_600_000_000}
REWRITTEN_SHARE: Final = 0.5
"""A body of less than this share of the last one is another conversation."""
LOOKBACK_CALLS: Final = 5
"""After so many calls on other models a model finds nothing of its own any more: a provider looks for what it
has cached only in the last 20 blocks before a mark, and every call adds some four of them."""
CACHED_UNASKED: Final = frozenset({"openai", "codex"})
"""Platforms that cache every long prompt by themselves, whether or not they report a write."""

Agent = tuple[str, str, str]
"""Credential, session and agent: nobody else's cache counts."""


@dataclass(frozen=True, slots=True)
class _Cache:
    """One model's cache of a conversation, as the last call that it served left it.

    `prompt_tokens` are all that its prompt had, in a body of `text_bytes`.
    """

    tokens: int
    output_tokens: int
    ttl: Literal["5m", "1h"]
    used_us: int
    prompt_tokens: int
    text_bytes: int
    call: int

    def is_alive(self, now_us: int, last_call: int) -> bool:
        return now_us - self.used_us < LIVES_US[self.ttl] and last_call - self.call < LOOKBACK_CALLS

    def grown_tokens(self, text_bytes: int) -> int:
        """How many tokens a body of that size has more, at the rate of this one."""
        more = max(text_bytes - self.text_bytes, 0)
        return more * self.prompt_tokens // max(self.text_bytes, 1)


class Warmth:
    """The caches of the newest `MAX_AGENTS` conversations, the longest silent given up first."""

    def __init__(self) -> None:
        self._agents: OrderedDict[Agent, OrderedDict[str, _Cache]] = OrderedDict()

    def note(self, call: Call, answered: Answered, request: ModelRequest) -> None:
        """Remember what a call left in the cache of the model that served it."""
        usage = answered.usage
        if call.request_class == "compaction":  # what follows is another conversation
            self._agents.pop(_agent_of(call), None)
        if call.request_class not in WORKING_CLASSES or not usage.prompt_tokens or not answered.served_model:
            return
        cached = usage.prompt_tokens - usage.input_tokens
        if not cached and call.platform in CACHED_UNASKED:
            cached = usage.prompt_tokens
        long = usage.cache_write_1h_tokens or (
            request.cache_writes == "1h" and not usage.cache_write_5m_tokens
        )
        caches = self._agents.setdefault(_agent_of(call), OrderedDict())
        before = max((cache.call for cache in caches.values()), default=0)
        caches[answered.served_model] = _Cache(
            tokens=cached,
            output_tokens=usage.output_tokens,
            ttl="1h" if long else "5m",
            used_us=answered.began_us,
            prompt_tokens=usage.prompt_tokens,
            text_bytes=request.text_bytes,
            call=before + 1,
        )
        caches.move_to_end(answered.served_model)
        self._agents.move_to_end(_agent_of(call))
        while len(caches) > MAX_MODELS:
            caches.popitem(last=False)
        while len(self._agents) > MAX_AGENTS:
            self._agents.popitem(last=False)

    def warm(self, call: Call, request: ModelRequest, now_us: int) -> Warm | None:
        """What is warm as the call begins; None at the first call of a conversation and in side requests."""
        warm, last = self.expected(call, now_us), self._last(call)
        if warm is None or last is None:
            return None
        if request.text_bytes < REWRITTEN_SHARE * last.text_bytes:
            warm = replace(warm, tokens=0, others=())
        return replace(warm, new_tokens=last.grown_tokens(request.text_bytes))

    def expected(self, call: Call, now_us: int) -> Warm | None:
        """What is warm for a call whose request nobody has seen yet: it goes on where the last one ended."""
        caches = self._agents.get(_agent_of(call))
        if not caches or call.request_class not in WORKING_CLASSES:
            return None
        model, last = next(reversed(caches.items()))
        held = {name: cache.tokens for name, cache in caches.items() if cache.is_alive(now_us, last.call)}
        return Warm(
            model=model,
            tokens=held.pop(model, 0),
            new_tokens=last.output_tokens,
            output_tokens=last.output_tokens,
            ttl=last.ttl,
            others=tuple(held.items()),
        )

    def expected_tokens(self, call: Call) -> int:
        """How long the conversation is by what the provider last reported of it; 0 if it never did."""
        last = self._last(call)
        return last.prompt_tokens + last.output_tokens if last is not None else 0

    def _last(self, call: Call) -> _Cache | None:
        """What the conversation's last call left."""
        caches = self._agents.get(_agent_of(call))
        return next(reversed(caches.values())) if caches else None


def _agent_of(call: Call) -> Agent:
    return call.key, call.session, call.agent
