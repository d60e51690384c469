from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierwise.core.skills import Demand, Role, Routing, Trigger
from tierwise.core.tiers import BUILT_IN, ladder_of
from tierwise.files.provenance import overlay
from tierwise.files.skill_files import SkillFile, read_skill

HAIKU, SONNET, OPUS, _ = BUILT_IN.rungs
FIXTURES = Path(__file__).parent.parent / "fixtures" / "skills" / "frontend-qa"


def skill(folder: Path, text: str, sidecar: str | None = None) -> SkillFile:
    (folder / "SKILL.md").write_text(text, encoding="utf-8")
    if sidecar is not None:
        (folder / "routing.yaml").write_text(sidecar, encoding="utf-8")
    return read_skill(folder)


def test_the_seeds_mapper_is_read_whole() -> None:
    file = read_skill(FIXTURES / "skills" / "page-component-mapper")
    assert (file.name, file.usable, file.findings) == ("page-component-mapper", True, ())
    assert file.description == "Traces the imports of a page and draws the tree of its components."
    assert (file.skill.preferred, file.skill.acceptable, file.skill.minimum) == (
        HAIKU,
        (HAIKU, SONNET),
        HAIKU,
    )
    assert file.skill.demand is Demand.LOW
    assert file.folder == FIXTURES / "skills" / "page-component-mapper"
    line = file.provenance["reasoning_demand"].line
    assert "reasoning_demand" in file.path.read_text().splitlines()[line - 1]


def test_the_seeds_investigator_brings_its_adaptations_and_conditions() -> None:
    file = read_skill(FIXTURES / "skills" / "ui-bug-investigator" / "SKILL.md")
    assert [(c.downgrade_to, c.hold_at) for c in file.skill.conditions] == [(SONNET, None), (None, OPUS)]
    assert [pair for pair, _ in file.skill.adaptations] == [("opus", "sonnet")]


def test_the_seeds_coordinator_is_a_coordinator_with_its_rows() -> None:
    file = read_skill(FIXTURES)
    assert file.skill.role is Role.COORDINATOR
    assert [row.skill for row in file.rows] == ["page-component-mapper", "ui-bug-investigator"]


@pytest.mark.parametrize(
    ("text", "preferred", "home", "key"),
    [
        ("---\nname: x\nmodel:\n  preferred: opus\n---\n", OPUS, "frontmatter", "model.preferred"),
        ("---\nname: x\nmodel: opus\n---\n", OPUS, "string", "model"),
        (
            "---\nmetadata:\n  tierwise.preferred: opus\n---\n",
            OPUS,
            "metadata",
            "metadata.tierwise.preferred",
        ),
        (
            "---\nmetadata:\n  tierwise:\n    preferred: opus\n---\n",
            OPUS,
            "metadata",
            "metadata.tierwise.preferred",
        ),
    ],
)
def test_every_home_is_read_and_named(
    tmp_path: Path, text: str, preferred: object, home: str, key: str
) -> None:
    file = skill(tmp_path, text)
    place = file.provenance["preferred"]
    assert file.findings == ()
    assert (file.skill.preferred, place.home, place.key) == (preferred, home, key)
    assert "opus" in text.splitlines()[place.line - 1]


@pytest.mark.parametrize("sidecar", ["preferred: haiku\n", "model:\n  preferred: haiku\n", "model: haiku\n"])
def test_a_sidecar_beats_the_frontmatter_key_by_key(tmp_path: Path, sidecar: str) -> None:
    file = skill(tmp_path, "---\nmodel:\n  preferred: opus\n  reasoning_demand: low\n---\n", sidecar)
    assert file.routing == Routing(preferred=HAIKU, reasoning_demand=Demand.LOW)
    assert file.provenance["preferred"].home == "sidecar"
    assert file.provenance["preferred"].path == str(tmp_path / "routing.yaml")
    assert file.provenance["reasoning_demand"].home == "frontmatter"
    assert file.sources == (tmp_path / "SKILL.md", tmp_path / "routing.yaml")


