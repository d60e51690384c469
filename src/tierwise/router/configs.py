"""Configurations: the merged configuration of each project, read again only when a file has changed.

Source: rules.md section 5.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Final

from tierwise.files.config import Config, config_files, load_config
from tierwise.files.tier_words import TierOfModel
from tierwise.router.shelf import Signature, signature_of

MAX_PROJECTS: Final = 64


class Configs:
    """Configurations by project; `default_project` stands in where a call names none."""

    def __init__(
        self,
        user_file: Path | None,
        default_project: Path | None,
        tier_of_model: TierOfModel,
        gsd_home: Path | None = None,
    ) -> None:
        self._user_file = user_file
        self._default_project = default_project
        self._gsd_home = gsd_home
        self._tier_of_model = tier_of_model
        self._read: OrderedDict[Path | None, tuple[Signature, Config]] = OrderedDict()

    def of(self, project: Path | None) -> Config:
        """The configuration of the project, or of the default one."""
        project = project or self._default_project
        now = signature_of(config_files(user_file=self._user_file, project=project, gsd_home=self._gsd_home))
        known = self._read.get(project)
        if known is None or known[0] != now:
            config = load_config(
                user_file=self._user_file,
                project=project,
                gsd_home=self._gsd_home,
                tier_of_model=self._tier_of_model,
            )
            known = now, config
        self._read[project] = known
        self._read.move_to_end(project)
        while len(self._read) > MAX_PROJECTS:
            self._read.popitem(last=False)
        return known[1]
