"""Connecting and disconnecting: whatever a person wrote into a settings file is there when we are gone."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from settings_corpus import FILES, IDS, PORTS, Place, leading_to, leaves, placed, values_of

from tierwise.clients import jsonc
from tierwise.clients.connections import carry_out, connecting, disconnecting
from tierwise.errors import ConfigError

CHANGED = {
    "claude": {("env", "ANTHROPIC_BASE_URL"), ("env", "ANTHROPIC_CUSTOM_HEADERS")},
    "codex": {("model_provider",)},
    "opencode": {("provider", "anthropic", "options", "baseURL")},
}
"""What may be another value than before."""
OUR_TABLES = {"statusLine", "extraKnownMarketplaces", "model_providers"}
every_file = pytest.mark.parametrize(("client", "fixture"), FILES, ids=IDS)


@pytest.fixture
def claude(tmp_path: Path) -> Place:
    return placed("claude", tmp_path, b'{\n  "model": "opus"\n}\n')


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    for client in PORTS:
        assert sum(name == client for name, _ in FILES) >= 30


@every_file
def test_disconnect_brings_back_every_byte(client: str, fixture: Path, tmp_path: Path) -> None:
    place = placed(client, tmp_path, fixture.read_bytes(), fixture.name)
    place.connect()
    place.disconnect()
    assert place.path.read_bytes() == fixture.read_bytes()
    assert disconnecting(place.file, place.home) is None
    assert [path.name for path in place.home.rglob("*") if path.is_file()] == ["lock"]


@every_file
def test_connecting_twice_changes_nothing(client: str, fixture: Path, tmp_path: Path) -> None:
    place = placed(client, tmp_path, fixture.read_bytes(), fixture.name)
    place.connect()
    once = place.path.read_bytes()
    assert place.connect().is_nothing
    assert place.path.read_bytes() == once
    place.disconnect()
    assert place.path.read_bytes() == fixture.read_bytes()


@every_file
def test_what_is_written_says_what_is_wanted_and_everything_else_as_before(
    client: str, fixture: Path, tmp_path: Path
) -> None:
    place = placed(client, tmp_path, fixture.read_bytes(), fixture.name)
    before = place.values()
    place.connect()
    after = dict(leaves(place.values()))
    for path, value in leaves(before):
        assert path in CHANGED[client] or path[0] in OUR_TABLES or after[path] == value
    assert any(f"127.0.0.1:{PORTS[client]}" in value for value in after.values())


@every_file
def test_no_line_is_touched_that_is_not_ours(client: str, fixture: Path, tmp_path: Path) -> None:
    place = placed(client, tmp_path, fixture.read_bytes(), fixture.name)
    before = fixture.read_bytes().decode()
    place.connect()
    rest = place.text()
    comments = [line.strip() for line in before.splitlines() if line.strip().startswith(("#", "//", "/*"))]
    for comment in comments:
        assert comment in rest
    assert rest.startswith("\ufeff") == before.startswith("\ufeff")
    if "\r\n" in before.partition("\n")[0] + "\n" and before.count("\n") == before.count("\r\n"):
        assert rest.count("\n") == rest.count("\r\n")
    if before.strip("\ufeff \r\n") and client != "codex":
        assert rest.endswith("\n") == before.endswith("\n")


@every_file
def test_another_port_changes_only_what_names_it(client: str, fixture: Path, tmp_path: Path) -> None:
    if fixture.name.startswith(("half-connected", "our-handler")):
        return
    place = placed(client, tmp_path, fixture.read_bytes(), fixture.name)
    place.connect()
    once = place.text()
    place.connect(7001)
    assert place.text() == once.replace(f":{PORTS[client]}", ":7001")
    place.disconnect()
    assert place.path.read_bytes() == fixture.read_bytes()


@every_file
def test_a_users_edit_in_between_survives(client: str, fixture: Path, tmp_path: Path) -> None:
    place = placed(client, tmp_path, fixture.read_bytes(), fixture.name)
    before = place.values()
    place.connect()
    place.write(edited(client, place.text()))
    change = place.disconnect()
    left = place.values()
    assert left.pop("of_the_user") == "stays"
    assert dict(leaves(left)) == dict(leaves(before))
    assert any("edited since" in line for line in change.left)


def edited(client: str, text: str) -> str:
    """The text as a person's editor leaves it, with one more value at the top."""
    if client == "codex":
        bom, rest = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
        return f'{bom}of_the_user = "stays"\n{rest}'
    place = text.index("{", text.index("{") if client == "claude" else root_of(text)) + 1
    return f'{text[:place]}\n  "of_the_user": "stays",{text[place:]}'


