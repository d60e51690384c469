"""The `notify` block: the user's own word on where notices go, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tierwise.files.config import Config, Layer, merge
from tierwise.files.config_sources import UNTRUSTED, Source
from tierwise.files.nodes import node_of
from tierwise.files.notify_block import NOWHERE, NotifySpec

HOOK = "https://hooks.example.com/T0/B1?x=y"


def config(said: Any, source: Source = "user") -> Config:
    return merge([Layer(source, "file", node_of({"notify": said}))])


def test_without_a_word_notices_go_nowhere_else() -> None:
    assert merge([]).notify == NOWHERE == NotifySpec(webhook=None, desktop=False)


def test_the_user_says_where_notices_go() -> None:
    assert config({"webhook": HOOK, "desktop": True}).notify == NotifySpec(HOOK, True)
    assert (
        config({"webhook": "http://127.0.0.1:9000", "desktop": None}).notify.webhook
        == "http://127.0.0.1:9000"
    )


@pytest.mark.parametrize("source", sorted(UNTRUSTED))
def test_no_file_of_a_project_does(source: Source) -> None:
    read = config({"webhook": HOOK, "desktop": True}, source)

    assert read.notify == NOWHERE
    assert [(one.rule, one.key) for one in read.findings] == [
        ("untrusted-key", "notify.webhook"),
        ("untrusted-key", "notify.desktop"),
    ]


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.com",
        "ftp://hooks.example.com",
        "file:///etc/passwd",
        "https://",
        "https://[::1",
        "https://a b.example",
        "https://h.example/#part",
        "https://h.example:99999/",
        "https://h.example:0/",
        "https://hööks.example",
        "https://h.example/" + "x" * 2_000,
        7,
        [HOOK],
    ],
)
def test_what_cannot_be_posted_to_is_a_finding(url: object) -> None:
    read = config({"webhook": url})

    assert read.notify == NOWHERE
    assert [one.rule for one in read.findings] == ["bad-url"]


def test_other_slips_are_findings_too() -> None:
    read = config({"desktop": "yes", "webhok": HOOK})

    assert [(one.rule, one.key) for one in read.findings] == [
        ("not-a-boolean", "notify.desktop"),
        ("unknown-key", "notify.webhok"),
    ]
    assert "Did you mean `webhook`?" in read.findings[1].remedy
