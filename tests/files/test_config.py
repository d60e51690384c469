"""The configuration: sources merge in their order, provenance is kept, and a project cannot reach too far."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.core.skills import Role, Routing
from tierwise.core.tiers import BUILT_IN
from tierwise.core.zones import EVERYTHING, Scope, Thresholds
from tierwise.files.config import BudgetSpec, Config, config_files, config_of, load_config, merge
from tierwise.files.config_sources import Layer
from tierwise.files.nodes import node_of

HAIKU, SONNET, OPUS, FABLE = (BUILT_IN[name] for name in ("haiku", "sonnet", "opus", "fable"))

SEED_TIERS = """\
tiers:
  haiku:
    claude_code: claude-haiku-4-5
    codex: codex-spark
    description: "Mechanical tasks — file tracing, pattern matching, formatting"
    cost_ratio: 1          # Baseline
  sonnet:
    claude_code: claude-sonnet-4-6
    cost_ratio: 5
  opus:
    claude_code: claude-opus-4-6
    cost_ratio: 25
"""
SEED_BUDGET = """\
budget_zones:
  yellow_threshold: 0.70
  red_threshold: 0.90
defaults:
  coordinator: haiku
  specialist: sonnet
  reference_loading: haiku
  conservation_mode: auto    # off | auto | aggressive
weekly_budget:
  opus_messages: 45          # Approximate weekly Opus message limit
  opus_tokens: null          # Or specify token budget if known
  total_spend: null          # Or specify dollar budget
"""
SEED_SESSION = """\
other: {things: 1}
model_routing:
  force_model: null            # null = use skill preferences, or haiku/sonnet/opus
  conservation_mode: off       # off | auto | aggressive
  skill_overrides:
    page-component-mapper: sonnet   # "I want higher quality mapping today"
    ui-bug-investigator: sonnet     # "I'm okay with sonnet for debugging today"
  yellow_zone_threshold: 0.75
  red_zone_threshold: 0.95
"""
SEED_PROJECT = """\
defaults:
  conservation_mode: auto
  specialist: sonnet
overrides:
  ui-bug-investigator:
    preferred: opus
    minimum: sonnet
    reason: "Complex state management patterns in this codebase require deep reasoning"
  page-component-mapper:
    preferred: haiku
    minimum: haiku
    reason: "Pure import tracing, no reasoning required"
