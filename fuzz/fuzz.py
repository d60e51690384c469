"""Feed a target with what atheris makes up, for as long as wanted.

    python fuzz/fuzz.py TARGET [SECONDS] [ARGUMENT OF libFuzzer …]      `make fuzz` runs all targets
    python fuzz/fuzz.py TARGET 0 FILE                                   tries one input again

New inputs that reach new code are kept in `fuzz/found/TARGET` (not committed); what breaks a promise is
written to `fuzz/found/TARGET-crash-…`: put a small one into `fuzz/corpus/TARGET`, where every test run tries
it again.

Source: https://llvm.org/docs/LibFuzzer.html (the options).
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent

with atheris.instrument_imports(include=["tierwise"]):
    from fuzz_targets import TARGETS


def main() -> None:
    """Run one target; never returns, libFuzzer ends the process."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"Usage: python fuzz/fuzz.py {{{','.join(TARGETS)}}} [SECONDS] [ARGUMENT OF libFuzzer …]")
    name, seconds, *more = sys.argv[1:] if len(sys.argv) > 2 else [*sys.argv[1:], "60"]
    found = HERE / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", "-max_len=8192", "-timeout=20", "-rss_limit_mb=2048"]
    kept = [f"-artifact_prefix={HERE / 'found'}/{name}-", f"-dict={HERE / 'words.dict'}"]
    again = any(Path(one).is_file() for one in more)
    folders = [] if again else [str(found), str(HERE / "corpus" / name)]
    atheris.Setup([sys.argv[0], *limits, *kept, *more, *folders], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
