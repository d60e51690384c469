"""How `recommend` agrees with authors who named a tier, beside two baselines on the same files.

    python bench/recommend.py FOLDER… [--json]

Takes every SKILL.md and agents/*.md below the folders that has a plain `model: haiku|sonnet|opus` (or the id
of a model in the catalog), hides that word, and asks for a recommendation. Files of one name and description
count once. Baselines: always sonnet, and always what most of these authors named (known only afterwards, so
no method could use it).

Caveat: the word is what an author wished for, by subject, habit or the year's prices, and says nothing about
whether a lower tier would have done. Agreement is a sign of sense, not a measure of quality; only evals are.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tierwise.core.recommending import recommend
from tierwise.files.frontmatter import read_page
from tierwise.files.skill_files import read_skill
from tierwise.files.text_files import read_text
from tierwise.files.tier_words import TierWords
from tierwise.files.walk import skill_paths
from tierwise.files.work_signals import named_tier, work_signals
from tierwise.wiring import tier_lookup

NONE = "none"
RUNGS = ("haiku", "sonnet", "opus")


def pairs(folders: list[Path]) -> Iterator[tuple[str, str, str]]:
    """(declared, recommended, confidence) of every file whose author named a tier; "" for any other."""
    words = TierWords(tier_of_model=tier_lookup())
    known = set()
    for path in skill_paths(folders)[0]:
        file = read_skill(path, words.ladder, words.tier_of_model)
        if (file.name, file.description) in known:
            continue
        known.add((file.name, file.description))
        page, _ = read_page(read_text(path)[0] or "", str(path))
        declared = named_tier(page, words)
        found = recommend(work_signals(page, file.name, words), words.ladder)
        recommended = NONE if found.routing is None else str(found.routing.preferred)
        yield (str(declared) if declared else "", recommended, str(found.confidence))


def figures(found: list[tuple[str, str, str]]) -> dict[str, object]:
    """The confusion matrix and the shares, over the files whose author named one of `RUNGS`."""
    named = [(declared, recommended) for declared, recommended, _ in found if declared in RUNGS]
    answered = [(declared, recommended) for declared, recommended in named if recommended != NONE]
    most = Counter(declared for declared, _ in named).most_common(1)
    majority = most[0][0] if most else NONE
    return {
        "files": len(found),
        "recommended": dict(Counter(recommended for _, recommended, _ in found)),
        "named": len(named),
        "answered": len(answered),
        "matrix": {
            declared: {one: named.count((declared, one)) for one in (*RUNGS, NONE)} for declared in RUNGS
        },
        "agreement": share([declared == one for declared, one in answered]),
        "at_most_one_rung_off": share(
            [abs(RUNGS.index(declared) - RUNGS.index(one)) <= 1 for declared, one in answered]
        ),
        "always_sonnet": share([declared == "sonnet" for declared, _ in answered]),
        "majority": {
            "tier": majority,
            "agreement": share([declared == majority for declared, _ in answered]),
        },
    }


def share(hits: list[bool]) -> float | None:
    """The share of hits; None of nothing."""
    return round(sum(hits) / len(hits), 3) if hits else None


def main() -> None:
    """Print the matrix, or everything as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    begin = time.perf_counter()
    result = figures(list(pairs(args.folders)))
    result["seconds"] = round(time.perf_counter() - begin, 1)
    print(json.dumps(result, indent=2) if args.json else as_text(result))


def as_text(result: dict[str, object]) -> str:
    """The figures as a table."""
    matrix = result["matrix"]
    assert isinstance(matrix, dict)
    head = f"{'named by author':16}" + "".join(f"{one:>8}" for one in (*RUNGS, NONE)) + "   recommended"
    rows = [
        f"{declared:16}" + "".join(f"{row[one]:8}" for one in (*RUNGS, NONE))
        for declared, row in matrix.items()
    ]
    rest = [f"{key}: {value}" for key, value in result.items() if key != "matrix"]
    return "\n".join([head, *rows, "", *rest])


if __name__ == "__main__":
    main()
