"""How long `tierwise-check-frontmatter` takes as a whole process, beside what it cannot do without.

    python bench/check.py [--rounds N] [--json]

One skill, and two hundred: realistic SKILL.md files of about 3 KiB with a full routing block, each 25th with
a sidecar, each 50th with a routing table, written into a temporary folder. The baseline of one is a process
that only imports the YAML library; that of two hundred a process that imports it and parses the same
frontmatters into plain values. Rounds are interleaved; figures are medians, ratios those of CPU time.

The limits are 0.5 s for one file and 2 s for two hundred; a median of CPU time above one makes the exit code
1, because on a busy machine the wall clock measures the neighbours.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKILLS = 200
LIMITS_S = {"check 1": 0.5, "check 200": 2.0}
BASELINES = {"check 1": "import", "check 200": "parse 200"}
CHECK = "from tierwise.cli.check_frontmatter import main; main()"
IMPORT = "from ruamel.yaml import YAML"
PARSE = f"""import sys
{IMPORT}
for place in sys.argv[1:]:
    YAML(typ="safe", pure=True).load(open(place, encoding="utf-8").read().split("---")[1])
"""
HEAD = """\
---
name: skill-{n}
description: >-
  Traces the imports of page {n}, reads the headers of its files and says which of them run on the server.
  Use when a page has to be mapped before it is changed.
allowed-tools: Read, Grep, Glob
model:
  preferred: sonnet            # judgement, but no long chains
  acceptable: [haiku, sonnet]
  minimum: haiku
  allow_upgrade: true
  allow_downgrade: true
  reasoning_demand: medium
  estimated_tokens:
    input: 2000-5000
    output: 500-1500
    tool_calls: 3-8
  conditions:
    - when: "issue is a known pattern (exact CSS property fix, missing import)"
      downgrade_to: haiku
---
# Skill {n}

## Procedure

Step 1: Scan all files in the target directory.
  Model: haiku (mechanical)
Step 2: Classify each component.
  Model: sonnet (a judgement)
"""
PART = """
## Part {k}

Read the first ten lines of each file and write down what they import. Where a component is loaded
lazily, follow the import and note the boundary. Do not change anything yet.

```bash
grep -rn "export.*function" --include="*.tsx"
```
"""
TABLE = """
| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |
|---|---|---|---|---|
| skill-1 | ../skill-1/ | sonnet | Complex dynamic imports → opus | haiku |
"""


def write_skills(folder: Path) -> list[str]:
    """The SKILL.md files, by path."""
    places = []
    for n in range(SKILLS):
        place = folder / f"skill-{n}" / "SKILL.md"
        place.parent.mkdir()
        text = HEAD.format(n=n) + "".join(PART.format(k=k) for k in range(6))
        place.write_text(text + (TABLE if n % 50 == 49 else ""), encoding="utf-8")
        if n % 25 == 24:
            place.with_name("routing.yaml").write_text("preferred: sonnet\neffort: low\n", encoding="utf-8")
        places.append(str(place))
    return places


def took(code: str, args: list[str]) -> tuple[float, float]:
    """Seconds on the wall and of CPU that a fresh Python needs to run `code`."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *args], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds (wall, CPU) by name."""
    with tempfile.TemporaryDirectory() as folder:
        places = write_skills(Path(folder))
        runs = {
            "import": (IMPORT, []),
            "check 1": (CHECK, places[:1]),
            "parse 200": (PARSE, places),
            "check 200": (CHECK, places),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for _ in range(rounds + 1):
            for name, (code, args) in runs.items():
                times[name].append(took(code, args))
    median = statistics.median
    return {
        name: (median(w for w, _ in each[1:]), median(c for _, c in each[1:])) for name, each in times.items()
    }


def main() -> None:
    """Print the table; exit 1 if a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seconds = measure(options.rounds)
    rows = {
        name: {
            "wall_s": wall,
            "cpu_s": cpu,
            "x": cpu / seconds[BASELINES[name]][1] if name in BASELINES else 1.0,
        }
        for name, (wall, cpu) in seconds.items()
    }
    if options.json:
        print(json.dumps(rows))
    else:
        print(f"{'':10} {'wall ms':>8} {'CPU ms':>8}")
        for name, row in rows.items():
            beside = f"   {row['x']:4.1f} x {BASELINES[name]}" if name in BASELINES else ""
            print(f"{name:10} {row['wall_s'] * 1_000:8.0f} {row['cpu_s'] * 1_000:8.0f}{beside}")
    sys.exit(any(rows[name]["cpu_s"] > limit for name, limit in LIMITS_S.items()))


if __name__ == "__main__":
    main()
