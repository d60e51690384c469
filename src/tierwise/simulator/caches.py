"""Prompt caches: which part of a prompt was read, which was written, which was neither.

    ├──── read ────┼──── written ────┼── fresh ──┤        read + written + fresh = the prompt, always
    0        longest stored      last breakpoint      end
                 prefix

A prefix is known by the hash of its pieces, seeded with all that keeps caches apart (model, effort,
credential). So a session that changes its model finds nothing and writes its context again. Two ways to use
one store: by breakpoints that the client set, and by blocks of a fixed size without being asked.

Source: rules.md section 6; research/clients.md sections 1 and 2.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from tierwise.simulator.tokens import BYTES_PER_TOKEN, tokens_in

TTL_5M_S: Final = 300
TTL_1H_S: Final = 3_600
MIN_CACHEABLE_TOKENS: Final = 1_024
LOOK_BACK_BLOCKS: Final = 20
"""How many positions a breakpoint searches for a stored prefix, itself included."""
BLOCK_TOKENS: Final = 128
"""The grain of the automatic cache."""
FRAME_TOKENS: Final = 3
"""What opens the answer's turn: sent with every prompt, never cached."""
MAX_PREFIXES: Final = 200_000


def standing_still() -> float:
    """A clock that never moves: nothing that was cached ever expires."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of a prompt, canonical, without marks; `ttl_s` if a cache breakpoint stands on it."""

    content: bytes
    ttl_s: int | None = None


@dataclass(frozen=True, slots=True)
class CacheUse:
    """The tokens of one prompt by what the cache did with them."""

    fresh: int = 0
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0

    @property
    def write(self) -> int:
        """Everything written, whatever its lifetime."""
        return self.write_5m + self.write_1h

    @property
    def prompt(self) -> int:
        """The whole prompt."""
        return self.fresh + self.read + self.write


class Prefixes:
    """Stored prefixes with their lifetimes: at most `capacity`, the longest unused go first."""

    def __init__(self, now_s: Callable[[], float] = standing_still, *, capacity: int = MAX_PREFIXES) -> None:
        self._now_s = now_s
        self._capacity = capacity
        self._kept: OrderedDict[bytes, tuple[float, int]] = OrderedDict()

    def __contains__(self, key: bytes) -> bool:
        kept = self._kept.get(key)
        return kept is not None and kept[0] > self._now_s()

    def __len__(self) -> int:
        return len(self._kept)

    def store(self, key: bytes, ttl_s: int) -> None:
        """Keep the prefix for `ttl_s` seconds from now."""
        self._kept[key] = (self._now_s() + ttl_s, ttl_s)
        self._kept.move_to_end(key)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def refresh(self, key: bytes) -> None:
        """Start the prefix's own lifetime anew, if it is still kept: reading is free of charge."""
        if key in self:
            self.store(key, self._kept[key][1])

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def prompt_tokens(pieces: Sequence[Piece]) -> int:
    """The tokens of a prompt, whatever a cache makes of it."""
    return FRAME_TOKENS + sum(tokens_in(piece.content) for piece in pieces)


def use_breakpoints(pieces: Sequence[Piece], seed: bytes, cache: Prefixes) -> CacheUse:
    """What the cache does with a prompt that carries breakpoints; reads and writes `cache`.

    The longest stored prefix within reach of a breakpoint is read, and everything stored inside it lives
    on. From there to the last breakpoint is written. A breakpoint before the minimum is no breakpoint.
    """
    keys = list(_chain((piece.content for piece in pieces), seed))
    ends = list(_running_totals(pieces))
    breaks = [
        at for at, piece in enumerate(pieces) if piece.ttl_s is not None and ends[at] >= MIN_CACHEABLE_TOKENS
    ]
    hit = max((_found(keys, at, cache) for at in breaks), default=-1)
    for key in keys[: hit + 1]:
        cache.refresh(key)
    beyond = [(at, pieces[at].ttl_s or TTL_5M_S) for at in breaks if at > hit]
    for at, ttl_s in beyond:
        cache.store(keys[at], ttl_s)
    read = ends[hit] if hit >= 0 else 0
    hour = max((ends[at] for at, ttl_s in beyond if ttl_s == TTL_1H_S), default=read)
    last = ends[beyond[-1][0]] if beyond else read
    return CacheUse(fresh=prompt_tokens(pieces) - last, read=read, write_5m=last - hour, write_1h=hour - read)


def use_blocks(pieces: Sequence[Piece], seed: bytes, cache: Prefixes) -> CacheUse:
    """What the automatic cache does with a prompt: whole blocks that were seen before, nothing below the
    minimum; writing is free of charge and not reported. Reads and writes `cache`."""
    text = b"\n".join(piece.content for piece in pieces)
    size = BLOCK_TOKENS * BYTES_PER_TOKEN
    blocks = (text[start : start + size] for start in range(0, len(text) - size + 1, size))
    keys = list(_chain(blocks, seed))
    seen = sum(1 for _ in takewhile(cache.__contains__, keys)) * BLOCK_TOKENS
    for key in keys:
        cache.store(key, TTL_5M_S)
    read = seen if seen >= MIN_CACHEABLE_TOKENS else 0
    return CacheUse(fresh=FRAME_TOKENS + tokens_in(text) - read, read=read)


def _chain(contents: Iterable[bytes], seed: bytes) -> Iterator[bytes]:
    """The hash of every prefix, shortest first; with lengths, so that pieces cannot run together."""
    running = hashlib.sha256(seed)
    for content in contents:
        running.update(len(content).to_bytes(8, "big"))
        running.update(content)
        yield running.digest()


def _running_totals(pieces: Sequence[Piece]) -> Iterator[int]:
    total = 0
    for piece in pieces:
        total += tokens_in(piece.content)
        yield total


def _found(keys: Sequence[bytes], at: int, cache: Prefixes) -> int:
    """The longest stored prefix that a breakpoint at `at` can see; -1 if it sees none."""
    oldest = max(at - LOOK_BACK_BLOCKS, -1)
    return next((position for position in range(at, oldest, -1) if keys[position] in cache), -1)
