"""Print the part of the lock, with its hashes, that the core and some more packages need: installed with `--no-deps`.

    python scripts/lock_part.py pytest hypothesis >part.txt

The lock says of each package what asked for it (`# via`), so the part is read from it alone. It is less than a third of the
lock, for the few tests that `.ci/run` repeats on every Python.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAME = re.compile(r"[A-Za-z0-9._-]+")


def blocks(lock: str) -> dict[str, str]:
    """Return what the lock says of each package, by its name."""
    found = re.split(r"(?m)^(?=[a-z0-9])", lock)[1:]
    return {NAME.match(block)[0]: block for block in found if NAME.match(block)}  # type: ignore[index]  # matched just now


def needed(lock: dict[str, str], roots: set[str]) -> set[str]:
    """Return the packages that the roots need, themselves among them; raises SystemExit for a root that is not locked."""
    if missing := roots - lock.keys():
        raise SystemExit(f"not in the lock: {', '.join(sorted(missing))}: run scripts/lock.sh")
    asked_by = {name: set(NAME.findall(block.partition("# via")[2])) for name, block in lock.items()}
    found: set[str] = set()
    more = roots
    while more:
        found |= more
        more = {name for name, by in asked_by.items() if by & found} - found
    return found


def main() -> int:
    """Print the part for the core, its build tool and the packages named."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"], *sys.argv[1:]]
    roots = {NAME.match(text)[0].lower() for text in asked}  # type: ignore[index]  # a requirement begins with its name
    lock = blocks((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    found = needed(lock, roots)
    print("".join(block for name, block in lock.items() if name in found), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
