"""Spoken: one message of a conversation, whichever protocol it came in, and the text in it.

Source: research/clients.md sections 2, 3 and 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_TEXT_DEPTH: Final = 8
"""Lists and blocks within each other; a tool result that holds text blocks needs five."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `answers` are the calls whose results it holds, `calls` those that it makes, by id.

    `words` are what a person said in it, "" where nobody did.
    """

    role: str
    text: str
    answers: tuple[str, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)
    words: str = ""

    @property
    def is_prompt(self) -> bool:
        """Whether a person speaks."""
        return self.role == "user" and not self.answers and bool(self.words)


def text_of(content: object, depth: int = MAX_TEXT_DEPTH) -> str:
    """The text in a string, a block or a list of blocks, results of tools included; "" below the depth."""
    if isinstance(content, str):
        return content
    if depth == 0:
        return ""
    if isinstance(content, Mapping):
        text = content.get("text")
        return text if isinstance(text, str) else text_of(content.get("content"), depth - 1)
    if isinstance(content, list):
        return "\n".join(filter(None, (text_of(item, depth - 1) for item in content)))
    return ""


def mappings(value: object) -> list[Mapping[str, object]]:
    """The objects in a list; none in anything else."""
    items: Iterable[object] = value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, Mapping)]