"""
MODELS = {
    "claude-haiku-4-5": "haiku",
    "codex-spark": "haiku",
    "claude-sonnet-4-6": "sonnet",
    "claude-opus-4-6": "opus",
}
PIPELINE, PROJECT, SESSION, CLAUDE, AGENTS = (
    "pipeline/config/model-routing.yaml",
    ".claude/model-routing.yaml",
    ".claude/session-config.yaml",
    "CLAUDE.md",
    "AGENTS.md",
)


def load(tmp_path: Path, files: Mapping[str, str], user: str | None = None) -> Config:
    project, user_file = tmp_path / "project", tmp_path / "home" / "model-routing.yaml"
    project.mkdir(exist_ok=True)
    user_file.parent.mkdir(exist_ok=True)
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    if user is not None:
        user_file.write_text(user, encoding="utf-8")
    return load_config(user_file=user_file, project=project, tier_of_model=MODELS.get)


def rules(config: Config) -> list[tuple[str, int, str]]:
    return [(finding.key, finding.line, finding.rule) for finding in config.findings]


# -- what stands in the seeds ------------------------------------------------------------------------------


def test_without_any_file_the_built_in_values_stand(tmp_path: Path) -> None:
    config = load(tmp_path, {})
    assert config.settings.ladder == BUILT_IN
    assert (config.mode, config.force, config.settings.conservation) == ("enforce", None, "auto")
    assert config.settings.thresholds == Thresholds(0.70, 0.90)
    assert config.settings.platform_default == OPUS
    assert config.settings.user_defaults == {}
    assert config.budgets == config.findings == ()
    assert {entry.source for entry in config.entries} == {"built-in"}
    assert config == load_config(user_file=None, project=None, tier_of_model=MODELS.get)


def test_the_seeds_own_files_are_read_as_they_stand(tmp_path: Path) -> None:
    config = load(
        tmp_path, {PIPELINE: SEED_TIERS + SEED_BUDGET, PROJECT: SEED_PROJECT, SESSION: SEED_SESSION}
    )
    assert config.findings == ()
    assert config.tier_models == {
        "haiku": {"claude_code": "claude-haiku-4-5", "codex": "codex-spark"},
        "sonnet": {"claude_code": "claude-sonnet-4-6"},
        "opus": {"claude_code": "claude-opus-4-6"},
    }
    assert config.cost_ratios == {"haiku": 1, "sonnet": 5, "opus": 25}
    assert config.settings.user_defaults == {
        Role.COORDINATOR: HAIKU, Role.SPECIALIST: SONNET, Role.REFERENCE_LOADING: HAIKU
    }  # fmt: skip
    assert config.budgets == (
        BudgetSpec("weekly opus messages", Scope("tier", "opus"), "weekly", "messages", 45),
        BudgetSpec("weekly opus tokens", Scope("tier", "opus"), "weekly", "tokens", None),
        BudgetSpec("weekly spend", EVERYTHING, "weekly", "usd", None),
    )
    assert config.overrides == {
        "ui-bug-investigator": Routing(preferred=OPUS, minimum=SONNET),
        "page-component-mapper": Routing(preferred=HAIKU, minimum=HAIKU),
    }
    assert config.reasons["page-component-mapper"] == "Pure import tracing, no reasoning required"
    assert config.skill_overrides == {"page-component-mapper": SONNET, "ui-bug-investigator": SONNET}
    assert config.settings.conservation == "off", "unquoted off is a word, not false"
    assert config.settings.thresholds == Thresholds(0.75, 0.95)


def test_every_value_knows_where_it_was_said_and_what_it_overrode(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        {
            CLAUDE: "## Model Routing Defaults\nDefault specialist model: haiku\n",
            PIPELINE: "defaults:\n  specialist: sonnet\n",
            PROJECT: "\n\ndefaults:\n  specialist: opus\n",
        },
        user="defaults: {specialist: fable}\n",
    )
    entry = next(entry for entry in config.entries if entry.key == "defaults.specialist")
    chain = [(one.value, one.source, Path(one.path).name, one.line) for one in (entry, *entry.overridden)]
    assert chain == [
        (OPUS, "project", "model-routing.yaml", 4),
        (SONNET, "project", "model-routing.yaml", 2),
        (HAIKU, "prose", "CLAUDE.md", 2),
        (FABLE, "user", "model-routing.yaml", 1),
        (SONNET, "built-in", "", 0),
    ]
    assert config.settings.user_defaults[Role.SPECIALIST] == OPUS


def test_a_session_is_stronger_than_the_project_and_the_project_than_the_user(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        {
            PROJECT: "conservation_mode: auto\nzone_by: pace\n",
            SESSION: "model_routing: {conservation_mode: aggressive}",
        },
        user="conservation_mode: off\nzone_by: both\non_red_high: hold\nswitch_cost: pressure\n"
        "fallbacks: [sonnet, light]\n",
    )
    assert config.settings.conservation == "aggressive"
    assert config.settings.zone_by == "pace"
    assert (config.settings.on_red_high, config.settings.switch_cost) == ("hold", "pressure")
    assert config.settings.fallbacks == (SONNET, HAIKU)


def test_an_override_is_merged_key_by_key_and_the_prose_is_the_weakest(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        {
            AGENTS: "## Model Routing\nOverride: a.b always uses opus (hard)\n",
            PROJECT: "overrides:\n  a.b: {minimum: sonnet, allow_downgrade: false}\n  c: haiku\n",
        },
    )
    assert config.overrides["a.b"] == Routing(preferred=OPUS, minimum=SONNET, allow_downgrade=False)
    assert config.overrides["c"] == Routing(preferred=HAIKU)
    assert config.reasons == {"a.b": "hard"}


def test_an_explicit_null_takes_a_force_back(tmp_path: Path) -> None:
    assert load(tmp_path, {}, user="force_model: haiku").force == HAIKU
    assert (
        load(tmp_path, {SESSION: "model_routing: {force_model: null}"}, user="force_model: haiku").force
        is None
    )


def test_an_alias_or_a_models_id_stands_for_its_tier(tmp_path: Path) -> None:
    user = (
        "force_model: claude-opus-4-6\ndefaults: {platform: standard}\nweekly_budget: {heavy_messages: 3}\n"
    )
    config = load(tmp_path, {}, user=user)
    assert config.force == OPUS
    assert config.settings.platform_default == SONNET
    assert [budget.scope for budget in config.budgets] == [Scope("tier", "opus")]


def test_files_are_named_weakest_first(tmp_path: Path) -> None:
    user = tmp_path / "model-routing.yaml"
    names = [path.name for path in config_files(user_file=user, project=tmp_path)]
    assert names == [
        user.name,
        AGENTS,
        CLAUDE,
        "PREFERENCES.md",
        "preferences.md",
        "model-routing.yaml",
        "model-routing.yaml",
        "session-config.yaml",
    ]
    assert config_files(user_file=None, project=None) == ()


def test_a_question_brings_its_configuration_along_as_json() -> None:
    project = {"defaults": {"specialist": "haiku"}, "overrides": {"x": {"preferred": "opus"}}}
    config = config_of(session={"model_routing": {"force_model": "sonnet"}}, project=project)
    assert config.force == SONNET
    assert config.overrides == {"x": Routing(preferred=OPUS)}
    assert config_of(session={"force_model": "sonnet"}).force == SONNET
    assert rules(config_of(session=None, project={"defalts": {}})) == [("defalts", 0, "unknown-key")]


# -- ladders -----------------------------------------------------------------------------------------------


def test_a_users_own_rungs_make_the_ladder_in_their_order(tmp_path: Path) -> None:
    user = """\
