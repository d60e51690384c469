"""What every test shares: bounded, repeatable random examples."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["GSD_HOME"] = os.devnull  # what the person who runs the tests prefers must not count

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")
