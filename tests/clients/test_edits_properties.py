"""Edits, over documents that nobody wrote by hand: what is put in can be put in once, and taken out whole."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from settings_corpus import leading_to, values_of

from tierwise.clients import json_edit, jsonc, toml_edit
from tierwise.clients.connection_records import CLIENTS
from tierwise.clients.edits import Applied, applied, undone

few = settings(max_examples=60)
WORDS = st.sampled_from(["", "1", "opus", "http://127.0.0.1:8787", "https://api.anthropic.com", "X-A: b"])
ENV = st.dictionaries(
    st.sampled_from(
        ["A", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS", "CLAUDE_CODE_GATEWAY_HINT_HEADERS"]
    ),
    WORDS,
)
HANDLERS = st.sampled_from(
    [
        {"type": "command", "command": "true"},
        {"type": "http", "url": "http://127.0.0.1:8787/tierwise/hooks/claude"},
        {"type": "http", "url": "http://127.0.0.1:1/x"},
    ]
)
GROUPS = st.lists(st.fixed_dictionaries({"hooks": st.lists(HANDLERS, max_size=2)}), max_size=2)
HOOKS = st.dictionaries(st.sampled_from(["PreToolUse", "Stop", "SessionEnd"]), GROUPS)
CLAUDE = st.fixed_dictionaries(
    {},
    optional={
        "env": ENV,
        "hooks": HOOKS,
        "model": WORDS,
        "statusLine": st.just({"type": "command", "command": "x"}),
        "fallbackModel": st.lists(WORDS, max_size=2) | st.just("x"),
        "enabledPlugins": st.dictionaries(st.sampled_from(["a@b", "tierwise@tierwise"]), st.booleans()),
        "permissions": st.just({"allow": []}),
    },
)
OPENCODE = st.fixed_dictionaries(
    {},
    optional={
        "model": WORDS,
        "provider": st.dictionaries(
            st.sampled_from(["anthropic", "openai", "groq"]),
            st.fixed_dictionaries(
                {}, optional={"options": st.dictionaries(st.just("timeout"), st.integers())}
            ),
        ),
    },
)
CODEX = st.fixed_dictionaries(
    {},
    optional={
        "model": WORDS,
        "model_provider": st.sampled_from(["openai", "tierwise", "mine"]),
        "model_providers": st.dictionaries(
            st.sampled_from(["mine", "tierwise"]),
            st.dictionaries(st.sampled_from(["name", "env_key", "wire_api"]), WORDS, min_size=1),
            min_size=1,
        ),
        "tui": st.just({"theme": "dark"}),
    },
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, str]:
    """A client and the text of its settings."""
    client = draw(st.sampled_from(sorted(CLIENTS)))
    values = draw({"claude": CLAUDE, "opencode": OPENCODE, "codex": CODEX}[client])
    if client == "codex":
        text = toml_of(values)
    else:
        text = json.dumps(values, indent=draw(st.sampled_from([None, 2, 4, "\t"])))
    return client, text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def toml_of(values: dict[str, Any]) -> str:
    lines = [f"{key} = {toml_edit.written(one)}" for key, one in values.items() if not isinstance(one, dict)]
    for key, one in values.items():
        if key == "model_providers":
            for name, inner in one.items():
                lines += ["", f"[{key}.{name}] # {name}"]
                lines += [f"{inside} = {toml_edit.written(value)}" for inside, value in inner.items()]
        elif isinstance(one, dict):
            lines += [
                f"[{key}]",
                *(f"{inside} = {toml_edit.written(value)}" for inside, value in one.items()),
            ]
    return "\n".join(lines)


def connected(client: str, text: str, known: Any = (), port: int = 0) -> Applied:
    said = CLIENTS[client]
    values = values_of(client, text)
    to = leading_to(client, port, earlier=leading_to(client).url)
    return applied(text, said.plan(values, to).wanted, known, said.form)


@few
@given(documents())
def test_what_is_put_in_is_put_in_once(document: tuple[str, str]) -> None:
    client, text = document
    once = connected(client, text)
    assume(not once.refused)
    again = connected(client, once.text, once.edits)
    assert (again.text, again.edits) == (once.text, once.edits)


@few
@given(documents())
def test_what_is_put_in_can_be_taken_out_to_the_last_value(document: tuple[str, str]) -> None:
    client, text = document
    done = connected(client, text)
    assume(not done.refused)
    back = undone(done.text, done.edits, CLIENTS[client].form)
    assert values_of(client, back.text) == values_of(client, text)
    assert back.left == ()


@few
@given(documents())
def test_so_it_can_after_a_move_to_another_port_and_back(document: tuple[str, str]) -> None:
    client, text = document
    done = connected(client, text)
    moved = connected(client, done.text, done.edits, 7001)
    assume(not (done.refused or moved.refused))
    back = undone(moved.text, moved.edits, CLIENTS[client].form)
    assert values_of(client, back.text) == values_of(client, text)


@few
@given(
    documents(), st.sampled_from(["of_the_user", "zz", "A b"]), st.integers() | st.text('ab é"', max_size=5)
)
def test_what_the_user_adds_in_between_survives(document: tuple[str, str], key: str, value: Any) -> None:
    client, text = document
    form = CLIENTS[client].form
    editor: Any = toml_edit if form == "toml" else json_edit
    done = connected(client, text)
    assume(not done.refused)
    mine = editor.with_value(done.text, (key,), value)
    assert connected(client, mine, done.edits).text == mine
    back = undone(mine, done.edits, form)
    assert values_of(client, back.text) == {**values_of(client, text), key: value}


@few
@given(documents())
def test_what_was_there_stays_letter_by_letter(document: tuple[str, str]) -> None:
    """No character of a value that is not ours to change is lost, and none of them changes its place."""
    client, text = document
    done = connected(client, text)
    assume(not done.refused and client != "codex")
    replaced = {edit.path for edit in done.edits if edit.previous_raw is not None}
    assume(not replaced)
    rest = iter(done.text)
    assert all(char in rest for char in text if not char.isspace())
    assert jsonc.read(done.text)
