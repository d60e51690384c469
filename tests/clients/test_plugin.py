"""The plugin for Claude Code is whole, says which version it is, and means the same things as the gateway."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

import tierwise
from tierwise.gateway.mods import DECISION, MAX_NAMED, PATH
from tierwise.wire.mod_questions import ModQuestion

PLUGIN = Path(tierwise.__file__).parent / "clients" / "plugin"
MOD = (PLUGIN / "hooks" / "register.ts").read_text()


def manifest(name: str) -> dict[str, object]:
    return json.loads((PLUGIN / ".claude-plugin" / name).read_text())


def test_the_plugin_is_of_the_packages_version_so_that_clients_take_a_new_one() -> None:
    assert manifest("plugin.json")["version"] == version("tierwise")


def test_the_folder_is_a_marketplace_that_offers_itself() -> None:
    market = manifest("marketplace.json")
    plugins = market["plugins"]
    assert isinstance(plugins, list)
    assert [(entry["name"], entry["source"]) for entry in plugins] == [("tierwise", "./")]
    assert market["name"] == manifest("plugin.json")["name"] == "tierwise"
    modules = json.loads((PLUGIN / "hooks" / "hooks.json").read_text())["modules"]
    assert [(PLUGIN / "hooks" / module).is_file() for module in modules] == [True]


def test_it_carries_the_licence_that_it_names() -> None:
    licence = Path(__file__).parents[2] / "LICENSE"
    assert manifest("plugin.json")["license"] == "Apache-2.0"
    assert (PLUGIN / "LICENSE").read_bytes() == licence.read_bytes()


@pytest.mark.parametrize("field", [field.encode_name for field in msgspec.structs.fields(ModQuestion)])
def test_the_mod_says_everything_that_the_gateway_asks_for(field: str) -> None:
    asked = MOD[MOD.index("JSON.stringify({") : MOD.index("return response.ok")]
    assert f"      {field}:" in asked or f"      {field},\n" in asked


def test_mod_and_gateway_mean_the_same_address_header_and_bound() -> None:
    assert f"${{base}}{PATH}`" in MOD
    assert f"'{DECISION}'" in MOD
    assert f"MAX_IDS = {MAX_NAMED}\n" in MOD


def test_the_mod_imports_nothing_and_starts_nothing() -> None:
    assert [line for line in MOD.splitlines() if line.startswith("import ")] == [
        "import type { EngineInterface, Register, TurnStepInput } from 'claude-code'"
    ]
    assert "process." not in MOD
    assert "fs." not in MOD
