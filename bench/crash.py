"""kill -9 under load, at random points, again and again on one ledger; stops at the first mistake.

python bench/crash.py [rounds=200] [seed=1]
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "store"))

from crashing import crash

ROUNDS_A_LEDGER = 20


def main(rounds: int, seed: int) -> None:
    """Run the rounds, a new ledger every `ROUNDS_A_LEDGER`; print what was found."""
    chance, acknowledged = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            path = Path(folder) / f"ledger-{number // ROUNDS_A_LEDGER}.sqlite"
            found = crash(path, number, lines=chance.randint(1, 600))
            if any((*found.lost, *found.doubled, found.problem, found.still_pending)):
                sys.exit(f"round {number} (seed {seed}): {found}")
            acknowledged += found.acknowledged
    print(f"{rounds} kills, {acknowledged:,} acknowledged entries: none lost, none twice, nothing left held")


if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]) if words else 200, int(words[1]) if len(words) > 1 else 1)
