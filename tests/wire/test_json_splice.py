"""Splices: only the bytes of the value change, wherever it stands and however it is written."""

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import WireError
from tierwise.wire.anthropic import read_request, with_effort
from tierwise.wire.json_splice import element_spans, value_spans
from tierwise.wire.requests import with_model

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["model", "a", "é"]), inner),
    max_leaves=12,
)
members = st.lists(st.tuples(st.sampled_from(["model", "messages", "modeL", 'mo"del', "é", ""]), values))


def space(rnd: random.Random) -> str:
    return "".join(rnd.choice(" \t\n\r") for _ in range(rnd.choice((0, 0, 0, 1, 3))))


def written(text: str, rnd: random.Random) -> str:
    """A JSON string, with some of its characters needlessly escaped."""
    if rnd.random() < 0.6:
        return json.dumps(text, ensure_ascii=rnd.random() < 0.5)
    plain = [char if 0x20 <= ord(char) < 0xD800 and char not in '"\\' else None for char in text]
    escaped = [json.dumps(char)[1:-1] if ord(char) > 0xFFFF else f"\\u{ord(char):04x}" for char in text]
    return (
        '"' + "".join(p if p and rnd.random() < 0.5 else e for p, e in zip(plain, escaped, strict=True)) + '"'
    )


def dumped(value: Any, rnd: random.Random) -> str:
    """Any JSON text that means the value."""
    if isinstance(value, str):
        return written(value, rnd)
    if isinstance(value, list):
        parts = [space(rnd) + dumped(item, rnd) + space(rnd) for item in value]
        return "[" + (",".join(parts) or space(rnd)) + "]"
    if isinstance(value, dict):
        return object_of([(key, dumped(item, rnd)) for key, item in value.items()], rnd)
    return json.dumps(value)


def object_of(pairs: list[tuple[str, str]], rnd: random.Random) -> str:
    parts = [f"{space(rnd)}{written(k, rnd)}{space(rnd)}:{space(rnd)}{v}{space(rnd)}" for k, v in pairs]
    return "{" + (",".join(parts) or space(rnd)) + "}"


@given(before=members, asked=values, after=members, seed=st.integers(0, 2**32), model=st.text(min_size=1))
def test_exactly_the_values_of_the_key_change(
    before: list[tuple[str, Any]], asked: Any, after: list[tuple[str, Any]], seed: int, model: str
) -> None:
    """The body is written a second time, with the new model wherever the key stands: that is the answer."""
    pairs = [*before, ("model", asked), *after]
    rnd = random.Random(seed)
    old_values = [(key, dumped(value, rnd)) for key, value in pairs]
    new = msgspec.json.encode(model).decode()
    new_values = [(key, new if key == "model" else value) for key, value in old_values]
    outer = random.Random(seed)
    body = object_of(old_values, outer)
    wanted = object_of(new_values, random.Random(seed))
    lead, trail = space(rnd), space(rnd)
    assert with_model((lead + body + trail).encode(), model) == (lead + wanted + trail).encode()


@given(values, st.text(min_size=1))
def test_what_is_read_is_the_same_but_for_the_key(value: Any, model: str) -> None:
    rest = {"messages": value, "output_config": {"effort": "high", "model": value}}
    body = json.dumps({"a": value, "model": "old", **rest}, ensure_ascii=False).encode()
    assert json.loads(with_model(body, model)) == {"a": value, "model": model, **rest}
    changed = json.loads(with_effort(body, "low"))
    assert changed == {"a": value, "model": "old", **rest, "output_config": {"effort": "low", "model": value}}


@pytest.mark.parametrize(
    "body",
    [
        '{"model":"old","messages":[]}',
        '{"messages":[{"model":"x"}],"model":"old"}',
        '\n {\t"a" : "\\"model\\":\\"x\\"" , "model"\r\n:\t"old"}  ',
        '{"mod\\u0065l":"old"}',
        '{"\\u006d\\u006F\\u0064\\u0065\\u006c":"old","model\\u0000":"x"}',
        '{"model":"old","model":"old"}',
        '{"MODEL":"x","model":"old","Model":"x"}',
        '{"tools":[{"properties":{"model":{"enum":["opus"]}}}],"model":"old","x":"model"}',
        '{"a":"\\\\","model":"old","b":"\\\\\\""}',
        '{"a":"😀\\ud83d\\ude00é","model":"old"}',
    ],
)
def test_wherever_the_model_stands(body: str) -> None:
    assert with_model(body.encode(), "new").decode() == body.replace('"old"', '"new"')


def test_a_key_that_is_there_twice_is_changed_twice() -> None:
    """Another parser may believe the first one: it must not be served what we did not meter."""
    body = b'{"model":"cheap","b":1,"model":{"a":[1, 2]},"n":12,"n":1,"model":"dear"}'
    assert with_model(body, "m") == b'{"model":"m","b":1,"model":"m","n":12,"n":1,"model":"m"}'


def test_a_model_is_written_as_json() -> None:
    assert json.loads(with_model(b'{"model":"x"}', 'a"b\\c\n')) == {"model": 'a"b\\c\n'}


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\model1 ', max_size=40).map(str.encode))
def test_garbage_is_refused_and_never_more(garbage: bytes) -> None:
    for act in (lambda: with_model(garbage, "m"), lambda: read_request({}, "/v1/messages", garbage)):
        try:
            act()
        except WireError:
            continue


def test_elements_are_found_between_any_spaces() -> None:
    body = b'{"a": [ 1 ,{"b": [2]},\n"x, y" ,[]  ]}'
    [array] = value_spans(body, ("a",))
    assert [body[slice(*span)] for span in element_spans(body, array)] == [
        b"1",
        b'{"b": [2]}',
        b'"x, y"',
        b"[]",
    ]
    assert element_spans(body, (0, 5)) == []


@pytest.mark.timeout(20)
def test_a_hostile_body_takes_no_more_than_time_in_proportion() -> None:
    """Two megabytes of nested, quoted and doubled models: quadratic work would take minutes."""
    nested = '{"model":"x","a":' * 300 + "1" + "}" * 300
    quoted = json.dumps('"model":"x",' * 40_000)
    doubled = ",".join('"model":"old","d":[' + "1," * 9 + "2]" for _ in range(30_000))
    body = f'{{"n":[{",".join([nested] * 60)}],"q":{quoted},{doubled},"d":{json.dumps("y" * 100_000)}}}'
    assert with_model(body.encode(), "new").decode() == body.replace('"model":"old"', '"model":"new"')
