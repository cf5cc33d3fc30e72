"""Make the pictures of the documents: what the demo prints and a page that it writes, as PNG.

    python scripts/make_pictures.py [--out docs/images]

Needs the demo's extras, Debian's Chromium and its Noto CJK fonts. Nothing is drawn by hand: the terminal picture is the recorded
console of a real run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from dualtrack.cli.demo_summary import show_demo, show_next_steps
from dualtrack.demo.pages import STATEMENT
from dualtrack.demo.run import run_demo

WIDTH = 118
PAGE = "1280,1700"

# Latin and Chinese in fixed-width faces, so that columns stand as in a terminal.
TERMINAL = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>dualtrack demo</title><style>
body {{ margin: 0; padding: 20px 24px; background: #fdfdfb; color: #1d1d1b; }}
pre {{ margin: 0; font: 14px/1.34 "DejaVu Sans Mono", "Noto Sans Mono CJK TC", ui-monospace, monospace; }}
{stylesheet}</style><pre>{code}</pre></html>
"""
TERMINAL_SIZE = "1180,1330"


def picture_terminal(out: Path, work: Path) -> Path:
    """Record the console of a run and take its picture; returns the demo's folder."""
    console = Console(record=True, width=WIDTH, force_terminal=True, color_system="truecolor", highlight=False)
    folder = Path("dualtrack-demo")
    result = run_demo(work / folder, lambda: datetime.now(UTC), lambda _: None)
    console.print("$ dualtrack demo")
    console.print(STATEMENT.en)
    console.print(STATEMENT.zh)
    show_demo(console, result)
    show_next_steps(console, result._replace(folder=folder))
    page = work / "terminal.html"
    page.write_text(console.export_html(code_format=TERMINAL), encoding="utf-8")
    picture_page(page, (out / "demo.png").absolute(), TERMINAL_SIZE)
    return work / folder


def picture_page(page: Path, target: Path, size: str = PAGE) -> None:
    """Take a picture of a page with headless Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print(f"no Chromium: {target.name} is left as it is")
        return
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]
    subprocess.run(
        [chromium, *flags, f"--window-size={size}", f"--screenshot={target}", page.as_uri()],
        check=True,
        capture_output=True,
    )


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        demo = picture_terminal(out, Path(work))
        picture_page(demo / "portfolio.html", (out / "portfolio.png").absolute())
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
