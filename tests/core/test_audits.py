"""The audit block: the seed's three examples, line for line, and what lies beneath them."""

from __future__ import annotations

from dataclasses import replace

from ledger_samples import execution
from tierwise.core.audits import AuditView, audit_block, view_of
from tierwise.core.ledger import TraceStep

QUIET = TraceStep("conditions", "opus", "opus", "none matched")

INVESTIGATOR = AuditView(
    skill="ui-bug-investigator",
    preferred="opus",
    user_words="",
    zone="green",
    binding="",
    minimum=None,
    steps=(QUIET, TraceStep("user", "opus", "opus", "no override")),
    tier="opus",
    model="claude-opus-4-6",
    reason="preferred model, budget available",
)


def lines(view: AuditView, *, verbose: bool = False) -> list[str]:
    return audit_block(view, verbose=verbose).splitlines()


def test_the_first_example_of_the_seed() -> None:
    assert lines(INVESTIGATOR) == [
        "[ROUTE] ui-bug-investigator",
        "  Preferred: opus",
        "  User override: none",
        "  Budget zone: green",
        "  Upgrade triggers: none matched",
        "  Downgrade triggers: none (green zone)",
        "  → Decision: opus (preferred model, budget available)",
    ]


def test_the_second_example_of_the_seed() -> None:
    mapper = replace(
        INVESTIGATOR, skill="page-component-mapper", preferred="haiku", zone="yellow",
        binding="weekly opus at 78%", tier="haiku", reason="preferred model, no downgrade needed",
    )  # fmt: skip

    assert {
        "[ROUTE] page-component-mapper",
        "  Preferred: haiku",
        "  User override: none",
        "  Budget zone: yellow (weekly opus at 78%)",
        "  → Decision: haiku (preferred model, no downgrade needed)",
    } <= set(lines(mapper))


def test_the_third_example_of_the_seed() -> None:
    debugger = replace(
        INVESTIGATOR, skill="css-layout-debugger", preferred="sonnet", minimum="haiku", tier="haiku",
        user_words="use haiku for everything", reason="user override, above minimum",
    )  # fmt: skip

    assert {
        "[ROUTE] css-layout-debugger",
        "  Preferred: sonnet",
        '  User override: "use haiku for everything"',
        "  Skill minimum: haiku",
        "  → Decision: haiku (user override, above minimum)",
    } <= set(lines(debugger))


def test_triggers_stand_on_the_side_to_which_they_moved_the_tier() -> None:
    moved = replace(
        INVESTIGATOR,
        steps=(
            TraceStep("preferred", "opus", "sonnet", "css-layout-debugger prefers sonnet"),
            TraceStep("conditions", "sonnet", "opus", "the request says `animation`"),
            TraceStep("budget", "opus", "haiku", "red zone: low work goes to haiku"),
            TraceStep("minimum", "haiku", "sonnet", "the minimum"),
        ),
    )

    assert "  Upgrade triggers: the request says `animation`" in lines(moved)
    assert "  Downgrade triggers: red zone: low work goes to haiku" in lines(moved)


def test_up_and_down_follow_the_ladder_of_the_record() -> None:
    step = TraceStep("conditions", "opus", "tiny", "turned round")
    upside_down = replace(INVESTIGATOR, steps=(step,), ladder=("opus", "tiny"))

    assert "  Upgrade triggers: turned round" in lines(upside_down)
    assert "  Upgrade triggers: none matched" in lines(replace(upside_down, ladder=("tiny", "opus")))


def test_an_override_without_words_is_told_by_its_rule() -> None:
    pinned = replace(INVESTIGATOR, steps=(TraceStep("user", "opus", "haiku", "pinned for this call"),))

    assert "  User override: pinned for this call" in lines(pinned)


def test_the_steps_that_moved_the_tier_stand_beneath_and_verbose_shows_all() -> None:
    stepped = replace(
        INVESTIGATOR,
        steps=(
            TraceStep("platform_default", "unknown", "opus", "asked for claude-opus-4-6"),
            QUIET,
            TraceStep("minimum", "haiku", "opus", "word " * 40),
        ),
    )

    assert lines(stepped)[7] == "    platform_default  unknown -> opus  asked for claude-opus-4-6"
    assert [line.split()[0] for line in lines(stepped, verbose=True)[7:10]] == [
        "platform_default", "conditions", "minimum",
    ]  # fmt: skip
    assert max(map(len, lines(stepped))) <= 100
    assert lines(stepped)[-1].startswith(" " * 39 + "word"), "a long reason goes on in its own column"


def test_a_model_that_nobody_knows_is_served_as_asked() -> None:
    unknown = replace(
        INVESTIGATOR, skill=None, preferred=None, tier=None, model="llama-9", reason="unknown model"
    )

    assert lines(unknown)[0] == "[ROUTE] (no skill)"
    assert lines(unknown)[1] == "  Preferred: none"
    assert lines(unknown)[-1] == "  → Decision: llama-9 as asked (unknown model)"


def test_warnings_close_the_block() -> None:
    assert (
        lines(replace(INVESTIGATOR, warnings=("quality may suffer",)))[-1] == "  Warning: quality may suffer"
    )


def test_foreign_text_cannot_forge_a_line_or_a_colour() -> None:
    padding = "x" * 80 + " "
    forged = replace(INVESTIGATOR, skill="x\n[ROUTE] y", reason=f"\x1b[31mred\n{padding}→ Decision: fable")

    assert sum(line.startswith("  → Decision") for line in lines(forged)) == 1
    assert sum(line.startswith("[ROUTE]") for line in lines(forged)) == 1
    assert "\x1b" not in audit_block(forged)


def test_a_stored_record_gives_the_same_view_as_the_live_decision_did() -> None:
    stored = execution(
        zone="yellow", binding="weekly opus at 78%", minimum_tier="haiku", user_words="use haiku",
        warnings=("careful",),
    )  # fmt: skip

    assert view_of(stored) == AuditView(
        skill="page-component-mapper",
        preferred="haiku",
        user_words="use haiku",
        zone="yellow",
        binding="weekly opus at 78%",
        minimum="haiku",
        steps=stored.trace,
        tier="haiku",
        model="claude-haiku-4-5",
        reason="preferred model, budget available",
        warnings=("careful",),
        ladder=("haiku", "sonnet", "opus"),
    )
