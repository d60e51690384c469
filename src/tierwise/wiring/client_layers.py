"""Settings layers: every file that a client reads its settings from for a project, the strongest first.

    claude      managed-settings.json of the machine, PROJECT/.claude/settings.local.json,
                PROJECT/.claude/settings.json, the user's settings.json
    codex       the user's config.toml: a project's may not name a provider
    opencode    the project's opencode.json[c], the user's

Source: research/clients.md sections 2, 11 and 12; code.claude.com/docs/en/settings (precedence).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tierwise.wiring.client_places import settings_file

MANAGED: Final = {
    "darwin": "/Library/Application Support/ClaudeCode",
    "win32": "C:/Program Files/ClaudeCode",
}
MANAGED_ELSEWHERE: Final = "/etc/claude-code"


def settings_layers(client: str, project: Path) -> list[tuple[str, Path]]:
    """(managed, local, project or user, the file), whether it is there or not."""
    user = ("user", settings_file(client, None).path)
    if client == "codex":
        return [user]
    of_project = settings_file(client, project).path
    if client == "opencode":
        return [("project", of_project), user]
    managed = Path(MANAGED.get(sys.platform, MANAGED_ELSEWHERE))
    local = of_project.with_name("settings.local.json")
    return [
        ("managed", managed / "managed-settings.json"),
        ("local", local),
        ("project", of_project),
        user,
    ]
