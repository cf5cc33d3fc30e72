"""Compile the shipped packs and pin them by digest: run after every change of a pack or of the topic catalogue.

Usage: python scripts/pin_packs.py [--check]

Writes `<id>.json` beside each `<id>.yaml` and `pins.json`; nothing is written unless every pack compiles and passes its own
tests. With --check it only says what differs, and ends with 1 if anything does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dualtrack.domain import canonical
from dualtrack.errors import DualtrackError
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.rules.pack import load_pack
from dualtrack.rules.selftest import self_test
from dualtrack.rules.source import compile_pack

PACKS = Path(__file__).parents[1] / "src" / "dualtrack" / "rules" / "packs"


def build() -> dict[str, bytes]:
    """Return every file that belongs beside the YAML sources, by name; raises SystemExit with all problems."""
    files: dict[str, bytes] = {}
    pins: dict[str, str] = {}
    problems: list[str] = []
    for source in sorted(PACKS.glob("*.yaml")):
        try:
            compiled = compile_pack(source.read_bytes(), shipped_topics(), where=source.name)
        except DualtrackError as error:
            problems.append(str(error))
            continue
        pack = load_pack(compiled)
        if pack.id != source.stem:
            problems.append(f"{source.name}: its id is {pack.id}; name the file {pack.id}.yaml")
        problems += [f"{source.name}: {failure}" for failure in self_test(pack)]
        files[f"{pack.id}.json"] = compiled
        pins[pack.id] = pack.digest
    if problems:
        raise SystemExit("\n".join(problems))
    files["pins.json"] = (json.dumps(pins, indent=2, sort_keys=True) + "\n").encode()
    return files


def main() -> int:
    """Write what differs, or with --check say it."""
    files = build()
    current = {path.name: path.read_bytes() for path in PACKS.glob("*.json")}
    stale = sorted(name for name in current.keys() | files.keys() if current.get(name) != files.get(name))
    if "--check" in sys.argv[1:]:
        print("\n".join(f"{name} differs: run scripts/pin_packs.py" for name in stale) or "all packs are pinned")
        return 1 if stale else 0
    for name in stale:
        if name not in files:
            (PACKS / name).unlink()
            continue
        temporary = PACKS / f".{name}.tmp"
        temporary.write_bytes(files[name])
        temporary.replace(PACKS / name)
        print(f"{name}  {canonical.digest(files[name])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
