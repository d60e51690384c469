"""The machine: its clock, its environment, and where a person's own files lie on it.

Source: design.md, "The shape".
"""

from __future__ import annotations

import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

import platformdirs


def now_us() -> int:
    """The present in µs since the epoch, UTC."""
    return time.time_ns() // 1_000


def day_of(at_us: int) -> str:
    """The UTC day of a moment, as an ISO date: what prices are dated by."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).date().isoformat()


def midnight_us(at_us: int) -> int:
    """When the day of a moment began, by the clock on this machine's wall, in µs since the epoch.

    Where midnight is skipped, the day begins behind the gap; where there are two, at the first.
    """
    today = _on_the_wall(at_us // 1_000_000).replace(hour=0, minute=0, second=0, tzinfo=None)
    midnights = [int(today.replace(fold=fold).timestamp()) for fold in (0, 1)]
    return 1_000_000 * min(at for at in midnights if _on_the_wall(at).date() == today.date())


def _on_the_wall(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC).astimezone()


def new_id() -> str:
    """A fresh id for a call; ids sort by time."""
    return f"{now_us():013x}{secrets.token_hex(6)}"


def home_dir() -> Path:
    """Where state and the user's own files live: `$TIERWISE_HOME`, else the platform's data folder."""
    named = os.environ.get("TIERWISE_HOME")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("tierwise"))


def user_file() -> Path:
    """The user's own configuration."""
    return home_dir() / "model-routing.yaml"


def gsd_home() -> Path:
    """Where GSD keeps the user's preferences: `$GSD_HOME`, else `~/.gsd`."""
    named = os.environ.get("GSD_HOME")
    return Path(named).expanduser() if named else Path.home() / ".gsd"


def own_skill_folders() -> tuple[Path, ...]:
    """Where a person's own skills and plugins live, for every client that has such a place."""
    home = Path.home()
    return (
        home / ".claude" / "skills",
        home / ".claude" / "agents",
        home / ".claude" / "plugins",
        home / ".agents" / "skills",
        home / ".codex" / "skills",
    )
