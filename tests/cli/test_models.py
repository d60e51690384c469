"""`tierwise models` shows what each tier means and what it costs, with the user's own prices laid over."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tierwise import wiring
from tierwise.cli import main

TODAY_US = 1_795_406_400_000_000  # 2026-11-23 04:00 UTC


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path))
    monkeypatch.setattr(wiring, "now_us", lambda: TODAY_US)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["models", *arguments])


def document(*arguments: str) -> dict:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_without_arguments_it_shows_one_model_a_tier_and_platform() -> None:
    rows = document()["models"]
    assert len({(row["tier"], row["platform"]) for row in rows}) == len(rows) == 28
    assert all(row["picked"] for row in rows)
    claude = {row["tier"]: row["model"] for row in rows if row["platform"] == "claude_code"}
    assert claude == {
        "haiku": "claude-haiku-5-5",
        "sonnet": "claude-sonnet-5-5",
        "opus": "claude-opus-5-5",
        "fable": "claude-fable-5-2",
    }


def test_a_row_of_the_json_has_these_keys_and_values() -> None:
    result = document("claude-haiku-5-5", "--platform", "claude_code")
    assert result == {
        "day": "2026-11-23",
        "models": [
            {
                "tier": "haiku",
                "model": "claude-haiku-5-5",
                "platform": "claude_code",
                "picked": True,
                "family": "claude-5.5",
                "window_tokens": 1_000_000,
                "max_output_tokens": 128_000,
                "released": "2026-10-07",
                "retired": None,
                "usd_per_mtok": {
                    "input": 0.1,
                    "output": 0.5,
                    "cache_read": 0.01,
                    "cache_write_5m": 0.125,
                    "cache_write_1h": 0.2,
                },
                "long_prompt": {
                    "above_tokens": 100_000,
                    "usd_per_mtok": {
                        "input": 0.5,
                        "output": 2.5,
                        "cache_read": 0.05,
                        "cache_write_5m": 0.625,
                        "cache_write_1h": 1.0,
                    },
                },
                "since": None,
                "source": "genai-prices 0.2.3: anthropic/claude-haiku-5-5",
            }
        ],
        "findings": [],
    }


def test_a_price_that_is_not_known_is_null_and_never_zero() -> None:
    (row,) = document("codex-spark")["models"]
    assert set(row["usd_per_mtok"].values()) == {None}
    assert row["source"] is None
    assert "–" in run("codex-spark").stdout
    assert "no known price" in run("codex-spark").stdout


def test_the_table_shows_the_rates_the_step_and_the_source() -> None:
    result = run("--platform", "claude_code")
    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if "claude-haiku-5-5" in line]
    cells = line.split()
    assert cells[:9] == ["→", "haiku", "claude-haiku-5-5", "1M", "0.10", "0.50", "0.01", "0.125", "0.20"]
    assert "0.50/2.50 > 100K" in line
    assert "genai-prices 0.2.3" in result.stdout
    assert "2026-03-13" in next(x for x in result.stdout.splitlines() if "claude-sonnet-4-6" in x)


def test_a_pipe_gets_no_escapes_and_no_folded_lines() -> None:
    result = run("--all")
    assert "\x1b" not in result.stdout
    assert "  global.anthropic.claude-sonnet-4-5-20250929-v1:0  " in result.stdout
    assert all(line == line.rstrip() for line in result.stdout.splitlines())


def test_the_claude_code_table_fits_100_columns() -> None:
    assert max(map(len, run("--platform", "claude_code").stdout.splitlines())) <= 100


def test_a_tier_is_understood_by_its_alias_and_in_any_case() -> None:
    rows = document("--tier", "Light", "--platform", "codex")["models"]
    assert {row["tier"] for row in rows} == {"haiku"}
    assert rows[0]["model"] == "gpt-6-luna"


def test_models_that_no_longer_answer_are_shown_on_demand() -> None:
    shown = {row["model"] for row in document("--platform", "anthropic")["models"]}
    every = {row["model"] for row in document("--platform", "anthropic", "--all")["models"]}
    assert every - shown >= {"claude-opus-4-1", "claude-3-opus", "claude-sonnet-4-0"}
    assert [row["retired"] for row in document("claude-opus-4-1", "--platform", "anthropic")["models"]] == [
        "2026-08-05"
    ]


def test_unknown_models_are_all_named_with_what_may_have_been_meant() -> None:
    result = run("claude-opus-55", "gpt-6-lunar", "claude-opus-5-5")
    assert result.exit_code == 1
    assert "`claude-opus-55` is not a known model; did you mean `claude-opus-5-5`?" in result.stderr
    assert "`gpt-6-lunar` is not a known model; did you mean `gpt-6-luna`?" in result.stderr
    assert result.stdout == ""


def test_a_model_of_another_platform_is_unknown_on_this_one() -> None:
    result = run("gpt-6-luna", "--platform", "claude_code", "--json")
    assert result.exit_code == 1
    assert "`gpt-6-luna` is not a known model of claude_code" in result.stderr


def test_a_name_cannot_drive_the_terminal() -> None:
    result = run("\x1b[31mred")
    assert result.exit_code == 1
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--platform", "claud_code"], "did you mean `claude_code`?"),
        (["--tier", "hiaku"], "did you mean `haiku`?"),
        (["--platform", "zzz"], "known: claude_code, anthropic, codex"),
    ],
)
def test_a_misspelt_option_is_a_usage_error_with_a_hint(arguments: list[str], hint: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert hint in result.stderr


def test_own_prices_are_laid_over_the_listed_ones(home: Path) -> None:
    (home / "prices.yaml").write_text(
        "claude-opus-5-5: {input: 3.60, since: 2026-11-01}\n"
        "qwen3-coder: {input: 0, output: 0, tier: local, platform: openai, window: 262144}\n"
    )
    (opus,) = document("claude-opus-5-5", "--platform", "claude_code")["models"]
    assert (opus["usd_per_mtok"]["input"], opus["usd_per_mtok"]["output"]) == (3.6, 20)
    assert (opus["since"], opus["source"]) == ("2026-11-01", str(home / "prices.yaml"))
    (own,) = document("--tier", "local")["models"]
    assert (own["model"], own["picked"], own["usd_per_mtok"]["input"]) == ("qwen3-coder", True, 0)
    assert "262,144" in run("qwen3-coder").stdout
    assert wiring.tier_of_model("QWEN3-coder") == "local"


def test_own_prices_are_read_again_when_they_change(home: Path) -> None:
    path = home / "prices.yaml"
    for input_usd, changed_s in ((3, 1_000), (2, 2_000)):
        path.write_text(f"claude-opus-5-5: {{input: {input_usd}}}\n")
        os.utime(path, (changed_s, changed_s))
        price = wiring.load_catalog().price_at("claude-opus-5-5", "2026-11-23")
        assert price is not None
        assert price.base.input == input_usd * 1_000_000
    path.unlink()
    price = wiring.load_catalog().price_at("claude-opus-5-5", "2026-11-23")
    assert price is not None
    assert price.base.input == 4_000_000


def test_slips_in_own_prices_are_reported_with_their_lines_and_the_rest_counts(home: Path) -> None:
    (home / "prices.yaml").write_text(
        "claude-opus-5-5:\n  input: 3\n  cach_read: 1\n  long_prompt:\n    above: 1\n    output: -2\nfoo: 3\n"
    )
    result = run("claude-opus-5-5", "--platform", "claude_code", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["models"][0]["usd_per_mtok"]["input"] == 3
    assert [(finding["line"], finding["key"]) for finding in found["findings"]] == [
        (3, "claude-opus-5-5.cach_read"),
        (6, "claude-opus-5-5.long_prompt.output"),
        (7, "foo"),
    ]
    assert {finding["severity"] for finding in found["findings"]} == {"warning"}
    assert "prices.yaml:3: warning: `claude-opus-5-5.cach_read`" in result.stderr


def test_a_misspelt_model_in_own_prices_is_reported(home: Path) -> None:
    (home / "prices.yaml").write_text("claude-opus-55: {input: 3}\n")
    (finding,) = document()["findings"]
    assert finding["rule"] == "unknown-model"
    assert "Did you mean `claude-opus-5-5`?" in finding["remedy"]


@pytest.mark.parametrize("text", [b"a: [", b"- 1\n", b"\xff\xfe", b"3"])
def test_own_prices_that_cannot_be_read_are_said_and_the_listed_ones_shown(home: Path, text: bytes) -> None:
    (home / "prices.yaml").write_bytes(text)
    result = run("--platform", "codex")
    assert "gpt-6-luna" in result.stdout
    assert "prices.yaml" in result.stderr
    assert "Traceback" not in result.output
    assert wiring.catalog_findings()


def test_own_prices_with_an_error_exit_1(home: Path) -> None:
    (home / "prices.yaml").write_text("a: [")
    assert run().exit_code == 1


def test_an_empty_file_of_own_prices_is_no_mistake(home: Path) -> None:
    (home / "prices.yaml").write_text("# nothing yet\n")
    assert document()["findings"] == []


def test_a_model_that_the_catalog_does_not_know_has_no_tier() -> None:
    assert wiring.tier_of_model("claude-haiku-5-5-20261007") == "haiku"
    assert wiring.tier_of_model("glm-5.3") is None
