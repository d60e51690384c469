"""Conversations: the messages of a request, of which only those that are looked at are ever read.

A long session's body is hundreds of kilobytes, and all that matters stands near its end. So the messages
are split without being read, and each is taken apart once, when somebody asks for its blocks. Nothing here
raises: a message that cannot be understood has no blocks, and the request is forwarded all the same.

Mid-conversation `role: system` messages are ordinary members of the list (research/clients.md section 2).

Source: research/clients.md sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec

_NOTHING: Final = msgspec.Raw(b"null")


class Block(msgspec.Struct, frozen=True, gc=False):
    """One content block; absent members are empty. `content` is a tool's result, `input` a tool's call."""

    type: str = ""
    text: str = ""
    id: str = ""
    name: str = ""
    tool_use_id: str = ""
    input: msgspec.Raw = _NOTHING
    content: msgspec.Raw = _NOTHING


class _Message(msgspec.Struct, frozen=True, gc=False):
    role: str = ""
    content: msgspec.Raw = _NOTHING


class Conversation:
    """The messages of one request, by index from the first one."""

    def __init__(self, messages: bytes | msgspec.Raw) -> None:
        self._messages = _messages_of(messages)
        self._blocks: dict[int, tuple[Block, ...]] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def role(self, index: int) -> str:
        """Who speaks in the message: user, assistant or system; "" if that cannot be read."""
        return self._messages[index].role

    def raw(self, index: int) -> bytes:
        """The content of one message as it came."""
        return bytes(self._messages[index].content)

    def blocks(self, index: int) -> tuple[Block, ...]:
        """The content of one message as blocks; a plain string is one text block."""
        if index not in self._blocks:
            self._blocks[index] = blocks_of(self._messages[index].content)
        return self._blocks[index]

    def backwards(self, role: str, start: int | None = None) -> Iterator[int]:
        """The indexes of the messages of one role, the last one first, from below `start`."""
        for index in range(len(self) if start is None else start, 0, -1):
            if self._messages[index - 1].role == role:
                yield index - 1

    def last(self) -> int:
        """The index of the last message that is not a `role: system` one; -1 if there is none."""
        for index in range(len(self) - 1, -1, -1):
            if self._messages[index].role != "system":
                return index
        return -1


_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_Read = TypeVar("_Read")

_messages: Final = msgspec.json.Decoder(list[_Message])
_message: Final = msgspec.json.Decoder(_Message)
_content: Final = msgspec.json.Decoder(str | list[Block])
_block: Final = msgspec.json.Decoder(Block)
_parts: Final = msgspec.json.Decoder(list[msgspec.Raw])


def read_or_none(decoder: msgspec.json.Decoder[_Read], raw: bytes | msgspec.Raw) -> _Read | None:
    """The value, or None if it is not what the decoder reads."""
    try:
        return decoder.decode(raw)
    except _UNREADABLE:
        return None


def blocks_of(content: bytes | msgspec.Raw) -> tuple[Block, ...]:
    """The blocks of a `content` or `system` value: one text, or a list without those that are no blocks."""
    read = read_or_none(_content, content)
    if isinstance(read, str):
        return (Block("text", read),)
    if read is None:
        parts = read_or_none(_parts, content) or []
        read = [block for part in parts if (block := read_or_none(_block, part)) is not None]
    return tuple(read)


def _messages_of(raw: bytes | msgspec.Raw) -> list[_Message]:
    """The messages; one that is none keeps its place, without a role."""
    read = read_or_none(_messages, raw)
    if read is None:
        parts = read_or_none(_parts, raw) or []
        read = [read_or_none(_message, part) or _Message() for part in parts]
    return read