def test_the_frontmatter_beats_metadata_and_metadata_beats_a_plain_string(tmp_path: Path) -> None:
    mapped = skill(
        tmp_path,
        "---\nmetadata: {tierwise.preferred: haiku, tierwise.effort: low}\nmodel: {preferred: opus}\n---\n",
    )
    assert mapped.routing == Routing(preferred=OPUS, effort="low")
    plain = skill(tmp_path, "---\nmodel: opus\nmetadata: {tierwise.preferred: haiku}\n---\n")
    assert plain.routing == Routing(preferred=HAIKU)


def test_flat_metadata_can_say_all_but_conditions(tmp_path: Path) -> None:
    file = skill(
        tmp_path,
        """---
name: portable
description: A skill that the Agent Skills validator accepts.
metadata:
  author: somebody
  tierwise.preferred: sonnet
  tierwise.acceptable: "haiku sonnet"
  tierwise.minimum: haiku
  tierwise.allow_upgrade: "false"
  tierwise.reasoning_demand: medium
  tierwise.estimated_tokens.input: "2000-5000"
  tierwise.estimated_tokens.output: "500-1500"
---
""",
    )
    assert file.findings == ()
    assert file.skill.acceptable == (HAIKU, SONNET)
    assert file.skill.allow_upgrade is False
    assert file.routing is not None
    assert file.routing.estimated_tokens is not None
    assert file.routing.estimated_tokens.input is not None
    assert file.provenance["estimated_tokens.output"].line == 12


def test_a_stronger_homes_conditions_replace_the_weaker_ones_whole(tmp_path: Path) -> None:
    text = "---\nmodel:\n  conditions:\n    - {when: a, hold_at: opus}\n    - {when: b, hold_at: opus}\n---\n"
    file = skill(tmp_path, text, "conditions:\n  - {when: c, hold_at: opus}\n")
    assert file.routing is not None
    assert [c.when for c in file.routing.conditions or ()] == ["c"]
    assert set(file.provenance) == {"conditions", "conditions[0]"}


@pytest.mark.parametrize(
    "text",
    [
        "# Only a body\n",
        "---\nname: x\ndescription: y\n---\n",
        "---\nname: x\nmodel: inherit\n---\n",
        "---\nname: x\nmodel:\n---\n",
        "---\nname: x\nmodel: {}\n---\n",
        "---\nname: x\neffort: low\n---\n",
        "---\nmodel: an-unknown-model\n---\n",
        "",
    ],
)
def test_a_skill_that_says_nothing_readable_is_undeclared(tmp_path: Path, text: str) -> None:
    file = skill(tmp_path, text)
    assert file.routing is None
    assert file.skill.declared is False
    assert file.skill.preferred is None


def test_an_unknown_model_is_told_and_never_guessed(tmp_path: Path) -> None:
    file = skill(tmp_path, "---\nname: x\nmodel: gpt-5.1-codex-minimal\n---\n")
    assert [(f.rule, f.key, f.line) for f in file.findings] == [("unknown-tier", "model", 3)]


