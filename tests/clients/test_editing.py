"""Editing texts: properties of the JSON and TOML editors over texts that nobody wrote by hand."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from settings_corpus import values_of

from tierwise.clients import json_edit, jsonc, toml_edit
from tierwise.clients.jsonc import UnreadableError
from tierwise.clients.masking import MASK, masked

EOLS = st.sampled_from(["\n", "\r\n"])
KEYS = st.text('abz_-. é"\\/', min_size=1, max_size=6)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
PATHS = st.lists(st.sampled_from(["env", "hooks", "a b", 'q"', "é"]), min_size=1, max_size=3).map(tuple)
GAPS = ["", "", " ", "\n", "\t", "\n  ", " // c\n", "/* c */", "\r\n", "\n// a\n// b\n"]
BOM = "\ufeff"
few = settings(max_examples=60)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Any]:
    """A JSONC text with its value: odd gaps, comments and trailing commas everywhere they may be."""
    value = draw(OBJECTS)
    chance = draw(st.randoms(use_true_random=False))

    def gap() -> str:
        return chance.choice(GAPS)

    def text_of(value: Any) -> str:
        if isinstance(value, dict):
            parts = [
                f"{gap()}{json.dumps(key)}{gap()}:{gap()}{text_of(one)}{gap()}" for key, one in value.items()
            ]
            return "{" + joined(parts) + "}"
        if isinstance(value, list):
            return "[" + joined([f"{gap()}{text_of(one)}{gap()}" for one in value]) + "]"
        return json.dumps(value, ensure_ascii=chance.random() < 0.5)

    def joined(parts: list[str]) -> str:
        return ",".join(parts) + chance.choice(["", ","] if parts else [""]) + gap()

    return f"{chance.choice(['', BOM])}{gap()}{text_of(value)}{gap()}", value


def holds(values: Any, path: tuple[str, ...], value: Any) -> Any:
    """The values with another at the path."""
    if not path:
        return value
    return {**values, path[0]: holds(values.get(path[0], {}), path[1:], value)}


def can_hold(values: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(values, dict):
            return False
        values = values.get(key, {})
    return True


@few
@given(written())
def test_a_text_is_read_as_what_it_says(sample: tuple[str, Any]) -> None:
    text, value = sample
    assert jsonc.read(text).plain == value
    assert values_of("opencode", text) == value


@few
@given(written(), PATHS, VALUES)
def test_a_value_that_is_put_in_is_there_and_all_else_as_before(
    sample: tuple[str, Any], path: tuple[str, ...], value: Any
) -> None:
    text, before = sample
    assume(can_hold(before, path))
    edited = json_edit.with_value(text, path, value)
    assert jsonc.read(edited).plain == holds(before, path, value)
    assert json_edit.with_value(edited, path, value).startswith(text[: text.index("{")])


@few
@given(written(), PATHS, VALUES)
def test_no_character_that_was_there_is_lost_by_putting_in(
    sample: tuple[str, Any], path: tuple[str, ...], value: Any
) -> None:
    text, before = sample
    assume(can_hold(before, path) and json_edit.raw_at(text, path) is None)
    rest = iter(json_edit.with_value(text, path, value))
    kept = "".join(char for char in text if not char.isspace())
    assert all(char in rest for char in kept)


@few
@given(written(), PATHS, VALUES)
def test_what_is_put_in_and_taken_out_leaves_the_values_as_they_were(
    sample: tuple[str, Any], path: tuple[str, ...], value: Any
) -> None:
    text, before = sample
    assume(can_hold(before, path) and json_edit.raw_at(text, path) is None)
    made = next(n for n in range(1, len(path) + 1) if json_edit.raw_at(text, path[:n]) is None)
    edited = json_edit.with_value(text, path, value)
    assert jsonc.read(json_edit.without(edited, path[:made])).plain == before


@few
@given(written(), VALUES, EOLS)
def test_elements_come_and_go(sample: tuple[str, Any], value: Any, eol: str) -> None:
    text, before = sample
    assume(isinstance(before.get("env", []), list))
    text = text.replace("\n", eol) if "\r" not in text else text
    known = before.get("env", [])
    edited = json_edit.with_element(text, ("env",), value)
    assert jsonc.read(edited).plain == {**before, "env": [*known, value]}
    back = json_edit.without_element(edited, ("env",), len(known))
    assert jsonc.read(back).plain == {**before, "env": known}


@few
@given(st.text('{}[]",:/*\\ \n\r\ttruefalsn0123.eE-+\ufeff', max_size=40))
def test_no_text_makes_the_reader_do_anything_but_read_or_refuse(text: str) -> None:
    try:
        read = jsonc.read(text).plain
    except UnreadableError:
        assert text.startswith("\ufeff\ufeff") or not is_json(text.removeprefix("\ufeff"))
        return
    if is_json(text.removeprefix("\ufeff")):
        assert repr(json.loads(text.removeprefix("\ufeff"))) == repr(read)


def is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=lambda _: 1 // 0)
    except (ValueError, ZeroDivisionError):
        return False
    return True


# -- TOML --------------------------------------------------------------------------------------------------

TOML_PLAIN = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=8).filter(lambda text: "\r" not in text)
    | st.just(datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
)
TOML_KEYS = st.text("abz_-. é", min_size=1, max_size=6)
LINES = st.sampled_from(["", "# [x]\n", "\n\n", "  # model_provider = 1\n", "\n"])


@st.composite
def toml(draw: st.DrawFn) -> str:
    """A TOML text: top-level keys, tables, arrays of tables, comments, long strings."""
    top = draw(st.dictionaries(TOML_KEYS, TOML_PLAIN, max_size=3))
    tables = draw(st.dictionaries(st.sampled_from(["t", "u.v", '"o d"', "w"]), st.none(), max_size=3))
    lines = [draw(LINES), *(f"{toml_line(key, value)}{draw(LINES)}" for key, value in top.items())]
    if draw(st.booleans()):
        lines.append('long = """\n[no table]\nmodel_provider = "no key" \\"""" # end\n')
    if draw(st.booleans()):
        lines.append("list = [ # open\n  '[', \"#\", # ]\n]\n")
    for name in tables:
        inside = draw(st.dictionaries(TOML_KEYS, TOML_PLAIN, max_size=2))
        header = f"[[{name}]]" if draw(st.booleans()) else f"[{name}]"
        lines += [f"{header}{draw(LINES) or chr(10)}"]
        lines += [f"{toml_line(key, value)}{draw(LINES)}" for key, value in inside.items()]
    text = "".join(lines)
    text = text.removesuffix("\n") if draw(st.booleans()) else text
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    return draw(st.sampled_from(["", "\ufeff"])) + text


def toml_line(key: str, value: Any) -> str:
    return f"{json.dumps(key, ensure_ascii=False)} = {toml_edit.written(value)}\n"


def read_toml(text: str) -> dict[str, Any]:
    return tomllib.loads(text.removeprefix("\ufeff"))


PROVIDER = {"name": "tierwise", "base_url": "http://127.0.0.1:8787/v1", "http_headers": {"X-a": 'q"'}}


@few
@given(toml())
def test_toml_that_is_put_in_is_there_and_taken_out_is_gone(text: str) -> None:
    before = read_toml(text)
    edited = toml_edit.with_value(text, ("model_provider",), "tierwise")
    edited = toml_edit.with_value(edited, ("model_providers", "tierwise"), PROVIDER)
    assert read_toml(edited) == {
        **before,
        "model_provider": "tierwise",
        "model_providers": {"tierwise": PROVIDER},
    }
    back = toml_edit.without(toml_edit.without(edited, ("model_providers", "tierwise")), ("model_provider",))
    assert read_toml(back) == before


@few
@given(toml())
def test_every_line_of_toml_stays_as_it_was_written(text: str) -> None:
    edited = toml_edit.with_value(text, ("model_provider",), "tierwise")
    rest = iter(edited.removeprefix("\ufeff").splitlines())
    assert all(line in rest for line in text.removeprefix("\ufeff").splitlines() if line.strip())


@few
@given(toml(), st.text(max_size=10).filter(lambda text: "\r" not in text))
def test_another_toml_value_changes_one_line(text: str, value: str) -> None:
    once = toml_edit.with_value(text, ("model_provider",), "first")
    twice = toml_edit.with_value(once, ("model_provider",), value)
    assert twice == once.replace('model_provider = "first"', f"model_provider = {toml_edit.written(value)}")


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("a = 1 # ]", "a = 2 # ]"),
        ("a = 1 # x", "a = 2 # x"),
        ("a = [ # [\n 1, # ]\n] # ]\nb = 0", "a = 2 # ]\nb = 0"),
        ("a = {b = 1} # }\r\n", "a = 2 # }\r\n"),
        ("a='#' # '", "a=2 # '"),
        ('a = "\\"]#" # "', 'a = 2 # "'),
        ("a = '''\n'quoted'''' # x", "a = 2 # x"),
        ('a = """x\\"""y""""" # x', "a = 2 # x"),
        ("\t'a'\t=\t1\t#", "\t'a'\t=\t2\t#"),
        ("[t]\n[t.u]\na = 1", None),
    ],
)
def test_a_value_ends_where_it_ends(text: str, edited: str | None) -> None:
    path = ("a",) if edited else ("t", "u", "a")
    assert toml_edit.with_value(text, path, 2) == (edited or text.replace("1", "2"))


