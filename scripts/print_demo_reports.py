"""Print the made annual reports that the demo's research desk is measured on, so that the demo needs neither Typst nor a Chinese font.

    python scripts/print_demo_reports.py

Written to src/dualtrack/demo/data/reports. Run it again when the generator changes: a test compares their pages with what it makes.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import yaml

from dualtrack.apps.research.evidence.reports import load_reports

FOLDER = Path(str(resources.files("dualtrack.demo"))) / "data"


def main() -> None:
    """Print them all."""
    wanted = yaml.safe_load((FOLDER / "research-use.yaml").read_text(encoding="utf-8"))["reports"]
    for each in load_reports(wanted["count"], first=wanted["first"]):
        path = FOLDER / "reports" / f"report-{each.truth.seed}.pdf"
        path.write_bytes(each.pdf)
        print(f"{path.name}: {len(each.pdf):,} bytes")


if __name__ == "__main__":
    main()
