"""Models: what the provider says it offers, in the shape that the caller expects.

Source: research/clients.md sections 1 and 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MODELS: Final = (
    "claude-fable-5-2",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
    "gpt-6-astra",
    "gpt-6.1-sol",
    "gpt-6.1-terra",
    "gpt-6-luna",
)
DEFAULT_PAGE: Final = 20
MAX_PAGE: Final = 1_000
RELEASED_AT: Final = "1970-01-01T00:00:00Z"
"""The protocol's word for a date that is not known."""

_DATE_SUFFIX: Final = re.compile(r"-\d{8}$")


def is_offered(model: str, models: Iterable[str]) -> bool:
    """Whether the model is one of these, exactly or up to a date suffix."""
    return model in (known := set(models)) or _DATE_SUFFIX.sub("", model) in known


def anthropic_card(model: str) -> dict[str, object]:
    """One model in the Anthropic shape."""
    return {
        "type": "model",
        "id": model,
        "display_name": _display_name(model),
        "created_at": RELEASED_AT,
        "lifecycle": "active",
    }


def anthropic_page(models: tuple[str, ...], limit: int, after: str, before: str) -> dict[str, object]:
    """At most `limit` models behind `after`, or the last ones ahead of `before`; unknown ids are ignored."""
    start = models.index(after) + 1 if after in models else 0
    end = models.index(before) if before in models else len(models)
    window = models[start:end]
    page = window[-limit:] if before in models else window[:limit]
    return {
        "data": [anthropic_card(model) for model in page],
        "first_id": page[0] if page else None,
        "has_more": len(window) > len(page),
        "last_id": page[-1] if page else None,
    }


def openai_card(model: str) -> dict[str, object]:
    """One model in the OpenAI shape."""
    return {"id": model, "object": "model", "created": 0, "owned_by": "tierwise-simulator"}


def openai_list(models: tuple[str, ...]) -> dict[str, object]:
    """All models in the OpenAI shape, which knows no pages."""
    return {"object": "list", "data": [openai_card(model) for model in models]}


def _display_name(model: str) -> str:
    """`claude-opus-5-5` → `Claude Opus 5.5`."""
    words = _DATE_SUFFIX.sub("", model).split("-")
    numbers = [word for word in words if word.isdigit()]
    return " ".join([*(word.capitalize() for word in words if not word.isdigit()), ".".join(numbers)]).strip()
