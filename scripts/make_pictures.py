"""Make the pictures of the documents, and on request one of every page of the console, from a fresh demo.

    python scripts/make_pictures.py [--out docs/images] [--demo FOLDER]
    python scripts/make_pictures.py --all FOLDER [--check [--quick]] [--only NAME ...]

`--all` takes each page as the roles see it, in both languages, light and dark, 1280 and 390 px wide, with an index.html beside
them; `--check` also says what is wrong with each, and fails if anything is. `--demo` takes a finished demo, which is copied.
Needs the demo's extras, Debian's Chromium and its Noto CJK fonts. Nothing is drawn by hand: the terminal picture is the
recorded console of a real run.
"""

from __future__ import annotations

import argparse
import html
import io
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console_pictures import ALIKE_MAX, LOOKS, visiting
from console_places import PLACES
from playwright.sync_api import Error as PlaywrightError
from rich.console import Console

from dualtrack.cli.demo_summary import show_demo, show_next_steps
from dualtrack.demo.pages import STATEMENT
from dualtrack.demo.run import DemoResult, run_demo

if TYPE_CHECKING:
    from console_pictures import Visitor

WIDTH = 118
FOLDER = Path("dualtrack-demo")

# Latin and Chinese in fixed-width faces, so that columns stand as in a terminal.
TERMINAL = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>dualtrack demo</title><style>
body {{ margin: 0; padding: 20px 24px; background: #fdfdfb; color: #1d1d1b; }}
pre {{ margin: 0; font: 14px/1.34 "DejaVu Sans Mono", "Noto Sans Mono CJK TC", ui-monospace, monospace; }}
{stylesheet}</style><pre>{code}</pre></html>
"""
TERMINAL_SIZE = (1180, 1330)
REPORT_SIZE = (1280, 1700)
INDEX = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Pages of the console</title><style>
body {{ font: 15px/1.5 sans-serif; margin: 2rem; background: #e9eeec; color: #1b2426; }}
figure {{ display: inline-block; vertical-align: top; margin: 0 1rem 1rem 0; width: 15rem; }}
img {{ width: 100%; height: 20rem; object-fit: cover; object-position: top; border: 1px solid #748286; }}
</style><h1>Pages of the console, {count} pictures</h1>{sections}</html>
"""

DOCS = (("console", "overview", 0, 1120), ("use", "use-held", 0, 1500), ("receipt", "receipt-decided", 5, 1500))
"""Pictures of the documents: file, place, number of the look, most pixels of its height."""


def picture_terminal(result: DemoResult, visitor: Visitor, out: Path, work: Path) -> None:
    """Take a picture of what the demo command prints."""
    console = Console(
        record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, color_system="truecolor", highlight=False
    )
    console.print("$ dualtrack demo")
    console.print(STATEMENT.en)
    console.print(STATEMENT.zh)
    show_demo(console, result)
    show_next_steps(console, result._replace(folder=FOLDER))
    page = work / "terminal.html"
    page.write_text(console.export_html(code_format=TERMINAL), encoding="utf-8")
    visitor.picture_file(page, out / "demo.png", TERMINAL_SIZE)


def picture_documents(visitor: Visitor, out: Path) -> None:
    """Take the documents' pictures of the console."""
    places = {place.name: place for place in PLACES}
    for name, place, look, height in DOCS:
        page = visitor.look_at(places[place], LOOKS[look])
        width = LOOKS[look].width
        tall = min(height, page.evaluate("document.documentElement.scrollHeight"))
        page.screenshot(path=out / f"{name}.png", full_page=True, clip={"x": 0, "y": 0, "width": width, "height": tall})


def picture_all(visitor: Visitor, out: Path, asked: argparse.Namespace) -> int:
    """Take every page in every look; print what is wrong, and return how much is."""
    wrong, sections, alike = 0, [], ALIKE_MAX if asked.quick else None
    for place in [item for item in PLACES if not asked.only or item.name in asked.only]:
        figures = []
        for look in LOOKS:
            try:
                page = visitor.look_at(place, look)
            except (AssertionError, PlaywrightError) as error:
                wrong += 1
                print(f"{place.name}, {look.name}: {str(error).splitlines()[0]}", flush=True)
                continue
            name = f"{place.name}-{look.name}.png"
            page.screenshot(path=out / name, full_page=True)
            figures.append(
                f'<figure><a href="{name}"><img src="{name}" alt=""></a><figcaption>{look.name}</figcaption></figure>'
            )
            for problem in visitor.problems(page, alike_max=alike) if asked.check else ():
                wrong += 1
                print(f"{place.name}, {look.name}: {problem}", flush=True)
        who = place.role or "nobody signed in"
        sections.append(f"<h2>{html.escape(place.name)} <small>{html.escape(who)}</small></h2>{''.join(figures)}")
    index = INDEX.format(count=len(sections) * len(LOOKS), sections="\n".join(sections))
    (out / "index.html").write_text(index, encoding="utf-8")
    return wrong


def main() -> None:
    """Make all pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--all", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true", help="show axe the first parts of each list only")
    parser.add_argument("--only", nargs="+", default=(), choices=[place.name for place in PLACES], metavar="NAME")
    parser.add_argument("--demo", type=Path)
    args = parser.parse_args()
    if args.all is None and (args.check or args.quick or args.only):
        parser.error("--check, --quick and --only go with --all FOLDER")
    out = args.all or args.out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        demo = Path(work) / FOLDER
        result = None
        if args.demo is None:
            result = run_demo(demo, lambda: datetime.now(UTC), lambda _: None)
        else:
            shutil.copytree(args.demo, demo)
        with visiting(demo) as visitor:
            if args.all is not None:
                wrong = picture_all(visitor, out, args)
                if wrong:
                    raise SystemExit(f"{wrong} problems")
            else:
                picture_documents(visitor, out)
                visitor.picture_file(demo / "portfolio.html", out / "portfolio.png", REPORT_SIZE)
                if result is not None:
                    picture_terminal(result, visitor, out, Path(work))
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
