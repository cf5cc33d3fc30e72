"""Print what the installed product weighs: its distributions and their bytes on disk, with the extras asked for.

    python scripts/installed_size.py                                        the core alone
    python scripts/installed_size.py --extra models --megabytes-max 600     with what the demo needs

Counted are the distributions that the project asks for, directly or not, and the files each one recorded when it was
installed, compiled caches included. Tools that happen to stand in the same environment are not counted. One megabyte
is 1,000,000 bytes. Ends with exit 1 above a limit.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source, find_spec
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = "dualtrack"


def main() -> int:
    """Print the two figures; return the exit code."""
    options = _options()
    names = sorted(reachable(options.extra))
    megabytes = (sum(recorded_bytes(distribution(name)) for name in names) + own_bytes()) / 1e6
    extras = f" with {', '.join(options.extra)}" if options.extra else ""
    print(f"Installed: {PROJECT}{extras}: {len(names)} packages it depends on, {megabytes:.0f} MB together.")
    if options.list:
        for name in names:
            print(f"  {recorded_bytes(distribution(name)) / 1e6:7.1f} MB  {name}")
    if len(names) > options.packages_max or megabytes > options.megabytes_max:
        print(f"Above the limit of {options.packages_max} packages or {options.megabytes_max} MB.", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--extra", action="append", default=[], help="an extra of the project; may be repeated")
    parser.add_argument("--megabytes-max", type=float, default=float("inf"))
    parser.add_argument("--packages-max", type=int, default=sys.maxsize)
    parser.add_argument("--list", action="store_true", help="name each package")
    return parser.parse_args()


def reachable(extras: list[str]) -> set[str]:
    """Return the distributions that the project needs on this machine, directly or not."""
    found: set[str] = set()
    open_ends = [(PROJECT, frozenset(extras))]
    seen = set(open_ends)
    while open_ends:
        name, wanted = open_ends.pop()
        for text in distribution(name).requires or []:
            need = Requirement(text)
            if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in ["", *wanted]):
                continue
            found.add(need.name.lower().replace("_", "-"))
            step = (need.name, frozenset(need.extras))
            if step not in seen:
                seen.add(step)
                open_ends.append(step)
    return found


def recorded_bytes(dist: Distribution) -> int:
    """Return the bytes of the files that a distribution installed and that are still there."""
    paths = {Path(str(dist.locate_file(file))) for file in dist.files or []}
    caches = {Path(cache_from_source(str(path))) for path in paths if path.suffix == ".py"}
    return sum(path.stat().st_size for path in paths | caches if path.is_file())


def own_bytes() -> int:
    """Return the bytes of the package itself, also where it runs from the checkout."""
    spec = find_spec(PROJECT)
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    files = [path for path in folder.rglob("*") if path.is_file()] if folder != Path() else []
    return sum(path.stat().st_size for path in [*files, folder.parent / "dualtrack_verify.py"] if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