tiers:
  luna: {codex: codex-spark}
  terra: {codex: gpt-x, premium: false}
  sol:
  nova: {premium: true}
defaults: {specialist: terra, platform: heavy}
weekly_budget: {sol_tokens: 5}
"""
    config = load(tmp_path, {}, user=user)
    ladder = config.settings.ladder
    assert [rung.name for rung in ladder.rungs] == ["luna", "terra", "sol", "nova"]
    assert ladder.premium == {"nova"}
    assert config.settings.platform_default == ladder["sol"]
    assert config.settings.user_defaults == {Role.SPECIALIST: ladder["terra"]}
    assert config.tier_models == {"luna": {"codex": "codex-spark"}, "terra": {"codex": "gpt-x"}}
    assert rules(config) == [("tiers.terra.codex", 3, "unknown-model")]


def test_built_in_names_keep_the_built_in_ladder_whatever_their_order(tmp_path: Path) -> None:
    config = load(tmp_path, {}, user="tiers: {opus: {cost_ratio: 20}, haiku: {cost_ratio: 1}}")
    assert config.settings.ladder == BUILT_IN
    assert rules(config) == [("tiers", 1, "ladder-order")]


def test_a_built_in_premium_rung_stays_premium_in_a_ladder_of_ones_own(tmp_path: Path) -> None:
    config = load(tmp_path, {}, user="tiers: {haiku: {}, fable: {}, Big-1: {}, big-1: {}, 'no name': {}}")
    assert [rung.name for rung in config.settings.ladder.rungs] == ["haiku", "fable", "Big-1"]
    assert config.settings.ladder.premium == {"fable"}
    assert {rule for _, _, rule in rules(config)} == {"bad-name", "unknown-tier"}


def test_a_ladder_has_a_bound(tmp_path: Path) -> None:
    config = load(tmp_path, {}, user="tiers: {" + ", ".join(f"r{n}: {{}}" for n in range(17)) + "}")
    assert len(config.settings.ladder.rungs) == 16
    assert ("tiers", 1, "too-many-rungs") in rules(config)


# -- trust -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "rule"),
    [
        ("force_model: opus", "force_model", "untrusted-key"),
        ("skill_overrides: {x: opus}", "skill_overrides.x", "untrusted-key"),
        ("mode: off", "mode", "untrusted-mode"),
        ("mode: observe", "mode", "untrusted-mode"),
        ("weekly_budget: {total_spend: 21}", "weekly_budget.total_spend", "untrusted-cap"),
        ("yellow_zone_threshold: 0.71", "yellow_zone_threshold", "untrusted-threshold"),
        ("budget_zones: {red_threshold: 0.91}", "budget_zones.red_threshold", "untrusted-threshold"),
        ("tiers: {haiku: {codex: claude-opus-4-6}}", "tiers.haiku.codex", "untrusted-model"),
        ("tiers: {fable: {premium: false}}", "tiers.fable.premium", "untrusted-ladder"),
        ("tiers: {mine: {codex: codex-spark}}", "tiers.mine", "unknown-tier"),
        ("tiers: {haiku: {codex: 'https://evil.example/m'}}", "tiers.haiku.codex", "bad-model"),
        ("base_url: https://evil.example", "base_url", "untrusted-key"),
        ("api_key: sk-1", "api_key", "untrusted-key"),
        ("extra_headers: {x: y}", "extra_headers", "untrusted-key"),
        ("defaults: {command: rm}", "defaults.command", "untrusted-key"),
        ("prices_file: ../../prices.yaml", "prices_file", "untrusted-key"),
    ],
)
def test_what_a_project_may_not_say_is_told_and_not_followed(
    tmp_path: Path, text: str, key: str, rule: str
) -> None:
    user = "weekly_budget: {total_spend: 20}\n"
    without = load(tmp_path, {}, user)
    config = load(tmp_path, {PROJECT: text}, user)
    assert rules(config) == [(key, 1, rule)]
    assert config.findings[0].severity == "warning"
    assert config.entries == without.entries


def test_the_user_may_say_all_of_it(tmp_path: Path) -> None:
    user = """\
