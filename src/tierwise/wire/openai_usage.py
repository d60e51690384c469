"""What OpenAI's two protocols say alike of an answer: its usage, and what is known where it breaks off.

OpenAI folds what the cache served and stored into the tokens of the prompt; here the classes are disjoint, as
our ledger has them. What a model thought is part of its output.

    prompt 1,000, of it cached 800, written 100   ──►   input 100, cache read 800, cache write 100

Source: rules.md sections 10 and 11; the types of `openai` 3.54.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tierwise.core.usage import Usage
from tierwise.wire.answers import Answer, AnswerError, answer_error, larger, tokens_of_text

UNSAID: Final = "the provider did not say what"


class PromptDetails(msgspec.Struct, frozen=True):
    """What the cache served and stored of a prompt."""

    cached_tokens: object = None
    cache_write_tokens: object = None


class Reading:
    """What was read of an answer by now; every count the largest that was reported."""

    def __init__(self) -> None:
        self.error: AnswerError | None = None
        self.text_bytes = 0
        self.tool_calls = 0
        self.id = self.model = ""
        self.stop_reason: str | None = None
        self._prompt: int | None = None
        self._output: int | None = None
        self._read = self._written = 0

    def fail(self, kind: str | None, message: str | None) -> None:
        """Note what the provider said went wrong."""
        self.error = answer_error(kind or "unknown", message or UNSAID)

    def count(self, prompt: object, output: object, details: PromptDetails | None) -> None:
        """Note a report of usage; what is no count of tokens is passed over."""
        parts = details or PromptDetails()
        self._prompt = larger(self._prompt, prompt)
        self._output = larger(self._output, output)
        self._read = larger(self._read, parts.cached_tokens) or 0
        self._written = larger(self._written, parts.cache_write_tokens) or 0

    def answer(self, *, complete: bool) -> Answer:
        """What is known by now."""
        reported = self._prompt is not None and self._output is not None
        refused = self.error is not None and self._prompt is None and not self.text_bytes
        return Answer(
            model=self.model,
            message_id=self.id,
            usage=self._usage(),
            usage_estimated=not reported and not refused,
            prompt_reported=self._prompt is not None,
            stop_reason=self.stop_reason,
            tool_calls=self.tool_calls,
            error=self.error,
            complete=complete,
        )

    def _usage(self) -> Usage:
        """Disjoint classes that together are the prompt, whatever the details claim."""
        prompt = self._prompt or 0
        read = min(self._read, prompt)
        written = min(self._written, prompt - read)
        output = tokens_of_text(self.text_bytes) if self._output is None else self._output
        return Usage(prompt - read - written, output, read, written)