def root_of(text: str) -> int:
    return jsonc.read(text).start


@every_file
def test_connecting_again_after_a_users_edit_keeps_it_and_moves_nothing(
    client: str, fixture: Path, tmp_path: Path
) -> None:
    place = placed(client, tmp_path, fixture.read_bytes(), fixture.name)
    place.connect()
    mine = edited(client, place.text())
    place.write(mine)
    assert place.connect().is_nothing
    assert place.text() == mine
    place.disconnect()
    assert place.values()["of_the_user"] == "stays"
    assert f"127.0.0.1:{PORTS[client]}" not in place.text() or fixture.name.startswith(
        ("half", "our-handler")
    )


def test_parts_that_are_left_out_later_are_taken_out(claude: Place) -> None:
    claude.connect()
    claude.connect(without=frozenset({"hooks", "plugin", "fallback"}))
    assert claude.values() == {
        "model": "opus",
        "env": {
            "ANTHROPIC_BASE_URL": "http://127.0.0.1:8787",
            "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-haiku-5-5",
        },
        "statusLine": {"type": "command", "command": "tierwise statusline"},
    }
    claude.disconnect()
    assert claude.text() == '{\n  "model": "opus"\n}\n'


@pytest.mark.parametrize("client", list(PORTS))
def test_a_file_that_was_not_there_is_removed_with_its_folder(client: str, tmp_path: Path) -> None:
    place = placed(client, tmp_path, None)
    place.connect()
    assert place.values()
    place.disconnect()
    assert not place.path.parent.exists()


@pytest.mark.parametrize("client", list(PORTS))
def test_a_file_that_was_not_there_stays_if_the_user_added_to_it(client: str, tmp_path: Path) -> None:
    place = placed(client, tmp_path, None)
    place.connect()
    place.write(edited(client, place.text()))
    place.disconnect()
    assert place.values() == {"of_the_user": "stays"}


def test_a_file_that_was_not_there_goes_also_if_only_its_layout_was_changed(tmp_path: Path) -> None:
    place = placed("claude", tmp_path, None)
    place.connect()
    place.write(json.dumps(place.values()))
    place.disconnect()
    assert not place.path.exists()


def test_a_file_that_the_user_removed_stays_away(claude: Place) -> None:
    claude.connect()
    claude.path.unlink()
    assert claude.disconnect().left == (f"{claude.path} is gone, and stays so",)
    assert not claude.path.exists()


def test_the_users_status_line_is_kept_where_ours_finds_it_and_put_back(tmp_path: Path) -> None:
    own = {"type": "command", "command": "~/line.sh", "padding": 2}
    place = placed("claude", tmp_path, json.dumps({"statusLine": own}).encode())
    place.connect()
    place.connect(7001)
    kept = json.loads((place.home / "statusline.json").read_text())
    assert kept == {"previous": {str(place.path): own}}
    assert place.values()["statusLine"] == own | {"command": "tierwise statusline"}
    place.disconnect()
    assert place.values() == {"statusLine": own}
    assert not (place.home / "statusline.json").exists()


def test_a_status_line_that_the_user_wrote_over_ours_is_his(claude: Place) -> None:
    claude.connect()
    values = claude.values() | {"statusLine": {"type": "command", "command": "mine.sh"}}
    claude.write(json.dumps(values))
    change = claude.disconnect()
    assert claude.values() == {"model": "opus", "statusLine": {"type": "command", "command": "mine.sh"}}
    assert "`statusLine` was changed since and stays as it is" in change.left