force_model: opus
skill_overrides: {x: opus}
mode: off
weekly_budget: {total_spend: 2100}
yellow_zone_threshold: 0.9
red_zone_threshold: 1
tiers: {haiku: {codex: claude-opus-4-6}}
"""
    config = load(tmp_path, {}, user)
    assert config.findings == ()
    assert (config.mode, config.force, config.settings.thresholds) == ("off", OPUS, Thresholds(0.9, 1.0))


def test_a_session_speaks_for_the_user_but_lies_in_the_project(tmp_path: Path) -> None:
    """It may force a tier and move thresholds; it may not weaken the mode or raise a cap."""
    session = (
        "model_routing:\n  force_model: opus\n  yellow_zone_threshold: 0.8\n"
        "  mode: off\n  weekly_budget: {total_spend: 21}\n"
    )
    config = load(tmp_path, {SESSION: session}, user="weekly_budget: {total_spend: 20}\n")
    assert rules(config) == [("mode", 4, "untrusted-mode"), ("weekly_budget.total_spend", 5, "untrusted-cap")]
    assert (config.force, config.settings.thresholds.yellow) == (OPUS, 0.8)


def test_a_project_may_tighten(tmp_path: Path) -> None:
    project = "weekly_budget: {total_spend: 5, opus_messages: 3}\nyellow_zone_threshold: 0.5\nmode: enforce\n"
    config = load(tmp_path, {PROJECT: project}, user="weekly_budget: {total_spend: 20}\nmode: observe\n")
    assert config.findings == ()
    assert [budget.limit for budget in config.budgets] == [5, 3]
    assert (config.settings.thresholds.yellow, config.mode) == (0.5, "enforce")


def test_a_null_does_not_lift_a_cap(tmp_path: Path) -> None:
    config = load(tmp_path, {PIPELINE: SEED_BUDGET}, user="weekly_budget: {total_spend: 20}")
    assert {budget.name: budget.limit for budget in config.budgets}["weekly spend"] == 20
    assert config.findings == ()


SHARES = st.one_of(st.none(), st.floats(0.05, 1.0))


@given(SHARES, SHARES, SHARES, SHARES)
def test_a_projects_thresholds_never_end_up_above_the_users(
    user_yellow: float | None, user_red: float | None, yellow: float | None, red: float | None
) -> None:
    own = {"yellow_zone_threshold": user_yellow, "red_zone_threshold": user_red}
    theirs = {"budget_zones": {"yellow_threshold": yellow, "red_threshold": red}}
    before = merge([Layer("user", "u", node_of(own))]).settings.thresholds
    after = merge(
        [Layer("user", "u", node_of(own)), Layer("project", "p", node_of(theirs))]
    ).settings.thresholds
    assert after.yellow <= before.yellow
    assert after.red <= before.red
    assert 0 < after.yellow <= after.red <= 1


CAPS = st.one_of(st.none(), st.integers(0, 100), st.floats(0, 100))


@given(st.lists(CAPS, min_size=1, max_size=4))
def test_of_caps_the_lowest_stands(caps: list[float | None]) -> None:
    sources = ("user", "project", "project", "session")
    layers = [
        Layer(source, f"{at}", node_of({"weekly_budget": {"total_spend": cap}}))
        for at, (source, cap) in enumerate(zip(sources, caps, strict=False))
    ]
    known = [cap for cap in caps if cap is not None]
    assert [budget.limit for budget in merge(layers).budgets] == [min(known) if known else None]


def test_a_file_that_leads_out_of_the_project_is_not_opened(tmp_path: Path) -> None:
    outside = tmp_path / "secret.yaml"
    outside.write_text("defaults: {specialist: opus}")
    (tmp_path / "project" / ".claude").mkdir(parents=True)
    (tmp_path / "project" / PROJECT).symlink_to(outside)
    config = load(tmp_path, {})
    assert rules(config) == [("", 0, "outside-project")]
    assert config.settings.user_defaults == {}


def test_two_names_of_one_file_are_read_once(tmp_path: Path) -> None:
    load(tmp_path, {AGENTS: "## Model Routing\nOverride: nonsense\n"})
    (tmp_path / "project" / CLAUDE).symlink_to(AGENTS)
    assert [rule for _, _, rule in rules(load(tmp_path, {}))] == ["prose-unclear"]


# -- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "rule", "remedy"),
    [
        ("conservatoin_mode: off", "conservatoin_mode", "unknown-key", "Did you mean `conservation_mode`?"),
        ("defaults: {specialst: opus}", "defaults.specialst", "unknown-key", "Did you mean `specialist`?"),
        (
            "tiers: {haiku: {cost_ration: 1}}",
            "tiers.haiku.cost_ration",
            "unknown-key",
            "Did you mean `cost_ratio`?",
        ),
        (
            "tiers: {haiku: {claude-code: x}}",
            "tiers.haiku.claude-code",
            "unknown-key",
            "Did you mean `claude_code`?",
        ),
        (
            "weekly_budget: {opus_mesages: 1}",
            "weekly_budget.opus_mesages",
            "unknown-key",
            "Did you mean `opus_messages`?",
        ),
        (
            "overrides: {x: {preffered: opus}}",
            "overrides.x.preffered",
            "unknown-key",
            "Did you mean `preferred`?",
        ),
        ("force_model: opsu", "force_model", "unknown-tier", "Did you mean `opus`?"),
        ("force_model: 4", "force_model", "unknown-tier", "Use haiku, sonnet, opus, fable, or"),
        ("fallbacks: sonnet", "fallbacks", "not-a-list", "Write [sonnet, haiku]."),
        ("fallbacks: [sonnet, moon]", "fallbacks[1]", "unknown-tier", "Use haiku"),
        ("conservation_mode: agressive", "conservation_mode", "unknown-word", "Did you mean `aggressive`?"),
        (
            "conservation_mode: false",
            "conservation_mode",
            "yaml-boolean",
            "Use one of off, auto, aggressive.",
        ),
        ("mode: 7", "mode", "unknown-word", "Use one of off, observe, enforce."),
        ("yellow_zone_threshold: 70", "yellow_zone_threshold", "out-of-range", "Write a share above 0"),
        ("red_zone_threshold: 0", "red_zone_threshold", "out-of-range", "Write a share above 0"),
        ("red_zone_threshold: 90%", "red_zone_threshold", "not-a-number", "Write a share above 0"),
        ("red_zone_threshold: true", "red_zone_threshold", "not-a-number", "Write a share above 0"),
        ("yellow_zone_threshold: 0.95", "yellow_zone_threshold", "thresholds-cross", "Set both thresholds"),
        ("weekly_budget: {total_spend: -1}", "weekly_budget.total_spend", "out-of-range", "Write a number"),
        ("weekly_budget: {total_spend: $5}", "weekly_budget.total_spend", "not-a-number", "Write a number"),
        ("tiers: {haiku: {cost_ratio: 0}}", "tiers.haiku.cost_ratio", "out-of-range", "Write how many times"),
        ("tiers: {haiku: {premium: maybe}}", "tiers.haiku.premium", "not-a-boolean", "Write true or false."),
        (
            "tiers: {haiku: {description: 3}}",
            "tiers.haiku.description",
            "not-text",
            "Put the text in quotes.",
        ),
        ("tiers: {haiku: claude-haiku-4-5}", "tiers.haiku", "not-a-mapping", "Write its keys below it"),
        (
            "tiers: {haiku: {codex: gpt-unheard-of}}",
            "tiers.haiku.codex",
            "unknown-model",
            "`tierwise models` lists",
        ),
        ("defaults: opus", "defaults", "not-a-mapping", "Write its keys below it"),
        ("skill_overrides: {x: moon}", "skill_overrides.x", "unknown-tier", "Use haiku"),
        ("overrides: {x: {reason: [1]}}", "overrides.x.reason", "not-text", "Put the text in quotes."),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_remedy(
    tmp_path: Path, text: str, key: str, rule: str, remedy: str
) -> None:
    config = load(tmp_path, {}, user=f"# mine\n{text}\n")
    assert rules(config) == [(key, 2, rule)]
    assert config.findings[0].remedy.startswith(remedy)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    user = "mode: of\nforce_model: opsu\nred_zone_threshold: 2\nnothing: 1\nzone_by: pace\n"
    config = load(tmp_path, {}, user=user)
    assert [line for _, line, _ in rules(config)] == [1, 2, 3, 4]
    assert config.settings.zone_by == "pace", "what is right still counts"


@pytest.mark.parametrize("text", ["- a list", "just text", "a: [", "x: *nowhere", "\x00"])
def test_an_unusable_file_is_an_error_and_costs_only_itself(tmp_path: Path, text: str) -> None:
    config = load(tmp_path, {PROJECT: text}, user="mode: observe")
    assert [finding.severity for finding in config.findings] == ["error"]
    assert config.mode == "observe"


def test_what_stands_in_a_files_place_does_not_go_unnoticed(tmp_path: Path) -> None:
    load(tmp_path, {})
    (tmp_path / "project" / PROJECT).mkdir(parents=True)
    (tmp_path / "project" / CLAUDE).symlink_to("nowhere.md")
    assert [rule for _, _, rule in rules(load(tmp_path, {}))] == ["unreadable", "unreadable"]


def test_a_file_where_a_folder_was_meant_is_as_good_as_none(tmp_path: Path) -> None:
    assert load(tmp_path, {".claude": "a file"}).findings == ()


def test_a_sessions_file_without_our_block_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, {SESSION: "other: 1"}).findings == ()
    misspelt = load(tmp_path, {SESSION: "model-routing: {force_model: opus}"})
    assert rules(misspelt) == [("model-routing", 1, "unknown-key")]
    assert misspelt.force is None


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 100)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from(
        ["haiku", "opus", "off", "auto", "claude-opus-4-6", "https://x.example", "", "0.5", "x" * 99]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                """tiers haiku mine premium cost_ratio codex budget_zones yellow_threshold red_threshold
                defaults specialist platform overrides x preferred minimum conditions
                reason force_model fallbacks skill_overrides weekly_budget opus_messages
                total_spend conservation_mode mode api_key""".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=60)
@given(user=VALUES, project=VALUES, session=VALUES)
def test_whatever_stands_in_the_sources_something_usable_comes_out(
    user: object, project: object, session: object
) -> None:
    layers = [
        Layer("user", "u", node_of(user)),
        Layer("project", "p", node_of(project)),
        Layer("session", "s", node_of(session)),
    ]
    config = merge(layers, MODELS.get)
    edges = config.settings.thresholds
    assert 0 < edges.yellow <= edges.red <= 1
    assert config.settings.platform_default in config.settings.ladder.rungs
    assert {entry.key for entry in config.entries} >= {"mode", "force_model", "defaults.specialist"}
    assert all(finding.path in "ups" and finding.problem and finding.remedy for finding in config.findings)
