"""Splices: change one value of a JSON body and leave every other byte alone.

A prompt cache is keyed on bytes, so a body is never parsed and written again. The members of the body are
walked from `{` to `}`; the walk needs only where each value ends, and msgspec knows that already:

    {"stream":true, "model" : "claude-opus-5-5", "messages":[ … 80 kB … ]}
                              ^^^^^^^^^^^^^^^^^  the only bytes that change

A key that is there twice is replaced twice: two parsers could disagree about which of them counts, and we
must not meter one model while another is served. All of it is linear in the body.

Source: rules.md section 6 ("forwarded byte for byte"); research/clients.md section 2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final, TypeVar

import msgspec

from tierwise.errors import WireError

_Read = TypeVar("_Read")

Span = tuple[int, int]
"""Where a value stands: first byte, and the byte behind the last one."""

_SPACE: Final = re.compile(rb"[ \t\n\r]*")
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ENDS_VALUE: Final = frozenset(b" \t\n\r,}")
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape in a JSON string. `lone` is half a surrogate pair, as a client sends it that cuts a text in the
middle of an emoji: valid JSON, no valid text. It is read as `\\ufffd`, which is of the same length."""

_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_elements: Final = msgspec.json.Decoder(list[msgspec.Raw])
_value_at: Final = json.JSONDecoder(strict=False, parse_int=str, parse_float=str).raw_decode


def members_of(body: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, each value still as bytes; of a key given twice, the last.

    Raises WireError if the body is not JSON, not an object, not UTF-8, or nested beyond reason.
    """
    return _read(_members, body)[0]


def _read(decoder: msgspec.json.Decoder[_Read], body: bytes) -> tuple[_Read, bytes]:
    """What the body says, and the bytes that were read: the body, mended if it had to be."""
    try:
        return _decoded(decoder, body)
    except WireError:
        mended = _ESCAPE.sub(lambda found: b"\\ufffd" if found["lone"] else found[0], body)
        if mended == body:
            raise
        return _decoded(decoder, mended)


def _decoded(decoder: msgspec.json.Decoder[_Read], body: bytes) -> tuple[_Read, bytes]:
    try:
        return decoder.decode(body), body
    except msgspec.ValidationError as error:
        raise WireError('the body is JSON, but no object like `{"model": …, "messages": […]}`') from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise WireError("the body is nested too deeply to be read") from error


class _Members:
    """The members of one object with their places: walked from its opening brace."""

    def __init__(self, body: bytes) -> None:
        members, self._body = _read(_members, body)
        self._raw = {key: bytes(raw) for key, raw in members.items()}

    def __iter__(self) -> Iterator[tuple[str, Span]]:
        """Each key with the span of its value, in the order of the body, duplicates included."""
        body = self._body
        at = _after_space(body, body.index(b"{") + 1)
        while body[at] != ord("}"):
            token = _STRING.match(body, at)
            assert token is not None, "an object that was read has a key here"
            start = _after_space(body, _after_space(body, token.end()) + 1)
            key = _text_of(token[0])
            end = self._end_of(key, start)
            yield key, (start, end)
            at = _after_space(body, end)
            if body[at] == ord(","):
                at = _after_space(body, at + 1)

    def _end_of(self, key: str, start: int) -> int:
        """Behind the value at `start`. Only a duplicated key can hold another value than the one known."""
        raw = self._raw[key]
        if self._body.startswith(raw, start) and self._body[start + len(raw)] in _ENDS_VALUE:
            return start + len(raw)
        try:
            return _value_at(self._text, start)[1]
        except RecursionError as error:
            raise WireError("the body is nested too deeply to be read") from error

    @cached_property
    def _text(self) -> str:
        """The body as text of one character a byte, so that places stay the same."""
        return self._body.decode("latin-1")


def _after_space(body: bytes, at: int) -> int:
    space = _SPACE.match(body, at)
    assert space is not None, "nothing is also space"
    return space.end()


def _text_of(token: bytes) -> str:
    if b"\\" in token:
        return msgspec.json.decode(token, type=str)
    return token[1:-1].decode()


def value_spans(body: bytes, path: tuple[str, ...]) -> list[Span]:
    """Where the values at this path of keys stand, in order; several only where a key is duplicated.

    Empty if the path leads nowhere. Raises WireError if the body is not a JSON object.
    """
    key, *rest = path
    found = [span for name, span in _Members(body) if name == key]
    if not rest:
        return found
    return [
        (start + low, start + high)
        for start, end in found
        if body[start] == ord("{")
        for low, high in value_spans(body[start:end], tuple(rest))
    ]


def element_spans(body: bytes, array: Span) -> list[Span]:
    """Where the elements of the array at this span stand; empty if it is no array."""
    start, end = array
    if body[start] != ord("["):
        return []
    spans = []
    at = start + 1
    for raw in _read(_elements, body[start:end])[0]:
        at = _after_space(body, at)
        size = len(bytes(raw))
        spans.append((at, at + size))
        at = _after_space(body, at + size) + 1
    return spans


def replaced(body: bytes, spans: list[Span], value: bytes) -> bytes:
    """The body with `value` at each of the spans, which must not overlap; the body itself for none."""
    parts = []
    at = 0
    for start, end in sorted(spans):
        parts += [body[at:start], value]
        at = end
    return b"".join(parts) + body[at:]


def with_first_member(body: bytes, key: str, value: bytes) -> bytes:
    """The object with one more member, in front of all others; every other byte as it was.

    `body` must be a JSON object that has no such key, `value` the JSON text of its value.
    """
    at = body.index(b"{") + 1
    alone = body[_after_space(body, at)] == ord("}")
    member = msgspec.json.encode(key) + b":" + value
    return b"".join((body[:at], member, b"" if alone else b",", body[at:]))
