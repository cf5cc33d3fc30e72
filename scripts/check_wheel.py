"""Check that a wheel holds what it must and nothing that it must not.

    python scripts/check_wheel.py dist/dualtrack-0.1.0-py3-none-any.whl

Every file under src/ must be in the wheel byte for byte, the verifier at the top level, and beyond these only the wheel's
own metadata. So a data file forgotten by the build is found here and not by a user.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src"
MUST = (
    "dualtrack_verify.py",
    "dualtrack/rules/packs/sfc-24ec55.yaml",
    "dualtrack/evidence/data/taiwan_default.parquet",
)
"""Named once more by hand: these must exist in src/ as well."""
SKIPPED = ("__pycache__",)
MUST_HAVE_FOLDERS = ("dualtrack/intake/templates/", "dualtrack/present/templates/", "dualtrack/rules/packs/")


def main() -> int:
    """Print what is missing, changed or too much; return the exit code."""
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        found = {info.filename: wheel.read(info) for info in wheel.infolist() if not info.is_dir()}
    wanted = {
        path.relative_to(SOURCE).as_posix(): path.read_bytes()
        for path in SOURCE.rglob("*")
        if path.is_file() and not set(SKIPPED) & set(path.parts) and path.suffix != ".pyc"
    }
    faults = [f"missing: {name}" for name in sorted({*wanted, *MUST} - set(found))]
    faults += [f"differs: {name}" for name in sorted(wanted) if name in found and found[name] != wanted[name]]
    faults += [f"too much: {name}" for name in sorted(set(found) - set(wanted)) if ".dist-info/" not in name]
    faults += [f"empty: {name}" for name in MUST_HAVE_FOLDERS if not any(entry.startswith(name) for entry in found)]
    print(
        "\n".join(faults)
        or f"{sys.argv[1]}: {len(found)} files, {sum(map(len, found.values())) / 1e6:.1f} MB: complete"
    )
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
