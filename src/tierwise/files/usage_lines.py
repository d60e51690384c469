"""Usage lines: what calls cost that were made elsewhere or are corrected later, one JSON object a line.

    {"id": "batch-7", "at": "2026-11-20T14:30:00Z", "model": "claude-opus-5-5", "usage": {"output_tokens": 9}}
    {"id": "fix-1", "of": "batch-7", "nanousd": -2000000, "note": "credited by the provider"}

The first kind posts usage at its own moment. The second adds its amounts, which may be negative, to what was
posted for a call or an import before. An amount that is not given is worked out from `usage`: dollars from
the dated price of the model, tokens by weight.

Source: rules.md section 11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from tierwise.core.commands import Adjust, Import
from tierwise.core.entries import Charge, Tags
from tierwise.core.ledger import weighted_tokens
from tierwise.core.usage import Usage
from tierwise.files.findings import Finding

MAX_LINES: Final = 100_000

Amount = int | None
Priced = Callable[[str, Usage, datetime], tuple[str | None, int | None]]
"""Model, usage and moment → the model's tier and the cost in nano-dollars, None where not known."""


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line as it is written; defaults are those of `Tags`."""

    id: str
    at: datetime | None = None
    of: str = ""
    session: str = ""
    run: str = ""
    agent: str = ""
    skill: str = ""
    project: str = ""
    key: str = ""
    model: str = ""
    tier: str = ""
    usage: Usage | None = None
    nanousd: Amount = None
    tokens: Amount = None
    messages: Amount = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """The commands in the lines, each with the number of its line; and everything that is wrong."""

    commands: tuple[tuple[int, Import | Adjust], ...]
    findings: tuple[Finding, ...]


_decoder: Final = msgspec.json.Decoder(_Line)


def read_usage(text: str, path: str, priced: Priced) -> Read:
    """What the lines say; empty ones are passed over. With any finding, nothing of it should be used."""
    commands: list[tuple[int, Import | Adjust]] = []
    findings: list[Finding] = []
    lines = text.split("\n")
    if len(lines) > MAX_LINES + 1:
        problem = f"the file has more than {MAX_LINES:,} lines"
        return Read((), (_finding(path, 0, problem, "Import it in parts"),))
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            commands.append((number, _command(_decoder.decode(line), priced)))
        except (msgspec.MsgspecError, ValueError) as wrong:
            findings.append(_finding(path, number, str(wrong), "See `tierwise ledger import --help`"))
    return Read(tuple(commands), tuple(findings))


def _command(line: _Line, priced: Priced) -> Import | Adjust:
    """ValueError for what the types cannot say."""
    if line.of:
        if line.usage is not None or line.at is not None:
            raise ValueError(
                "a correction has amounts only: no `usage`, and no `at`, which is that of the call"
            )
        amounts = Charge(line.nanousd or 0, line.tokens or 0, line.messages or 0)
        return Adjust(line.id, line.of, amounts, _tags(line, line.tier), line.note)
    if line.at is None or line.at.tzinfo is None:
        raise ValueError("`at` must be a moment with its zone, such as 2026-11-20T14:30:00Z")
    usage = line.usage or Usage()
    if min(msgspec.structs.asdict(line)[name] or 0 for name in ("nanousd", "tokens", "messages")) < 0:
        raise ValueError("usage is never negative: correct what was posted with a line that has `of`")
    tier, cost = priced(line.model, usage, line.at)
    nanousd = cost if line.nanousd is None else line.nanousd
    if nanousd is None:
        raise ValueError(f"no price is known for `{line.model}`: give `nanousd`")
    tokens = weighted_tokens(usage) if line.tokens is None else line.tokens
    charge = Charge(nanousd, tokens, 1 if line.messages is None else line.messages)
    return Import(line.id, _us_of(line.at), _tags(line, line.tier or tier or ""), charge, line.note)


def _us_of(at: datetime) -> int:
    """µs since the epoch, exactly."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _tags(line: _Line, tier: str) -> Tags:
    return Tags(line.session, line.run, line.agent, line.skill, line.project, line.key, line.model, tier)


def _finding(path: str, line: int, problem: str, remedy: str) -> Finding:
    return Finding(path, line, "", problem, remedy, "error", "usage-line")
