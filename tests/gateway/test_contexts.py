"""Contexts: bounded, newest kept, and nothing at all where keeping is off."""

from __future__ import annotations

import json

import pytest

from tierwise.gateway import contexts
from tierwise.gateway.contexts import MAX_SESSIONS, Contexts


def body(text: str) -> bytes:
    return json.dumps(
        {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": text}]}
    ).encode()


def test_the_newest_request_of_a_session_is_the_one_that_is_exported() -> None:
    kept = Contexts()
    kept.keep("s", body("old"))
    kept.keep("s", body("new"))

    exported = kept.export("s")
    assert exported is not None
    assert json.loads(exported) == {"model": "m", "messages": [{"role": "user", "content": "new"}]}


def test_the_longest_silent_session_is_given_up_first() -> None:
    kept = Contexts()
    for number in range(MAX_SESSIONS):
        kept.keep(f"s{number}", body("x"))
    kept.keep("s0", body("y"))
    kept.keep("more", body("z"))

    assert kept.export("s1") is None
    assert kept.export("s0") is not None
    assert kept.export("more") is not None


def test_all_together_never_take_more_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "MAX_BYTES", 1_000)
    kept = Contexts()
    for number in range(3):
        kept.keep(f"s{number}", body("x" * 400))
    kept.keep("huge", body("x" * 2_000))

    assert [kept.export(name) is not None for name in ("s0", "s1", "s2", "huge")] == [
        False,
        True,
        True,
        False,
    ]


def test_where_keeping_is_off_nothing_is_kept() -> None:
    kept = Contexts(keep=False)
    kept.keep("s", body("x"))

    assert kept.export("s") is None


def test_what_is_exported_of_responses_is_what_another_client_needs() -> None:
    contexts = Contexts()
    body = {"model": "m", "instructions": "Be brief.", "input": [{"role": "user"}], "store": False}
    contexts.keep("s", json.dumps(body).encode())
    exported = contexts.export("s")
    assert exported is not None
    assert json.loads(exported) == {key: body[key] for key in ("model", "instructions", "input")}