def test_what_the_user_adds_beside_ours_in_a_group_of_hooks_stays(claude: Place) -> None:
    claude.connect()
    values = claude.values()
    own = {"type": "command", "command": "true"}
    values["hooks"]["PreToolUse"][0]["hooks"].append(own)
    claude.write(json.dumps(values, indent=2))
    claude.connect(7001)
    assert claude.values()["hooks"]["PreToolUse"][0]["hooks"][0]["url"].startswith("http://127.0.0.1:7001/")
    claude.disconnect()
    assert claude.values() == {
        "model": "opus",
        "hooks": {"PreToolUse": [{"matcher": "Agent|Task|Skill", "hooks": [own]}]},
    }


def test_headers_of_the_user_stay_whatever_he_does_to_them(tmp_path: Path) -> None:
    name = "ANTHROPIC_CUSTOM_HEADERS"
    place = placed("claude", tmp_path, json.dumps({"env": {name: "X-Team: a"}}).encode())
    place.connect()
    values = place.values()
    assert values["env"][name] == "X-Team: a\nx-tierwise-fallbacks: sonnet,haiku"
    values["env"][name] = f"X-New: b\n{values['env'][name]}"
    place.write(json.dumps(values))
    place.disconnect()
    assert place.values() == {"env": {name: "X-New: b\nX-Team: a"}}


def test_the_fallbacks_that_the_user_chose_are_the_ones_the_gateway_is_told(tmp_path: Path) -> None:
    place = placed("claude", tmp_path, b'{"fallbackModel": ["opus", "haiku"]}')
    assert place.connect().kept == ("fallbackModel",)
    assert place.values()["env"]["ANTHROPIC_CUSTOM_HEADERS"] == "x-tierwise-fallbacks: opus,haiku"


