"""Configurations: the merged configuration of a project under the user's own files.

Source: rules.md section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tierwise.wiring.catalogs import tier_of_model
from tierwise.wiring.places import gsd_home, user_file

if TYPE_CHECKING:
    from tierwise.files.config import Config


def configuration(project: Path | None, texts: Mapping[Path, str] | None = None) -> Config:
    """The configuration as it stands for a project; `texts` stand in for what files hold."""
    from tierwise.files.config import load_config

    return load_config(
        user_file=user_file(),
        project=project,
        gsd_home=gsd_home(),
        tier_of_model=tier_of_model,
        texts=texts or {},
    )