# -- masking -----------------------------------------------------------------------------------------------

SECRETS = [
    ("json", '{"env": {"ANTHROPIC_API_KEY": "hunter2hunter2"}}'),
    ("json", '{"env": {"MY_TOKEN": "hunter2hunter2", "KEEP": "seen"}}'),
    ("json", '{"mcp": {"x": {"headers": {"X-Any": "hunter2hunter2"}}}}'),
    ("json", '{"env": {"ANTHROPIC_CUSTOM_HEADERS": "X-Any: hunter2hunter2\\nX-B: hunter2hunter2"}}'),
    ("json", '{"env": {"PROXY": "http://me:hunter2hunter2@proxy:1"}}'),
    ("json", '{"statusLine": {"command": "curl -H \'Authorization: Bearer hunter2hunter2\' x"}}'),
    ("json", '{"a": "https://x/?token=hunter2hunter2&b=1"}'),
    ("json", '{"password": ["hunter2hunter2"]}'),
    ("json", '// broken\n{"a": "sk-ant-hunter2hunter2"'),
    ("toml", '[mcp_servers.x.env]\nX_API_KEY = "hunter2hunter2"\n'),
    ("toml", 'env = { A_SECRET = "hunter2hunter2", B = "x" }\n'),
    ("toml", '[model_providers.x]\nexperimental_bearer_token = "hunter2hunter2"\n'),
    ("toml", 'http_headers = { "X-Any" = "hunter2hunter2" }\n'),
    ("toml", '[model_providers.x.http_headers]\n"X-Any" = """\nhunter2hunter2\n"""\n'),
]


@pytest.mark.parametrize(("form", "text"), SECRETS)
def test_a_secret_is_never_shown(form: str, text: str) -> None:
    shown = masked(text, form)
    assert "hunter2" not in shown
    assert MASK in shown
    assert shown.count("\n") == text.count("\n")


OPEN = [
    (
        "json",
        '{"env": {"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "32000", "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}}',
    ),
    ("json", '{"apiKeyHelper": "~/bin/key.sh", "keybinds": {"leader": "ctrl+x"}}'),
    ("json", '{"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-tierwise-fallbacks: sonnet,haiku"}}'),
    ("toml", 'env_key = "OPENAI_API_KEY"\nrequires_openai_auth = true\nmodel_max_output_tokens = 100\n'),
]


@pytest.mark.parametrize(("form", "text"), OPEN)
def test_what_is_no_secret_is_shown(form: str, text: str) -> None:
    assert masked(text, form) == text