def test_a_model_id_counts_as_its_tier_if_somebody_knows_it(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("---\nmodel: claude-haiku-5-5\n---\n")
    file = read_skill(tmp_path, tier_of_model={"claude-haiku-5-5": "haiku"}.get)
    assert file.skill.preferred == HAIKU


def test_an_alias_with_the_wide_window_is_its_tier(tmp_path: Path) -> None:
    file = skill(tmp_path, "---\nmodel: sonnet[1m]\n---\n")
    assert (file.skill.preferred, file.findings) == (SONNET, ())


@pytest.mark.parametrize("model", ["Claude Sonnet 4.5 (copilot)", "GPT-4.1", "[GPT-4.1, GPT-5]"])
def test_copilots_own_agents_may_name_models_as_copilot_shows_them(tmp_path: Path, model: str) -> None:
    (tmp_path / "x.agent.md").write_text(f"---\nname: x\nmodel: {model}\n---\n", encoding="utf-8")
    (tmp_path / "x.md").write_text(f"---\nname: x\nmodel: {model}\n---\n", encoding="utf-8")
    assert read_skill(tmp_path / "x.agent.md").findings == ()
    assert read_skill(tmp_path / "x.md").findings
    (tmp_path / "y.agent.md").write_text("---\nname: y\nmodel: haiku\n---\n", encoding="utf-8")
    assert read_skill(tmp_path / "y.agent.md").skill.preferred == HAIKU


def test_tiers_are_read_against_the_ladder_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("---\nmodel: large\n---\n")
    ladder = ladder_of(("small", "large"))
    assert read_skill(tmp_path, ladder).skill.preferred == ladder["large"]


def test_a_skill_is_called_after_its_folder_and_an_agent_after_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "my-skill"
    folder.mkdir()
    assert skill(folder, "# Body\n").name == "my-skill"
    agent = tmp_path / "reviewer.md"
    agent.write_text("---\nmodel: sonnet\n---\n")
    assert (read_skill(agent).name, read_skill(agent).skill.preferred) == ("reviewer", SONNET)


def test_a_sidecar_is_the_skills_and_not_the_agents(tmp_path: Path) -> None:
    (tmp_path / "reviewer.md").write_text("---\nmodel: sonnet\n---\n")
    (tmp_path / "routing.yaml").write_text("preferred: haiku\n")
    assert read_skill(tmp_path / "reviewer.md").skill.preferred == SONNET


@pytest.mark.parametrize("name", ['"\\e[2J"', '""', "x" * 500])
def test_a_name_that_could_do_harm_is_not_taken(tmp_path: Path, name: str) -> None:
    file = skill(tmp_path, f"---\nname: {name}\n---\n")
    assert file.name == tmp_path.name
    assert [(f.rule, f.line) for f in file.findings] == [("bad-name", 2)]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("---\nname: x\n---\n", Role.SPECIALIST),
        ("---\nname: frontend-qa-coordinator\n---\n", Role.COORDINATOR),
        ("---\nname: x\n---\n| Skill | Default Tier |\n|---|---|\n| a | haiku |\n", Role.COORDINATOR),
        ("---\nname: x-coordinator\nmodel: {role: auxiliary}\n---\n", Role.AUXILIARY),
        (
            "---\nname: x\n---\n```\n| Skill | Default Tier |\n|---|---|\n| a | haiku |\n```\n",
            Role.SPECIALIST,
        ),
    ],
)
def test_the_role_is_the_declared_one_else_what_the_file_shows(tmp_path: Path, text: str, role: Role) -> None:
    assert skill(tmp_path, text).skill.role is role


@pytest.mark.parametrize(
    ("text", "rule", "key"),
    [
        ("---\npreferred: haiku\n---\n", "misplaced-key", "preferred"),
        ("---\nmodle:\n  preferred: haiku\n---\n", "misplaced-key", "modle"),
        ("---\nmodel:\n  prefered: haiku\n---\n", "unknown-key", "model.prefered"),
        ("---\nmodel: [haiku]\n---\n", "not-a-mapping", "model"),
        ("---\nmodel: true\n---\n", "not-a-mapping", "model"),
        ("---\nmetadata: {tierwise.prefered: haiku}\n---\n", "unknown-key", "metadata.tierwise.prefered"),
        (
            "---\nmetadata: {tierwise.effort: low, tierwise: {effort: max}}\n---\n",
            "duplicate-key",
            "metadata.tierwise.effort",
        ),
        (
            "---\nmetadata: {tierwise.estimated_tokens: 1-2, tierwise.estimated_tokens.input: 1-2}\n---\n",
            "duplicate-key",
            "metadata.tierwise.estimated_tokens",
        ),
    ],
)
def test_a_block_in_the_wrong_place_or_shape_is_told(tmp_path: Path, text: str, rule: str, key: str) -> None:
    assert [(f.rule, f.key) for f in skill(tmp_path, text).findings] == [(rule, key)]


@pytest.mark.parametrize(
    "text", ["---\nmetadata: text\n---\n", "---\nmetadata: [a]\n---\n", "---\nmode: dark\n---\n"]
)
def test_what_is_not_ours_is_left_alone(tmp_path: Path, text: str) -> None:
    assert skill(tmp_path, text).findings == ()


def test_an_unusable_file_leaves_an_undeclared_skill_and_the_reason(tmp_path: Path) -> None:
    file = read_skill(tmp_path / "nowhere" / "SKILL.md")
    assert (file.name, file.skill.declared, file.usable) == ("nowhere", False, False)
    broken = skill(tmp_path, "---\nmodel: {preferred: opus\n---\n")
    assert (broken.skill.declared, broken.usable) == (False, False)


