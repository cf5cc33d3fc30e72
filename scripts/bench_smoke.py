"""Run every benchmark on little data, to see that each still runs; the figures of such a run mean nothing.

    python scripts/bench_smoke.py

A benchmark is a file of benchmarks/ that ends with a `__main__` block. Its small arguments stand in benchmarks/smoke.yaml;
one that is not listed there is refused, so that none is forgotten. A listed limit on time may be missed at this size, so
exit 1 of a benchmark with `limits: ignored` is accepted: it ran to its end.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

AT_ONCE = 2
"""Benchmarks that run side by side."""

FOLDER = Path(__file__).parent.parent / "benchmarks"
SECONDS_MAX = 120
"""A smoke run that takes longer is not small."""


def main() -> int:
    """Run them all; return 1 if one failed or is not listed."""
    listed = yaml.safe_load((FOLDER / "smoke.yaml").read_text(encoding="utf-8"))
    present = sorted(path.name for path in FOLDER.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))
    for name in sorted(set(present) ^ set(listed)):
        print(f"{name}: listed in benchmarks/smoke.yaml or present in benchmarks/, but not both", file=sys.stderr)
    wanted = [name for name in present if name in listed]
    with ThreadPoolExecutor(
        max_workers=AT_ONCE
    ) as pool:  # figures of such a run mean nothing, so they may disturb one another
        failed = [
            name
            for name, good in zip(wanted, pool.map(lambda name: runs(name, listed[name] or {}), wanted), strict=True)
            if not good
        ]
    return int(bool(failed) or set(present) != set(listed))


def runs(name: str, how: dict[str, object]) -> bool:
    """Run one benchmark and print how it ended, with its last lines if it failed."""
    arguments = str(how.get("arguments", "")).split()
    accepted = {0, 1} if how.get("limits") == "ignored" else {0}
    begun = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, str(FOLDER / name), *arguments],
            capture_output=True, text=True, check=False, timeout=SECONDS_MAX,
        )  # fmt: skip
        code, output = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        code, output = -1, f"not done after {SECONDS_MAX} s"
    good = code in accepted and "Traceback" not in output
    print(f"{'ran' if good else 'FAILED'}  {time.perf_counter() - begun:6.1f} s  {name} {' '.join(arguments)}")
    if not good:
        print("\n".join(output.splitlines()[-15:]), file=sys.stderr)
    return good


if __name__ == "__main__":
    sys.exit(main())
