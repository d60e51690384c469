"""Response items: the `input` of a Responses request, of which only the items that are looked at are read.

Like `conversation`, for a protocol in which a conversation is a flat list: what somebody says, what a model
thinks, each call of a tool and each result are items of their own. Nothing here raises: an item that cannot
be understood keeps its place and says nothing, and the request is forwarded all the same.

Source: research/clients.md section 11; the types of `openai` 3.54.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from tierwise.wire.conversation import Block, blocks_of, read_or_none

_NOTHING: Final = msgspec.Raw(b"null")


class Item(msgspec.Struct, frozen=True, gc=False):
    """One item; absent members are empty. `arguments` is JSON in a text, or (rarely) as it is."""

    type: str = "message"
    role: str = ""
    call_id: str | None = None
    content: msgspec.Raw = _NOTHING
    arguments: msgspec.Raw = _NOTHING
    input: msgspec.Raw = _NOTHING
    action: msgspec.Raw = _NOTHING

    @property
    def speaks(self) -> str:
        """Who says it: user, assistant, or "" for settings, tools and system messages.

        A result of a tool and a message of another agent are on the user's side.
        """
        if self.type == "message":
            return self.role if self.role in ("user", "assistant") else ""
        if self.type == "agent_message" or self.type.endswith("_output"):
            return "user"
        return "assistant" if self.type == "reasoning" or self.type.endswith("_call") else ""

    @property
    def is_result(self) -> bool:
        """Whether it is what a tool returned."""
        return self.type.endswith("_output")

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The content as blocks; a plain string is one text block."""
        return blocks_of(self.content)

    @property
    def texts(self) -> list[str]:
        """The texts of the content, in order."""
        return [block.text for block in self.blocks if block.text]


_UNREADABLE: Final = Item(type="")
_item: Final = msgspec.json.Decoder(Item)
_text: Final = msgspec.json.Decoder(str)
_parts: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Items:
    """The items of one request, by index from the first one; a plain text is one message of the user's."""

    def __init__(self, value: bytes | msgspec.Raw) -> None:
        said = read_or_none(_text, value)
        self._parts = [] if said is not None else read_or_none(_parts, value) or []
        self._read: dict[int, Item] = {}
        if said is not None:
            self._parts = [_NOTHING]
            self._read[0] = Item(role="user", content=msgspec.Raw(msgspec.json.encode(said)))

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Item:
        if index not in self._read:
            self._read[index] = read_or_none(_item, self._parts[index]) or _UNREADABLE
        return self._read[index]

    def backwards(self) -> Iterator[tuple[int, Item]]:
        """All items with their places, the last one first."""
        for index in range(len(self) - 1, -1, -1):
            yield index, self[index]
