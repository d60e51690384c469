"""Killed without warning at any point, the ledger has all that it acknowledged, once, and ends every hold.

`bench/crash.py` does the same two hundred times.
"""

from __future__ import annotations

import random
from pathlib import Path

from crashing import crash

ROUNDS = 5


def test_what_was_acknowledged_survives_kill_9_and_nothing_stays_held(tmp_path: Path) -> None:
    chance = random.Random(9)
    for number in range(ROUNDS):
        found = crash(tmp_path / "ledger.sqlite", number, lines=chance.randint(1, 300))
        assert found.acknowledged > 0
        assert (found.lost, found.doubled, found.problem, found.still_pending) == ((), (), "", 0)
