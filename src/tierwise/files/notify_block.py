"""The `notify` block: where notices go beside the gateway's header and log.

    notify:
      webhook: https://hooks.example.com/T0/B1     one POST of JSON for each notice
      desktop: true                                notify-send, or osascript on a Mac

Only the user's own file may say this: a project that could name a URL could learn what its user does.

Source: rules.md sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tierwise.files.config_values import Key, Read, Reader
from tierwise.files.nodes import Entry, Node

SECTION: Final = "notify"
WEBHOOK: Final[Key] = (SECTION, "webhook")
DESKTOP: Final[Key] = (SECTION, "desktop")
MAX_URL_CHARACTERS: Final = 2_000
_NOT_IN_URLS: Final = frozenset(' #\\<>"')


@dataclass(frozen=True, slots=True)
class NotifySpec:
    """Where notices go: the URL of a webhook, or None; whether they show on the desktop."""

    webhook: str | None = None
    desktop: bool = False


NOWHERE: Final = NotifySpec()


def notify_of(value: Mapping[Key, object]) -> NotifySpec:
    """The block as it stands among the values of a configuration."""
    webhook = value.get(WEBHOOK)
    return NotifySpec(str(webhook) if webhook else None, value.get(DESKTOP) is True)


def _webhook(reader: Reader, written: str, entry: Entry) -> None:
    if entry.node.value is None:
        return
    if not _is_url(entry.node):
        remedy = "Write an http or https URL without a fragment, such as https://hooks.example.com/x."
        reader.warn("bad-url", entry.line, written, f"{entry.node.shown} is no URL to post to", remedy)
    else:
        reader.put(WEBHOOK, str(entry.node.value).strip(), entry, written)


def _is_url(node: Node) -> bool:
    url = node.value.strip() if isinstance(node.value, str) else ""
    if len(url) > MAX_URL_CHARACTERS or not (url.isascii() and url.isprintable()):
        return False
    if not _NOT_IN_URLS.isdisjoint(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _desktop(reader: Reader, written: str, entry: Entry) -> None:
    if entry.node.value is not None and (said := reader.boolean(written, entry.node)) is not None:
        reader.put(DESKTOP, said, entry, written)


NOTIFY: Final[dict[str, Read]] = {WEBHOOK[1]: _webhook, DESKTOP[1]: _desktop}
"""The keys of the block."""
