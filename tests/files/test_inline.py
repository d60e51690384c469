"""Inline overrides: every phrase of the table is understood, nothing else is, and nothing ever raises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tierwise.core.tiers import BUILT_IN, ladder_of
from tierwise.files.inline import INSPECTED_CHARS, NOTHING, Inline, parse_prompt, strip_harness

SCENARIOS = Path(__file__).parents[1] / "scenarios"
TABLE = SCENARIOS / "inline.yaml"


def phrases() -> Iterator[tuple[str, Inline]]:
    """The table as (what is said, what it orders)."""
    table: dict[str, Any] = YAML(typ="safe", pure=True).load(TABLE)
    for kind in ("tier", "force", "negated"):
        for name, said in table[kind].items():
            tier = BUILT_IN[name]
            for say in said:
                yield say, Inline(**{kind: (tier,) if kind == "negated" else tier})
    for row in table["mixed"]:
        yield (
            row["say"],
            Inline(
                tier=BUILT_IN[row["tier"]] if "tier" in row else None,
                force=BUILT_IN[row["force"]] if "force" in row else None,
                negated=tuple(BUILT_IN[name] for name in row.get("negated", ())),
                waive_minimum=row.get("waive_minimum", False),
            ),
        )
    for say in table["nothing"]:
        yield say, NOTHING


@pytest.mark.parametrize(
    ("say", "expected"), list(phrases()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_prompt_orders_what_the_table_says(say: str, expected: Inline) -> None:
    got = parse_prompt(say, BUILT_IN)
    said = (got.tier, got.force, got.negated, got.waive_minimum)
    assert said == (expected.tier, expected.force, expected.negated, expected.waive_minimum), got.words
    assert bool(got.words) is (expected != NOTHING)


def in_languages() -> Iterator[tuple[str, str]]:
    table: dict[str, Any] = YAML(typ="safe", pure=True).load(SCENARIOS / "inline_languages.yaml")
    return ((row["say"], row["orders"]) for rows in table.values() for row in rows)


def in_short(said: Inline) -> str:
    tier = said.tier or said.force
    orders = [tier.name] if tier else []
    orders += [f"not {tier}" for tier in said.negated] + ["waive"] * said.waive_minimum
    return "+".join(orders) or "none"


@pytest.mark.parametrize(("say", "orders"), list(in_languages()))
def test_tier_words_are_understood_in_any_languages_sentence(say: str, orders: str) -> None:
    assert in_short(parse_prompt(say, BUILT_IN)) == orders


def test_everything_means_every_skill_in_other_languages_too() -> None:
    for say in (
        "全部用haiku跑。",
        "Запусти всё на haiku.",
        "Her şeyi haiku ile çalıştır.",
        "Kör allt på haiku.",
    ):
        assert parse_prompt(say, BUILT_IN).force == BUILT_IN["haiku"], say


def test_an_inflected_name_is_told_with_its_ending() -> None:
    assert parse_prompt("Älä käytä opusta tähän!", BUILT_IN).words == "Älä käytä opusta"
    assert parse_prompt("まず opus を使ってください。", BUILT_IN).words == "opus を使ってください"


def test_the_words_are_told_as_they_were_written() -> None:
    assert parse_prompt("Debug it, USING  Claude Sonnet!", BUILT_IN).words == "USING Claude Sonnet"
    assert parse_prompt("Run everything on haiku — please", BUILT_IN).words == "everything on haiku"
    assert parse_prompt("(use haiku for everything)", BUILT_IN).words == "use haiku for everything"
    assert parse_prompt("Don't use opus, use sonnet and Ignore Minimum.", BUILT_IN).words == (
        "Don't use opus; use sonnet; Ignore Minimum"
    )
    assert parse_prompt("fix it @tier:opus", BUILT_IN).words == "@tier:opus"


MODELS = {
    "claude-opus-4-6": "opus",
    "gpt-5.1-codex-mini": "haiku",
    "gpt-5.1-codex": "sonnet",
    "other-9": "elsewhere",
}


@pytest.mark.parametrize(
    ("say", "tier"),
    [
        ("use claude-opus-4-6 for this", "opus"),
        ("Debug this using gpt-5.1-codex.", "sonnet"),
        ("debug this using `gpt-5.1-codex-mini`", "haiku"),
        ("@tier:claude-opus-4-6 fix it", "opus"),
        ("add claude-opus-4-6 to the table", None),
        ("use gpt-5.1-codex-max", None),
        ("use other-9", None),
        ("fix src/claude-opus-4-6/index.ts", None),
    ],
)
def test_a_concrete_model_is_read_as_its_tier_if_the_catalog_knows_it(say: str, tier: str | None) -> None:
    assert parse_prompt(say, BUILT_IN, MODELS.get).tier == (tier and BUILT_IN[tier])
    if "claude" in say or "gpt" in say:
        assert parse_prompt(say, BUILT_IN) == NOTHING


def test_a_ladder_of_ones_own_is_understood_by_its_own_words() -> None:
    ladder = ladder_of(("Luna", "terra", "sol"))
    assert parse_prompt("Debug this using luna", ladder).tier == ladder["Luna"]
    assert parse_prompt("run everything on Sol", ladder).force == ladder["sol"]
    assert parse_prompt("use the heavy tier", ladder).tier == ladder["sol"]
    assert parse_prompt("use opus", ladder) == NOTHING


@pytest.mark.parametrize(
    "say", ["use fast sorting", "fix it with fast retries", "use fast", "on fast, please"]
)
def test_a_rung_with_an_everyday_name_must_be_called_a_tier(say: str) -> None:
    ladder = ladder_of(("fast", "smart"))
    assert parse_prompt(say, ladder) == NOTHING
    assert parse_prompt("use the fast tier", ladder).tier == ladder["fast"]
    assert parse_prompt("@tier:fast", ladder).tier == ladder["fast"]


def test_what_the_client_wrote_is_stripped_and_what_the_user_typed_stays() -> None:
    text = (
        "<system-reminder>\nremember\n</system-reminder>fix it"
        "<command-name>/skill</command-name><command-args>the cart</command-args>"
        "<local-command-stdout>out</local-command-stdout><div>kept</div><System-Reminder>open"
    )
    assert strip_harness(text).split() == ["fix", "it", "the", "cart", "<div>kept</div>"]
    assert strip_harness("Base directory for this skill: /x\n\nbody") == ""
    assert strip_harness("mine\nBase directory for this skill: /x\n\nuse opus") == "mine"


@pytest.mark.parametrize(
    "say",
    [
        "> <system-reminder>x</system-reminder>use opus\nFix it.",
        "> <command-args>use opus</command-args>\nFix it.",
        'It says "<bash-stdout>x</bash-stdout> use opus", fix it.',
        "It says `<tool_result>x</tool_result> use opus`, fix it.",
    ],
)
def test_a_quotation_does_not_end_where_a_client_wrote_into_it(say: str) -> None:
    """Found by fuzzing: the element became a line's end, and what followed it the user's own line."""
    assert parse_prompt(say, BUILT_IN) == NOTHING


@given(st.text())
def test_nothing_ever_raises(text: str) -> None:
    parse_prompt(text, BUILT_IN, MODELS.get)


FRAGMENTS = st.sampled_from(
    """use opus haiku sonnet fable don't not run everything on with using for the tier model please ignore
    minimum light heavy @tier:opus @tier: if ? . , ¶ - — ( ) ` " > and or but then no without code `use opus`
    <system-reminder> İ <command-args> ``` can you should I is enough codec poem 4.6 mit für""".split()
)


@given(st.lists(FRAGMENTS, max_size=30).map(" ".join).map(lambda text: text.replace("¶", "\n")))
def test_whatever_is_made_of_the_grammars_own_words_is_answered_soundly(text: str) -> None:
    said = parse_prompt(text, BUILT_IN)
    assert said.tier not in said.negated
    assert said.force not in said.negated
    assert len(set(said.negated)) == len(said.negated)
    assert bool(said.words) is (said != NOTHING)
    if not any(word in text.lower() for word in (*BUILT_IN.words(), "minimum")):
        assert said == NOTHING


@given(st.text(alphabet=st.characters(exclude_characters="oslhfOSLHF"), max_size=200))
def test_a_prompt_without_a_tiers_word_orders_nothing(text: str) -> None:
    """No tier of the built-in ladder, and no alias of one, can be spelled without these letters."""
    assert parse_prompt(text, BUILT_IN).tier is None
    assert parse_prompt(text, BUILT_IN).negated == ()


@pytest.mark.parametrize(
    "piece",
    [
        "use opus, ",
        "use opus and ",
        "please ",
        "and then ",
        '"',
        "`",
        "```",
        "<system-reminder>",
        "the ",
        "a-b ",
        "\n",
        "(",
        "¶ ",
    ],
)
@pytest.mark.timeout(10)
def test_a_hostile_prompt_is_read_to_its_end(piece: str) -> None:
    """64 mentions with full sentences around them are the worst that is looked at; a hang times out."""
    prompt = f"use {piece * (INSPECTED_CHARS // len(piece))} opus"
    said = parse_prompt(prompt[: INSPECTED_CHARS - 10] + " use opus", BUILT_IN, MODELS.get)

    assert said.tier in (None, BUILT_IN["opus"])
