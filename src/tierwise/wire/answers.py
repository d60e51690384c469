"""Answers: what a provider's answer said about itself, whichever protocol it came in.

    upstream ──chunk──► relay ──the same chunk──► client
                          └──► Meter.feed(chunk) … Meter.answer()

What is not reported is estimated from what was seen, and marked as estimated: an answer that broke off was
paid for all the same.

Source: rules.md sections 10 and 11; research/clients.md sections 7 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from tierwise.core.usage import Usage

TOKENS_MAX: Final = 10**12
"""A larger count is no count of tokens, and is not believed."""

BYTES_PER_TOKEN: Final = 4
"""So many bytes of text are taken for a token where an answer ends without its usage."""

ERROR_CHARACTERS_MAX: Final = 500

SPAWNING_TOOLS: Final = frozenset({"Agent", "Task"})
"""What Claude Code's tool that starts an agent is called, now and in older versions."""
MAX_SPAWNS: Final = 1_000
"""So many calls of one answer are looked at."""

_NOTHING: Final = Usage()


@dataclass(frozen=True, slots=True)
class AnswerError:
    """What the provider said went wrong: its own type and message."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer said about itself; texts are "" and `stop_reason` None where it did not.

    `complete` means that it came to its proper end. `usage_estimated` means that the provider did not
    report all of it: the output is then at least what was seen, by its length; `prompt_reported` says whether
    the tokens of the prompt are known at all. `spawns` are the ids of the calls that start an agent each,
    `thoughts` what its signed thinking is known by.
    """

    model: str = ""
    message_id: str = ""
    usage: Usage = _NOTHING
    usage_estimated: bool = True
    prompt_reported: bool = False
    stop_reason: str | None = None
    tool_calls: int = 0
    error: AnswerError | None = None
    complete: bool = False
    spawns: tuple[str, ...] = ()
    thoughts: tuple[str, ...] = ()


class Meter(Protocol):
    """Reads a stream as it passes. It neither holds back nor alters anything, and never raises."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream, cut anywhere."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the stream has come to its proper end: what follows says nothing more about usage."""
        ...

    def answer(self) -> Answer:
        """What is known by now; asked before the end, the answer is not complete."""
        ...


def larger(known: int | None, reported: object) -> int | None:
    """The larger of what was known and what is reported now, if that is a count at all."""
    if not isinstance(reported, int) or isinstance(reported, bool) or not 0 <= reported <= TOKENS_MAX:
        return known
    return reported if known is None else max(known, reported)


def tokens_of_text(text_bytes: int) -> int:
    """About how many tokens so many bytes of text are, rounded up."""
    return -(-text_bytes // BYTES_PER_TOKEN)


def answer_error(type: str, message: str) -> AnswerError:
    """The provider's error, its message cut to `ERROR_CHARACTERS_MAX`."""
    return AnswerError(type, message[:ERROR_CHARACTERS_MAX])
