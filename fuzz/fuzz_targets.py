"""Fuzz targets: what must hold for whatever a stranger writes, one function a kind of text.

    skill    SKILL.md, `%%% routing.yaml`, the sidecar        frontmatter, homes, sidecar, and all of `check`
    body     a coordinator's Markdown                          tables, steps, adaptations
    prose    CLAUDE.md                                         sentences about routing
    config   the user's file, `%%% project`, `%%% session`     merging, and what a project may not say
    prompt   what stands in a user's message                   inline overrides, conditions

Each raises if its promise is broken: an exception, more than a second, a finding on a line that the file does
not have, a terminal escape in the output, a project that reaches too far, an order that the user never gave.
`fuzz.py` feeds them with atheris, `tests/files/test_fuzz_targets.py` with Hypothesis and the corpus.

Source: issue "The skill author's workbench"; rules.md sections 2 and 5.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tierwise.cli.check import check
from tierwise.cli.findings_output import FORMATS, Report
from tierwise.core.conditions import matched_words
from tierwise.core.tiers import BUILT_IN
from tierwise.files.config import Config, load_config
from tierwise.files.finding_rules import RULES
from tierwise.files.findings import Finding
from tierwise.files.inline import NOTHING, Inline, parse_prompt
from tierwise.files.skill_files import SIDECAR_FILE, SKILL_FILE, read_skill
from tierwise.wire.anthropic import read_request as read_messages
from tierwise.wire.openai_chat import read_request as read_chat

LONGEST_S: Final = 1.0
"""CPU time that one text may take, well under what a person notices at a commit."""
STYLES_A_FINDING: Final = 6
"""Escapes that the text format writes itself: bold, a colour and dim, each begun and ended."""
_SEPARATOR: Final = re.compile(r"^%%% .*(?:\n|\Z)", re.MULTILINE)
MODELS: Final = {"claude-opus-5-5": "opus", "gpt-6-luna": "haiku", "odd-one": "no-such-tier"}


def skill(data: bytes) -> None:
    """A skill and its sidecar: read, checked and printed in every format."""
    main, sidecar = _parts(data, 2)
    _check_skill(main, sidecar)


def body(data: bytes) -> None:
    """The Markdown below a frontmatter that is in order."""
    _check_skill("---\nname: suite-coordinator\ndescription: Routes.\nmodel: opus\n---\n" + _text(data), "")


def prose(data: bytes) -> None:
    """A CLAUDE.md; whatever it says, a project's sentences only restrict."""
    _check_config({USER: USERS_OWN, PROJECT / "CLAUDE.md": _text(data)})


def config(data: bytes) -> None:
    """The user's file, alone and with a project's and a session's on top; then those on one with caps."""
    user, project, session = _parts(data, 3)
    named = {
        PROJECT / ".claude/model-routing.yaml": project,
        SESSION: session,
    }
    _check_config({USER: user} | named)
    _check_config({USER: USERS_OWN} | named)


def prompt(data: bytes) -> None:
    """A prompt, and the same text where it is not the user's own."""
    text = _text(data)
    with _quickly():
        said = parse_prompt(text, BUILT_IN, MODELS.get)
        matched_words(text[:500], text.lower())
        matched_words("issue is a known pattern (exact CSS property fix), or état ñandú", text.lower())
    _is_sound(said, text)
    for where, hidden in _not_the_users(text):
        assert parse_prompt(hidden, BUILT_IN, MODELS.get) == NOTHING, (where, hidden)
    for words in (_words_beside_a_tool_result(text), _chat_words_beside_a_tool_result(text)):
        assert words == "Go on.", words


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "skill": skill,
    "body": body,
    "prose": prose,
    "config": config,
    "prompt": prompt,
}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _parts(data: bytes, count: int) -> list[str]:
    """The texts between the separators; a file may also hold what is no UTF-8, so surrogates stand for it."""
    texts = _SEPARATOR.split(data.decode("utf-8", "surrogateescape"), count - 1)
    return texts + [""] * (count - len(texts))


@contextmanager
def _quickly() -> Iterator[None]:
    began = time.process_time()
    yield
    took = time.process_time() - began
    assert took < LONGEST_S, f"took {took:.2f} s"


# -- skills ------------------------------------------------------------------------------------------------

FOLDER: Final = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))  # noqa: PTH112


def _check_skill(main: str, sidecar: str) -> None:
    texts = {FOLDER / SKILL_FILE: main, FOLDER / SIDECAR_FILE: sidecar}
    for place, text in texts.items():
        place.write_bytes(text.encode("utf-8", "surrogateescape"))
    if not sidecar:
        (FOLDER / SIDECAR_FILE).unlink()
    with _quickly():
        report = check((FOLDER / SKILL_FILE,), MODELS.get, descriptions=True)
    _are_sound(report.findings, texts)
    _prints(report)
    file = read_skill(FOLDER / SKILL_FILE, tier_of_model=MODELS.get)
    for place in file.provenance.values():
        assert 1 <= place.line <= _lines(texts[Path(place.path)]), place
    assert all(row.skill and 1 <= row.line <= _lines(main) for row in file.rows)
    assert file.name.isprintable()


