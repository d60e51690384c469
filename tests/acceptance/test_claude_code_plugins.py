"""The real Claude Code takes what `tierwise scaffold` writes for a plugin without a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from real_client import INSTALL_S

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(INSTALL_S + 120)]

PATTERNS = ("plain", "cascade", "prescreen", "batch")


def run(*command: object, cwd: Path) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "TIERWISE_HOME": str(cwd), "NO_COLOR": "1"}
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def test_a_scaffolded_suite_passes_the_clients_own_strict_validation(claude: Path, tmp_path: Path) -> None:
    tierwise = (sys.executable, "-m", "tierwise", "scaffold")
    run(*tierwise, "suite", "frontend-qa", "--skills", "page-mapper", cwd=tmp_path)
    for pattern in PATTERNS:
        skill = ("skill", f"by-{pattern}", "--pattern", pattern)
        run(*tierwise, *skill, "--suite", "frontend-qa", cwd=tmp_path)

    said = run(claude, "plugin", "validate", "--strict", "frontend-qa", cwd=tmp_path)

    assert "Validation passed" in said
    for name in ("frontend-qa-coordinator", "page-mapper", *(f"by-{pattern}" for pattern in PATTERNS)):
        assert f"frontend-qa:{name}" in said
