"""The book of offers: every offer that a session met, with its answer, shared by gateway and command line.

    gateway  met, used        ──►  offers.json  ◄──  answered   CLI, control API, the prompt's words

A small file that is replaced as a whole under a lock, so that nobody reads half of it and no answer is lost
between two writers. It is read again only when it has changed. Without a path it lives in memory.

Source: rules.md section 4, "Consent".
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

from tierwise.core.consent import answer_in, for_once
from tierwise.core.offers import ANSWERS, SCOPES, AnswerScope, KeptOffer, newest
from tierwise.core.questions import Answer, Offer
from tierwise.core.tiers import Ladder
from tierwise.errors import StoreError, TierwiseError

MAX_OFFERS: Final = 500
"""Offers that are kept, the newest; a session rarely has more than a few."""
MAX_BYTES: Final = 4 * 1024 * 1024

Book = dict[tuple[str, str], KeptOffer]
"""Offers by session and id."""
_decoder: Final = msgspec.json.Decoder(tuple[KeptOffer, ...])
_encoder: Final = msgspec.json.Encoder()


class AnswerError(TierwiseError):
    """An answer that cannot be taken: `reason` is unknown (no such offer) or unfit (not an option)."""

    def __init__(self, reason: Literal["unknown", "unfit"], message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Offers:
    """The offers of all sessions. Every method raises StoreError if the file cannot be read or written."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._book: Book = {}

    def all(self) -> tuple[KeptOffer, ...]:
        """Every offer that is kept, oldest first."""
        return newest(tuple(self._current().values()), MAX_OFFERS)

    def known(self, session: str) -> bool:
        """Whether the session has met any offer."""
        return any(named == session for named, _ in self._current())

    def answers(self, session: str, turn: str, words: str, ladder: Ladder) -> dict[str, Answer]:
        """The answers that hold for a call in that turn, by offer.

        `words` are the user's own of the turn: what was said after an offer was made may answer it. It
        holds for the session, unless they say "this time".
        """
        here = [offer for offer in self._current().values() if offer.session == session]
        if words:
            said = {one.id: taken for one in here if (taken := _said(one, turn, words, ladder))}
            if said:
                here = self._take(session, turn, said)
        held = ((offer.id, offer.answer_in(turn)) for offer in here)
        return {id: answer for id, answer in held if answer is not None}

    def met(self, offer: KeptOffer) -> bool:
        """Note that a call met the offer unanswered; whether it is news to the session."""
        key = offer.session, offer.id
        before = self._current().get(key)
        if before is not None and before.answer is None:
            return False
        self._change(lambda book: book.__setitem__(key, offer))
        return True

    def used(self, ids: Iterable[str], session: str, turn: str) -> None:
        """Note that a call in that turn followed the answers to these offers."""
        book = self._current()
        keys = [(session, id) for id in ids if (session, id) in book]
        if any(book[key].used(turn) != book[key] for key in keys):
            self._change(lambda now: now.update({key: now[key].used(turn) for key in keys if key in now}))

    def answer(self, id: str, answer: str, scope: str, session: str | None = None) -> KeptOffer:
        """Keep the answer; the offer as it then stands.

        Without `session` it is the one that met the offer last. Raises AnswerError if no session was made
        this offer, or if it cannot be answered so.
        """
        found: list[KeptOffer] = []

        def change(book: Book) -> None:
            offer = _named(book, id, session)
            taken, how_long = _fit(offer, answer, scope)
            found.append(offer.answered(taken, how_long))
            book[offer.session, id] = found[0]

        self._change(change)
        return found[0]

    def _take(self, session: str, turn: str, said: dict[str, tuple[Answer, AnswerScope]]) -> list[KeptOffer]:
        """Keep what the words of the turn answered; the session's offers as they then stand."""

        def change(book: Book) -> None:
            for id, (answer, scope) in said.items():
                if (session, id) in book:
                    book[session, id] = book[session, id].answered(answer, scope).used(turn)

        self._change(change)
        return [offer for offer in self._book.values() if offer.session == session]

    # -- the file --------------------------------------------------------------------------------------------

    def _current(self) -> Book:
        """The book as it stands in the file."""
        if self._path is None:
            return self._book
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._book, self._seen = {}, None
            return self._book
        except OSError as error:
            raise _unusable(self._path, error) from error
        seen = found.st_mtime_ns, found.st_size, found.st_ino
        if seen != self._seen:
            self._book, self._seen = _read(self._path), seen
        return self._book

    def _change(self, change: Callable[[Book], None]) -> None:
        """Change the book as it stands, alone among all processes; a change that raises changes nothing."""
        if self._path is None:
            change(self._book)
            self._book = _bounded(self._book.values())
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _locked(self._path.with_suffix(".lock")):
                book = dict(self._current())
                change(book)
                self._book, self._seen = _bounded(book.values()), None
                _replace(self._path, _encoder.encode(tuple(self._book.values())))
        except OSError as error:
            raise _unusable(self._path, error) from error


def _said(offer: KeptOffer, turn: str, words: str, ladder: Ladder) -> tuple[Answer, AnswerScope] | None:
    """What the words that were said after the offer answer to it, and for how long; None if nothing new."""
    if not offer.is_open(turn):
        return None
    later = words[offer.heard :] if offer.turn == turn else words
    tier = ladder.get(offer.tier) if offer.tier else None
    made = Offer(offer.id, offer.kind, offer.text, offer.options, tier)
    answer = answer_in(later, made, ladder)
    if answer is None or answer == offer.answer_in(turn):
        return None
    return answer, "call" if for_once(later, made, ladder) else "session"


def _named(book: Book, id: str, session: str | None) -> KeptOffer:
    found = [one for one in book.values() if one.id == id and session in (None, one.session)]
    if not found:
        where = f" in the session {session}" if session else ""
        raise AnswerError("unknown", f"there is no offer `{id}`{where}; `tierwise offers` lists them")
    return max(found, key=lambda offer: offer.at_us)


def _fit(offer: KeptOffer, answer: str, scope: str) -> tuple[Answer, AnswerScope]:
    allowed = [one for one in ANSWERS if one in offer.options]
    taken = next((one for one in allowed if one == answer), None)
    how_long = next((one for one in SCOPES if one == scope), None)
    if taken is None:
        instead = f"answer {' or '.join(allowed)}" if allowed else "it can only be waited out, or exported"
        raise AnswerError("unfit", f"`{answer}` is no answer to this offer; {instead}")
    if how_long is None:
        raise AnswerError("unfit", f"an answer holds for the call or the session, not for `{scope}`")
    return taken, how_long


def _bounded(offers: Iterable[KeptOffer]) -> Book:
    return {(offer.session, offer.id): offer for offer in newest(tuple(offers), MAX_OFFERS)}


def _read(path: Path) -> Book:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise StoreError(f"{path}: has more than {MAX_BYTES:,} bytes; delete it to forget all offers")
        return _bounded(_decoder.decode(raw))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unusable(path, error) from error
    except msgspec.MsgspecError as error:
        raise StoreError(f"{path}: is no book of offers ({error}); delete it to forget them") from error


def _replace(path: Path, content: bytes) -> None:
    """Put the content in the file's place, whole and durable, readable by its owner only."""
    beside = path.with_suffix(f".{os.getpid()}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The lock of the file, held by nobody else meanwhile; the system lets go of it if we die."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as stream:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: offers cannot be kept there: {error.strerror or error}")