def _are_sound(findings: tuple[Finding, ...], texts: Mapping[Path, str]) -> None:
    """Every finding names a rule that is explained, and a line that the file has."""
    for finding in findings:
        assert finding.rule in RULES, finding
        assert 0 <= finding.line <= _lines(texts[Path(finding.path)]), finding
        assert finding.problem, finding
        assert finding.remedy, finding


def _lines(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def _prints(report: Report) -> None:
    with _quickly():
        printed = {name: render(report) for name, render in FORMATS.items()}
    json.loads(printed["json"])
    json.loads(printed["sarif"])
    for name in ("text", "github"):
        assert all(c.isprintable() or c in "\n\x1b" for c in printed[name]), name
    assert "\x1b" not in printed["github"]
    assert printed["text"].count("\x1b") == STYLES_A_FINDING * len(report.findings)


# -- configuration -----------------------------------------------------------------------------------------

USER, PROJECT = Path("/nonexistent/user/model-routing.yaml"), Path("/nonexistent/project")
SESSION: Final = PROJECT / ".claude/session-config.yaml"
USERS_OWN: Final = """\
mode: observe
budget_zones: {yellow_threshold: 0.6, red_threshold: 0.8}
weekly_budget: {opus_messages: 45, total_spend: 20}
notify: {desktop: false}
"""


def _check_config(texts: Mapping[Path, str]) -> None:
    with _quickly():
        base = load_config(user_file=USER, project=None, tier_of_model=MODELS.get, texts=texts)
        full = load_config(user_file=USER, project=PROJECT, tier_of_model=MODELS.get, texts=texts)
    _are_sound(full.findings, texts)
    _only_restricts(base, full, by_session=bool(texts.get(SESSION)))


MODES: Final = ("off", "observe", "enforce")


def _only_restricts(base: Config, full: Config, *, by_session: bool) -> None:
    """What a project adds may restrict, and never speaks in the user's name. A session's file may do more."""
    assert MODES.index(full.mode) >= MODES.index(base.mode)
    assert full.settings.ladder == base.settings.ladder
    assert full.notify == base.notify
    caps = {(one.scope, one.dimension, one.unit): one for one in full.budgets}
    for cap in base.budgets:
        now = caps[cap.scope, cap.dimension, cap.unit]
        assert cap.limit is None or (now.limit is not None and now.limit <= cap.limit), (cap, now)
        assert now.hard or not cap.hard
    if not by_session:
        assert full.settings.thresholds.yellow <= base.settings.thresholds.yellow
        assert full.settings.thresholds.red <= base.settings.thresholds.red
        assert (full.force, full.skill_overrides) == (base.force, base.skill_overrides)


# -- prompts -----------------------------------------------------------------------------------------------


def _is_sound(said: Inline, text: str) -> None:
    assert said.tier not in said.negated
    assert said.force not in said.negated
    assert len(set(said.negated)) == len(said.negated)
    assert bool(said.words) is (said != NOTHING)
    assert len(said.words) <= len(text) * 3 + 100


def _not_the_users(text: str) -> Iterator[tuple[str, str]]:
    """The text where a client, a file or somebody else says it."""
    closed = text.replace("<", "(")
    for tag in ("system-reminder", "local-command-stdout", "tool_result", "bash-stdout", "task-notification"):
        yield tag, f"Fix it.\n<{tag}>\n{closed}\n</{tag}>\nGo on."
    yield "open reminder", f"Go on.\n<system-reminder>\n{closed}"
    yield "skill body", f"Base directory for this skill: /x\n\n{text}"
    yield "fence", f"This is the log:\n```\n{text.replace('```', '')}\n```\nGo on."
    quoted = "\n".join(f"> {line}" for line in text.splitlines())
    yield "quoted lines", f"They wrote:\n{quoted}\nGo on."
    plain = " ".join(text.replace('"', "").replace("`", "").replace("“", "").replace("„", "").split())[:180]
    plain = "".join(c for c in plain if c not in "«»”<>")
    if " " in plain.strip():
        yield "quotation", f'The page says "{plain}" at its top.'
        yield "code span", f"The page says `{plain}` at its top."
        yield "reminder in a quotation", f'It says "<system-reminder>x</system-reminder> {plain}" there.'


def _words_beside_a_tool_result(text: str) -> str:
    """The user's words in a Messages request whose tool result says `text`."""
    use = {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": text}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": text}]}
    messages = [
        {"role": "user", "content": "Go on."},
        {"role": "assistant", "content": [{"type": "text", "text": text}, use]},
        {"role": "user", "content": [result]},
    ]
    asked = {"model": "claude-opus-5-5", "max_tokens": 10, "system": text, "messages": messages}
    return read_messages({}, "/v1/messages", json.dumps(asked).encode()).user_words


def _chat_words_beside_a_tool_result(text: str) -> str:
    call = {"id": "t1", "type": "function", "function": {"name": "read", "arguments": text}}
    messages = [
        {"role": "system", "content": text},
        {"role": "user", "content": "Go on."},
        {"role": "assistant", "content": text, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": text},
    ]
    asked = {"model": "gpt-6-luna", "messages": messages}
    return read_chat({}, "/v1/chat/completions", json.dumps(asked).encode()).user_words