def test_a_project_has_its_tag_in_every_url_that_names_it(tmp_path: Path) -> None:
    place = placed("claude", tmp_path, None)
    place.connect(project="my shop")
    assert place.values()["env"]["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:8787/p/my%20shop"
    place.connect(7001, project="my shop")
    assert place.values()["env"]["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:7001/p/my%20shop"


# -- other gateways ----------------------------------------------------------------------------------------

FOREIGN: dict[str, tuple[str, str]] = {
    "claude": ('{"env": {"ANTHROPIC_BASE_URL": "https://llm.corp.example"}}', "https://llm.corp.example"),
    "codex": (
        'model_provider = "azure"\n[model_providers.azure]\nname = "a"\nenv_key = "K"\n'
        'base_url = "https://llm.corp.example/v1"\n',
        "https://llm.corp.example",
    ),
    "opencode": (
        '{"provider": {"anthropic": {"options": {"baseURL": "https://llm.corp.example/v1"}}}}',
        "https://llm.corp.example",
    ),
}


@pytest.mark.parametrize("client", list(FOREIGN))
def test_another_gateway_is_refused_and_replaced_only_on_demand(client: str, tmp_path: Path) -> None:
    text, upstream = FOREIGN[client]
    place = placed(client, tmp_path, text.encode())
    refused = connecting(place.file, leading_to(client), place.home)
    assert len(refused.refused) == 1
    change = place.connect(override=True)
    assert change.plan is not None
    assert change.plan.upstream == upstream
    again = place.connect(7001)
    assert again.plan is not None
    assert again.plan.upstream == upstream
    assert "llm.corp" not in json.dumps(
        [value for path, value in leaves(place.values()) if "azure" not in path]
    )
    place.disconnect()
    assert place.text() == text


def test_codex_speaks_with_the_credential_of_its_present_provider(tmp_path: Path) -> None:
    place = placed("codex", tmp_path, FOREIGN["codex"][0].encode())
    place.connect(override=True)
    assert place.values()["model_providers"]["tierwise"] == {
        "name": "tierwise",
        "base_url": "http://127.0.0.1:8787/v1",
        "wire_api": "responses",
        "env_key": "K",
    }


def test_what_the_user_added_to_our_provider_outlives_a_new_port_and_goes_with_it(tmp_path: Path) -> None:
    place = placed("codex", tmp_path, b'model = "x"\n')
    place.connect()
    place.write(place.text() + "request_max_retries = 1 # mine\n# a last word\n")
    place.connect(7001)
    assert place.values()["model_providers"]["tierwise"]["request_max_retries"] == 1
    change = place.disconnect()
    assert place.values() == {"model": "x"}
    assert "# a last word" in place.text()
    assert any("model_providers.tierwise" in line for line in change.left)


# -- files -------------------------------------------------------------------------------------------------


def test_mode_and_link_stay(tmp_path: Path) -> None:
    place = placed("claude", tmp_path, b"{}")
    dotfiles = tmp_path / "dotfiles.json"
    place.path.rename(dotfiles)
    dotfiles.chmod(0o600)
    place.path.symlink_to(dotfiles)
    change = place.connect()
    assert any(str(dotfiles) in note for note in change.notes)
    assert place.path.is_symlink()
    assert stat.S_IMODE(dotfiles.stat().st_mode) == 0o600
    assert "ANTHROPIC_BASE_URL" in dotfiles.read_text()
    place.disconnect()
    assert place.path.is_symlink()
    assert dotfiles.read_bytes() == b"{}"


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop"])
def test_what_is_no_file_is_told(kind: str, tmp_path: Path) -> None:
    place = placed("claude", tmp_path, b"")
    place.path.unlink()
    match kind:
        case "folder":
            place.path.mkdir()
        case "pipe":
            os.mkfifo(place.path)
        case _:
            place.path.symlink_to(place.path)
    with pytest.raises(ConfigError):
        connecting(place.file, leading_to("claude"), place.home)


def test_a_link_that_leads_nowhere_yet_is_followed_and_left_as_it_was(tmp_path: Path) -> None:
    place = placed("claude", tmp_path, b"")
    place.path.unlink()
    place.path.symlink_to(tmp_path / "dotfiles" / "settings.json")
    place.connect()
    assert (tmp_path / "dotfiles" / "settings.json").is_file()
    place.disconnect()
    assert place.path.is_symlink()
    assert not (tmp_path / "dotfiles").exists()


def test_a_projects_file_that_leads_out_of_it_is_not_written(tmp_path: Path) -> None:
    project, outside = tmp_path / "shop", tmp_path / "outside.json"
    project.mkdir()
    outside.write_bytes(b"{}")
    place = placed("claude", tmp_path, None)
    (project / "settings.json").symlink_to(outside)
    file = type(place.file)(place.file.client, project / "settings.json", project)
    with pytest.raises(ConfigError, match="leads out"):
        connecting(file, leading_to("claude"), place.home)
    assert outside.read_bytes() == b"{}"


def test_a_file_that_changed_while_it_was_shown_is_not_written(claude: Place) -> None:
    change = connecting(claude.file, leading_to("claude"), claude.home)
    claude.write("{}")
    with pytest.raises(ConfigError, match="changed meanwhile"):
        carry_out(change, claude.home)
    assert claude.text() == "{}"


def test_a_run_that_broke_off_between_record_and_file_can_be_taken_back(claude: Place) -> None:
    before = claude.path.read_bytes()
    claude.connect()
    claude.write(before.decode())  # the record was written, the file was not
    claude.disconnect()
    assert claude.path.read_bytes() == before
    claude.connect()
    first = claude.path.read_bytes()
    claude.connect(7001)
    claude.path.write_bytes(first)  # the second time, likewise
    claude.disconnect()
    assert claude.path.read_bytes() == before


def test_what_only_its_owner_may_read_is_kept_so(claude: Place) -> None:
    claude.connect()
    (record,) = (claude.home / "connections").glob("*.json")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert list(claude.path.parent.iterdir()) == [claude.path]


BROKEN: list[tuple[str, bytes, str]] = [
    ("claude", b'{"env": ', ":1 cannot be edited"),
    ("claude", b'{\n"a": 1\n"b": 2}', ":3 cannot be edited"),
    ("claude", b"[]", "holds no settings"),
    ("claude", b"{} x", "something follows"),
    ("claude", b'{"a": NaN}', "a value is expected"),
    ("claude", b"\xff\xfe{}", "no UTF-8"),
    ("claude", b"{" + b'"a":{' * 200 + b"}" * 201, "too deeply"),
    ("claude", b'{"a": "' + b"x" * 1_000_000 + b'"}', "more than"),
    ("opencode", b"{'a': 1}", "a key in double quotes"),
    ("codex", b"model = \n", "cannot be edited"),
    ("codex", b"a = 1\na = 2\n", "cannot be edited"),
    ("codex", b"x = " + b"[" * 2_000 + b"]" * 2_000, "cannot be edited"),
]


@pytest.mark.parametrize(("client", "content", "told"), BROKEN)
def test_what_cannot_be_read_is_told_and_left_alone(
    client: str, content: bytes, told: str, tmp_path: Path
) -> None:
    place = placed(client, tmp_path, content)
    with pytest.raises(ConfigError, match=told):
        connecting(place.file, leading_to(client), place.home)
    assert place.path.read_bytes() == content


UNFIT: list[tuple[str, bytes, str]] = [
    ("claude", b'{"env": []}', "`env` is no object"),
    ("claude", b'{"env": null}', "`env` is no object"),
    ("claude", b'{"hooks": {"PreToolUse": {}}}', "`hooks.PreToolUse` is no list"),
    ("claude", b'{"env": {"ANTHROPIC_CUSTOM_HEADERS": 1}}', "is no text"),
    ("opencode", b'{"provider": "x"}', "`provider` is no object"),
    ("codex", b"model_providers = {}\n", "cannot be edited safely"),
    ("codex", b"model_providers = 1\n", "is no table"),
]


@pytest.mark.parametrize(("client", "content", "told"), UNFIT)
def test_where_something_else_stands_nothing_is_written(
    client: str, content: bytes, told: str, tmp_path: Path
) -> None:
    place = placed(client, tmp_path, content)
    change = connecting(place.file, leading_to(client), place.home)
    assert any(told in why for why in change.refused)


NOTED: list[tuple[str, bytes, str]] = [
    ("claude", b'{"env": {"CLAUDE_CODE_USE_VERTEX": "1"}}', "CLAUDE_CODE_USE_VERTEX"),
    ("claude", b'{"disableAllHooks": true}', "disableAllHooks"),
    ("claude", b'{"allowedHttpHookUrls": []}', "allowedHttpHookUrls"),
    ("claude", b'{"fallbackModel": "sonnet"}', "fallbackModel is no list"),
    ("claude", b"{} // mine", "ignores such a file"),
    ("codex", b'profile = "a"\n[profiles.a]\nmodel_provider = "x"\n', "the profile `a`"),
    ("opencode", b'{"disabled_providers": ["anthropic"]}', "disabled_providers"),
    ("opencode", b'{"provider": {"groq": {}}}', "`groq` is left alone"),
]


@pytest.mark.parametrize(("client", "content", "told"), NOTED)
def test_what_will_not_work_is_told(client: str, content: bytes, told: str, tmp_path: Path) -> None:
    change = connecting(placed(client, tmp_path, content).file, leading_to(client), tmp_path / "home")
    assert any(told in note for note in change.notes)


def test_a_record_that_cannot_be_read_is_told(claude: Place) -> None:
    claude.connect()
    (record,) = (claude.home / "connections").glob("*.json")
    record.write_bytes(b"{")
    with pytest.raises(ConfigError, match="how a client was connected"):
        disconnecting(claude.file, claude.home)


def test_the_corpus_is_read_by_both_readers_alike() -> None:
    for client, fixture in FILES:
        text = fixture.read_bytes().decode()
        if client != "codex" and not jsonc.is_blank(text):
            read: Any = jsonc.read(text).plain
            assert read == values_of(client, text)
