"""The running gateway, as commands see it: one request to its control API, or nobody there.

Commands work without a gateway wherever they can: who finds none does the work on the files that both share.

Source: rules.md section 4, "Consent".
"""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import click

from tierwise.cli.findings_output import printable
from tierwise.gateway.presence import url_of_gateway

ANSWERS_WITHIN_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
OURS: Final = "tierwise: "
"""How every message of a gateway begins."""


def ask(home: Path, method: str, path: tuple[str, ...], body: dict[str, Any] | None = None) -> Any | None:  # noqa: ANN401
    """What the gateway of this home answers, as JSON values; None if none runs.

    Raises ClickException (exit 1) with the gateway's own words if it refuses.
    """
    url = url_of_gateway(home)
    parts = urlsplit(url) if url else None
    if parts is None or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        return None
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=ANSWERS_WITHIN_S)
    target = "/tierwise/" + "/".join(quote(part, safe="") for part in path)
    try:
        headers = {"content-type": "application/json"}
        connection.request(method, target, json.dumps(body or {}).encode(), headers)
        response = connection.getresponse()
        answer = json.loads(response.read(MAX_ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    if response.status >= 400:
        _refused(answer)
        return None
    return answer


def _refused(answer: Any) -> None:  # noqa: ANN401  whatever JSON has
    """Raise ClickException with the gateway's words; nothing if another program has taken its port."""
    error = answer.get("error") if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    if isinstance(message, str) and message.startswith(OURS):
        raise click.ClickException(printable(message.removeprefix(OURS)))
