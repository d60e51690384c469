"""What routing saves with its eye on the prompt cache, and without it, in dollars of the simulator's caches.

    python bench/caches.py [--json]

The demo's session is played twice over: with its larger skills in conversations of their own (`context:
fork`), and with all of them in the main conversation, where every switch of the model leaves a warm cache
behind. Each is played three times: with routing off (the baseline of its layout), with `switch_cost:
off`, and with the rule that undoes a lowering which would cost more than it saves. In one turn the user
asks for another model; no rule undoes that. Figures are dollars at list prices and the share saved; they
do not depend on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tierwise import wiring
from tierwise.cli.demo import PROJECT
from tierwise.core.prices import usd
from tierwise.demo.play import SESSION, play
from tierwise.demo.session import TURNS, Turn, script
from tierwise.simulator.script_reading import script_of

PLENTY_USD = 100
LAYOUTS = {
    "larger skills as forks": TURNS,
    "all skills in one conversation": tuple(replace(turn, fork=False) for turn in TURNS),
}
WAYS = {
    "routing off": "mode: off\n",
    "routing, switch_cost: off": "switch_cost: off\n",
    "routing": "",
}


async def spent_usd(turns: Sequence[Turn], config: str) -> float:
    """What the session costs under a configuration, with a budget that never presses."""
    with tempfile.TemporaryDirectory(prefix="tierwise-bench-") as home:
        user_file = Path(home) / "model-routing.yaml"
        user_file.write_text(f"weekly_budget: {{total_spend: {PLENTY_USD}}}\n{config}")
        options = wiring.ServeOptions(
            store="memory",
            skill_roots=(PROJECT,),
            project=PROJECT,
            script=script_of(script(turns), "the demo's script"),
            user_file=user_file,
        )
        async with wiring.serving(options, alarm=print) as running:
            async for _ in play(running.url, PROJECT, turns):
                pass
            await running.recorded()
            return usd(sum(e.cost_nanousd or 0 for e in running.store.executions(session=SESSION)))


def main() -> None:
    """Play all of it and print one line a way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    found = {
        layout: {way: asyncio.run(spent_usd(turns, config)) for way, config in WAYS.items()}
        for layout, turns in LAYOUTS.items()
    }
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for layout, ways in found.items():
        print(layout)
        baseline = ways["routing off"]
        for way, cost in ways.items():
            print(f"  {way:27} ${cost:.3f}   saved {1 - cost / baseline:6.1%}")


if __name__ == "__main__":
    main()
