"""Portable skills: the block moves into metadata and says the same; every byte that is not ours stays."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.core.skills import Condition, Demand, EstimatedTokens, Role, Routing, TokenRange
from tierwise.core.tiers import BUILT_IN
from tierwise.files.compile.blocks import metadata_lines, metadata_of, sidecar_of
from tierwise.files.compile.portable import portable, refusals, routing_in
from tierwise.files.frontmatter_edit import UneditableError
from tierwise.files.skill_files import read_skill
from tierwise.files.tier_words import TierWords

WORDS = TierWords(BUILT_IN, {"claude-sonnet-5-5": "sonnet"}.get)

# -- a corpus of hand-made pages: before, after, and what routing.yaml becomes -----------------------------

CORPUS: dict[str, tuple[str, str, str | None]] = {
    "comments go where their keys go": (
        "---\nname: a  # the name\n# about the description\ndescription: D\nmodel:   # ours\n"
        "  # what it wants\n  preferred: haiku   # cheap\n\n  acceptable:   # both\n    - haiku\n    # and\n"
        "    - sonnet\n# about the license\nlicense: MIT\n---\nBody\n",
        "---\nname: a  # the name\n# about the description\ndescription: D\n"
        "# about the license\nlicense: MIT\n"
        "metadata:\n  # ours\n  # what it wants\n  tierwise.preferred: haiku # cheap\n  # and\n"
        '  tierwise.acceptable: "haiku sonnet" # both\n---\nBody\n',
        None,
    ),
    "CRLF, a BOM and no newline at the end stay": (
        "\ufeff---\r\nname: a\r\nmodel: {preferred: haiku}\r\ndescription: D\r\n---\r\nBody  \r\n\r\nEnd",
        "\ufeff---\r\nname: a\r\ndescription: D\r\nmetadata:\r\n  tierwise.preferred: haiku\r\n---\r\n"
        "Body  \r\n\r\nEnd",
        None,
    ),
    "odd indentation stays, and metadata is continued in its own": (
        "---\nname: a\ndescription: >-\n      folded\n      text\nmetadata:\n     author: me   # who\n"
        'model:\n        preferred: "opus"\n        effort: low\nlicense: MIT\n---\n',
        "---\nname: a\ndescription: >-\n      folded\n      text\nmetadata:\n     author: me   # who\n"
        "     tierwise.preferred: opus\n     tierwise.effort: low\nlicense: MIT\n---\n",
        None,
    ),
    "what nests goes to routing.yaml as it was written": (
        "---\nname: a\ndescription: D\nmodel:\n  preferred: opus\n  conditions:\n    # known ones\n"
        '    - when: "a # b"   # quoted\n      downgrade_to: sonnet\n\n'
        "    - when: |\n        two\n        lines\n"
        "      hold_at: opus\n  minimum: sonnet\n---\n",
        "---\nname: a\ndescription: D\nmetadata:\n  tierwise.preferred: opus\n"
        "  tierwise.minimum: sonnet\n---\n",
        'conditions:\n  # known ones\n  - when: "a # b"   # quoted\n    downgrade_to: sonnet\n\n  - when: |\n'
        "      two\n      lines\n    hold_at: opus\n",
    ),
    "a plain word is the preferred tier": (
        "---\nname: a\nmodel: claude-sonnet-5-5  # good enough\ndescription: D\n---\n# A\n",
        "---\nname: a\ndescription: D\nmetadata:\n"
        '  tierwise.preferred: "claude-sonnet-5-5" # good enough\n---\n# A\n',
        None,
    ),
    "ranges and flags become text": (
        "---\nname: a\ndescription: D\nmodel:\n  preferred: haiku\n  allow_upgrade: false # never\n"
        "  estimated_tokens:\n    input: 2000-5000 # a page\n    tool_calls: 3\n---\n",
        "---\nname: a\ndescription: D\nmetadata:\n  tierwise.preferred: haiku\n"
        '  tierwise.allow_upgrade: "false" # never\n  # a page\n'
        '  tierwise.estimated_tokens.input: "2000-5000"\n'
        '  tierwise.estimated_tokens.tool_calls: "3"\n---\n',
        None,
    ),
    "a weaker word in the metadata gives way": (
        "---\nname: a\ndescription: D\nmetadata:\n  tierwise.preferred: opus\n"
        "model:\n  preferred: haiku\n---\n",
        "---\nname: a\ndescription: D\nmetadata:\n  tierwise.preferred: haiku\n---\n",
        None,
    ),
    "a stronger word in the metadata stands": (
        "---\nname: a\ndescription: D\nmetadata:\n  tierwise.preferred: opus\nmodel: haiku\n---\n",
        "---\nname: a\ndescription: D\nmetadata:\n  tierwise.preferred: opus\n---\n",
        None,
    ),
    "a misspelt key moves with its mistake": (
        "---\nname: a\ndescription: D\nmodel:\n  prefered: haiku\n  minimum: haiku\n---\n",
        "---\nname: a\ndescription: D\nmetadata:\n  tierwise.prefered: haiku\n"
        "  tierwise.minimum: haiku\n---\n",
        None,
    ),
}


@pytest.mark.parametrize(("before", "after", "sidecar"), CORPUS.values(), ids=list(CORPUS))
def test_the_block_moves_and_nothing_else(before: str, after: str, sidecar: str | None) -> None:
    done = portable(before, None, WORDS)
    assert done.text == after
    assert done.sidecar == sidecar


@pytest.mark.parametrize(("before", "after", "sidecar"), CORPUS.values(), ids=list(CORPUS))
def test_what_was_moved_is_not_moved_again(before: str, after: str, sidecar: str | None) -> None:
    done = portable(after, sidecar, WORDS)
    assert (done.text, done.sidecar) == (after, sidecar)


UNTOUCHED = [
    "---\nname: a\ndescription: D\n---\n",
    "---\nname: a\nmodel: inherit\n---\n",
    "---\nname: a\nmodel:\n---\n",
    "---\nname: a\nmetadata: {tierwise.preferred: haiku}\n---\n",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_a_page_without_a_block_to_move_stays_as_it_is(text: str) -> None:
    assert portable(text, None, WORDS).text == text


REFUSED = {
    "a key twice": ("model:\n  minimum: haiku\n  minimum: opus\n", None),
    "an alias": ("x: &a haiku\nmodel: {preferred: *a, conditions: [{when: x, hold_at: *a}]}\n", None),
    "nested braces": ("model: {preferred: opus, conditions: [{when: x, hold_at: opus}]}\n", None),
    "braces with a comment": ("model: {preferred: opus} # why\n", None),
    "a comment with metadata in braces": ("metadata: {a: b}\nmodel:\n  preferred: opus # why\n", None),
    "conditions in both": (
        "model:\n  conditions:\n    - {when: x, hold_at: opus}\n",
        "conditions:\n  - {when: y, hold_at: opus}\n",
    ),
    "metadata that is a word": ("metadata: x\nmodel: {preferred: opus}\n", None),
}


@pytest.mark.parametrize(("head", "sidecar"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_moved_safely_is_refused_with_a_remedy(head: str, sidecar: str | None) -> None:
    with pytest.raises(UneditableError) as refused:
        portable(f"---\nname: a\n{head}---\n", sidecar, WORDS)
    assert refused.value.remedy


def test_conditions_join_a_sidecar_that_has_none() -> None:
    text = "---\nname: a\nmodel:\n  conditions:\n    - {when: x, hold_at: opus}\n---\n"
    done = portable(text, "# mine\nminimum: haiku", WORDS)
    assert done.sidecar == "# mine\nminimum: haiku\nconditions:\n  - {when: x, hold_at: opus}\n"


def test_what_the_validator_will_refuse_is_said_beforehand() -> None:
    text = "\ufeff---\nname: a\ndescription: D\ncontext: fork\nallowed-tools: [Read]\n---\n"
    assert list(refusals(text)) == [
        "the validator knows no key `context`",
        "the validator reads no brackets or braces, as in `allowed-tools`",
        "the validator reads no byte order mark",
    ]


# -- for every block ---------------------------------------------------------------------------------------

TIERS = st.sampled_from(BUILT_IN.rungs)
RANGES = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)).map(lambda pair: TokenRange(*sorted(pair)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).map(str.strip).filter(bool)
CONDITIONS = st.builds(
    lambda when, to, hold, match: Condition(when, None if hold else to, to if hold else None, tuple(match)),
    TEXTS,
    TIERS,
    st.booleans(),
    st.lists(TEXTS, max_size=2),
)
BLOCKS = st.builds(
    Routing,
    preferred=st.none() | TIERS,
    acceptable=st.none() | st.lists(TIERS, min_size=1, unique=True).map(tuple),
    minimum=st.none() | TIERS,
    allow_upgrade=st.none() | st.booleans(),
    allow_downgrade=st.none() | st.booleans(),
    reasoning_demand=st.none() | st.sampled_from(Demand),
    conditions=st.none() | st.lists(CONDITIONS, min_size=1, max_size=3).map(tuple),
    estimated_tokens=st.none()
    | st.builds(EstimatedTokens, *[st.none() | RANGES] * 4).filter(lambda each: each != EstimatedTokens()),
    effort=st.none() | st.sampled_from(["low", "medium", "high", "xhigh", "max"]),
    effort_first=st.none() | st.booleans(),
    role=st.none() | st.sampled_from(Role),
).filter(lambda block: block != Routing())


def written(routing: Routing) -> dict[str, Any]:
    """The block as a person would write it, as plain values."""
    said: dict[str, Any] = {}
    for key in Routing.__slots__:
        value = getattr(routing, key)
        if key == "conditions" and value:
            said[key] = [_condition(each) for each in value]
        elif key == "acceptable" and value:
            said[key] = [tier.name for tier in value]
        elif key == "estimated_tokens" and value:
            names = [name for name in EstimatedTokens.__slots__ if getattr(value, name)]
            spans = [getattr(value, name) for name in names]
            said[key] = {name: f"{s.low}-{s.high}" for name, s in zip(names, spans, strict=True)}
        elif value is not None:
            said[key] = value if isinstance(value, bool) else str(value)
    return said


def _condition(condition: Condition) -> dict[str, Any]:
    target = (
        {"hold_at": condition.hold_at.name}
        if condition.hold_at
        else {"downgrade_to": str(condition.downgrade_to)}
    )
    return {"when": condition.when, **target} | ({"match": list(condition.match)} if condition.match else {})


def as_yaml(values: dict[str, Any], indent: str = "  ") -> str:
    """Block style; strings in quotes, with escapes that YAML shares with JSON."""
    lines = []
    for key, value in values.items():
        if key == "conditions":
            lines.append(f"{indent}conditions:")
            for each in value:
                first, *rest = (f"{name}: {quoted(item)}" for name, item in each.items())
                lines += [f"{indent}  - {first}", *(f"{indent}    {line}" for line in rest)]
        elif isinstance(value, dict):
            lines += [f"{indent}{key}:", *(f"{indent}  {name}: {item}" for name, item in value.items())]
        else:
            lines.append(f"{indent}{key}: {json.dumps(value)}")
    return "".join(f"{line}\n" for line in lines)


def quoted(value: object) -> str:
    """JSON, with what lies beyond 16 bits as YAML escapes it."""
    if isinstance(value, list):
        return f"[{', '.join(map(quoted, value))}]"
    beyond = re.sub(r"[^\x20-\x7e]", lambda char: f"\\U{ord(char[0]):08X}", str(value).replace("\\", "\\\\"))
    return '"' + beyond.replace('"', '\\"') + '"'


def read(text: str, sidecar: str | None) -> Routing | None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "SKILL.md").write_bytes(text.encode())
        if sidecar is not None:
            (Path(folder) / "routing.yaml").write_bytes(sidecar.encode())
        return read_skill(Path(folder)).routing


@settings(max_examples=40)
@given(BLOCKS, st.sampled_from(["\n", "\r\n"]))
def test_whatever_the_block_says_it_says_after_it_was_moved(block: Routing, newline: str) -> None:
    source = f"---\nname: a\ndescription: D\nmodel:\n{as_yaml(written(block))}---\n# A\n".replace(
        "\n", newline
    )
    assert read(source, None) == block
    done = portable(source, None, WORDS)
    assert read(done.text, done.sidecar) == block
    assert "\nmodel:" not in done.text
    assert done.text.endswith(f"---{newline}# A{newline}")
    again = portable(done.text, done.sidecar, WORDS)
    assert (again.text, again.sidecar) == (done.text, done.sidecar)


@settings(max_examples=40)
@given(BLOCKS)
def test_whatever_is_written_down_reads_back_the_same(block: Routing) -> None:
    lines = metadata_lines(metadata_of(block))
    text = "\n".join(["---", "name: a", *(lines if len(lines) > 1 else []), "---", ""])
    assert read(text, sidecar_of(block)) == block
    assert routing_in(text, sidecar_of(block), WORDS) == block


@settings(max_examples=100)
@given(st.text(max_size=120), st.none() | st.text(max_size=40))
def test_whatever_the_head_holds_it_is_moved_safely_or_refused(head: str, sidecar: str | None) -> None:
    text = f"---\nname: a\nmodel:\n  preferred: haiku\n{head}\n---\nB"
    try:
        done = portable(text, sidecar, WORDS)
    except UneditableError:
        return
    assert routing_in(done.text, done.sidecar, WORDS) == routing_in(text, sidecar, WORDS)
    assert done.text.endswith("---\nB")