def test_a_broken_sidecar_is_told_and_the_skills_own_block_still_counts(tmp_path: Path) -> None:
    file = skill(tmp_path, "---\nmodel: opus\n---\n", "preferred: [haiku\n")
    assert file.skill.preferred == OPUS
    assert [(f.path, f.rule, f.severity) for f in file.findings] == [
        (str(tmp_path / "routing.yaml"), "yaml-syntax", "error")
    ]


def test_a_sidecar_may_be_empty_or_hold_both_spellings(tmp_path: Path) -> None:
    assert skill(tmp_path, "---\nmodel: opus\n---\n", "# nothing yet\n").skill.preferred == OPUS
    both = skill(tmp_path, "# x\n", "model: {preferred: haiku}\neffort: low\n")
    assert both.routing == Routing(preferred=HAIKU, effort="low")


def test_a_row_fills_what_the_skill_leaves_open_and_brings_its_triggers(tmp_path: Path) -> None:
    table = "| Skill | Default Tier | Upgrade Trigger | Downgrade Floor |\n|-|-|-|-|\n"
    table += "| s | sonnet | Big → opus | haiku |\n"
    coordinator = skill(tmp_path, "---\nname: c\n---\n" + table)
    (row,) = coordinator.rows
    silent = skill(tmp_path, "---\nname: s\n---\n").under(coordinator, row)
    assert (silent.skill.declared, silent.skill.preferred, silent.skill.minimum) == (True, SONNET, HAIKU)
    assert silent.skill.triggers == (Trigger("Big", OPUS),)
    told = silent.provenance["minimum"]
    assert (told.home, told.line, told.key) == ("table", 6, "downgrade floor")
    own = skill(tmp_path, "---\nname: s\nmodel: {preferred: opus}\n---\n").under(coordinator, row)
    assert (own.skill.preferred, own.skill.minimum) == (OPUS, HAIKU)
    assert [own.provenance[key].home for key in ("preferred", "minimum")] == ["frontmatter", "table"]


def test_of_very_many_mistakes_the_first_are_told_and_every_error(tmp_path: Path) -> None:
    rows = "".join(f"| s{n} | nope |\n" for n in range(1_500))
    file = skill(tmp_path, "| Skill | Default Tier |\n|---|---|\n" + rows, "preferred: [haiku\n")
    assert [f.rule for f in file.findings if f.severity == "error"] == ["yaml-syntax"]
    assert file.findings[-1].problem == "801 more warnings were left out"
    assert (len(file.rows), len(file.findings)) == (1_000, 202)


def test_an_overlay_wins_where_it_speaks() -> None:
    base = Routing(preferred=HAIKU, minimum=HAIKU, allow_upgrade=True)
    over = Routing(preferred=OPUS, allow_upgrade=False)
    assert overlay(base, over) == Routing(preferred=OPUS, minimum=HAIKU, allow_upgrade=False)


HEADS = st.text(max_size=80) | st.lists(
    st.sampled_from(
        [
            *(
                "name: x\n",
                "name: [1]\n",
                "model: opus\n",
                "model:\n",
                "metadata:\n",
                "x: &b\n",
                "\t",
                "---\n",
            ),
            *(
                "  preferred: haiku\n",
                "  acceptable: [a, *b]\n",
                "  conditions: [{when: 1}, [], {hold_at: {}}]\n",
            ),
            *("  tierwise.preferred: sonnet\n", "  tierwise.a.b.c: 1\n", "  tierwise: {x: [1]}\n", "```\n"),
            *("| Skill | Default Tier |\n|---|---|\n", "| a | nope | x |\n", "## Degradation Adaptations\n"),
            "When running at x instead of opus:\n",
        ]
    ),
    max_size=12,
).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=HEADS, body=HEADS, sidecar=HEADS, fenced=st.booleans())
def test_no_skill_whatever_raises(tmp_path: Path, head: str, body: str, sidecar: str, fenced: bool) -> None:
    text = f"---\n{head}\n---\n{body}" if fenced else head + body
    (tmp_path / "SKILL.md").write_bytes(text.encode("utf-8", "surrogatepass"))
    (tmp_path / "routing.yaml").write_bytes(sidecar.encode("utf-8", "surrogatepass"))
    file = read_skill(tmp_path)
    assert file.skill.declared == (file.routing is not None)
    assert all(finding.rule and finding.problem and finding.remedy for finding in file.findings)
