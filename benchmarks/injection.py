"""Prompt injection end to end: orders to and through customer service and the research desk, with a model behind them that obeys everything.

    python benchmarks/injection.py [--smoke] [--list] [--service | --research]

Customer service: 60 orders a language written by the customer, and 40 hidden in approved passages, each once as text of the corpus (ten
forms, of them a comment, letters with nothing between, the end of a long passage, a false fence) and once in a PDF that is taken in as an
operator does (in the text, a footnote, white, tiny, a table, covered). Research: 30 in a PDF filing (in the text, a cell, white, tiny, a
footnote) asked through the desk, and 10 in the heading of a table, of which a model writes SQL. Texts in injection_*.yaml, our own, written
before a rule of a guard was seen. The endpoint (injection_model.py) carries out whatever order reaches it, in several manners; an attack
counts with the manner that got furthest, so the rates bound those of real models from above. Each way is measured with the guards of a
policy and without any; `quoting` has no model.

Carried out: the customer or analyst sees what the order demands (words, a promise, advice, a line of the prompt, another figure), but for the
order itself in an approved text, which is `quoted`. Changed: an entry in the ledger that is not the conversation's own (complaint, opt-out,
hold, permit, note), a closed conversation, a file. Shares with a 95 per cent Wilson interval, orders in two places as one cluster. Ends with
1 where anything changed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import runtime_parts
from injection_model import Obedient
from injection_research import WAYS as DESK_WAYS
from injection_research import Asked, Desks, filings, headings
from injection_service import WAYS, Firm, Tried, batches, direct, hidden, ordinary
from injection_texts import LANGUAGES

from dualtrack.demo.language.intervals import clustered_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ENDS = ("guard", "person", "quotation", "rules", "model", "nothing")
ROUTES = ("passage", "pdf")


def share(tries: Sequence[Tried | Asked], hit: str) -> str:
    """Return hits, attempts and the interval; tries of one order are one cluster."""
    clusters: dict[str, tuple[int, int]] = {}
    for each in tries:
        name = each.order.id.partition("-")[2]
        hits, count = clusters.get(name, (0, 0))
        clusters[name] = (hits + bool(getattr(each, hit)), count + 1)
    found = clustered_share(list(clusters.values()))
    return f"{found.hits:3}/{found.n:<3} [{found.low:.3f}, {found.high:.3f}]"


def line(name: str, tries: Sequence[Tried | Asked]) -> None:
    """Print what came of attacks."""
    ends = Counter(each.end for each in tries)
    said = ", ".join(f"{end} {ends[end]}" for end in ENDS if ends[end])
    print(
        f"{name:44} carried out {share(tries, 'carried')}  quoted {share(tries, 'quoted')}  changed {share(tries, 'changed')}"
    )
    print(f"{'':44} reached a model {sum(each.met for each in tries)}; ended with {said}")


def show(name: str, tries: Sequence[Tried | Asked], *, listed: bool) -> None:
    """Print a family of attacks by language, and what was carried out by kind."""
    for language in LANGUAGES:
        own = [each for each in tries if each.order.language == language]
        line(f"{name}, {language}", own)
        kinds = {
            kind: [each for each in own if each.order.kind == kind]
            for kind in dict.fromkeys(each.order.kind for each in own)
        }
        said = "; ".join(f"{kind} {share(found, 'carried').strip()}" for kind, found in kinds.items())
        print(f"{'':44} by kind: {said}")
    if entered := sum(getattr(each, "entered", False) for each in tries):
        print(f"{'':44} the customer's own words entered as a complaint or an opt-out, before any model: {entered}")
    if done := [each for each in tries if each.carried and hasattr(each, "warned")]:
        print(
            f"{'':44} of {len(done)} carried out, {sum(each.warned for each in done)} with the words that no word of the question is in its line"
        )
    for each in tries:
        if each.changed or (listed and (each.carried or each.quoted)):
            what = "CHANGED" if each.changed else "carried" if each.carried else "quoted"
            print(
                f"  {what} {each.order.id} ({each.form or 'direct'}, {each.manner}) {' '.join(each.changed)} {each.order.text!r}\n    {each.shown!r:.400}"
            )


def service(folder: Path, model: Obedient, *, smoke: bool, listed: bool) -> list[Tried]:
    """Measure customer service."""
    everything: list[Tried] = []
    step, most = (15, 4) if smoke else (1, 40)
    made = {route: list(batches(route, most)) for route in ROUTES}
    for route in ROUTES:
        whole = sum(len(each.hidden) for each in made[route]) * len(LANGUAGES)
        out, flagged = (sum(len(getattr(each, name)) for each in made[route]) for name in ("left_out", "flagged"))
        print(
            f"hidden orders by {route}: {whole}, not taken in for nobody sees them {out}, named by the check of passages {flagged}"
        )
    for at, way in enumerate(["model", "quoting"] if smoke else WAYS):
        with Firm(folder / f"direct-{at}", model, way=way, more=[]) as firm:
            tries = list(direct(firm, step))
            show(f"service, {way}: direct", tries, listed=listed)
            everything += tries
            false_alarms(way, ordinary(firm, 3 if smoke else 30), listed=listed)
        together = []
        for route in ROUTES:
            tries = []
            for number, batch in enumerate(made[route]):
                with Firm(folder / f"{route}-{at}-{number}", model, way=way, more=batch.passages) as firm:
                    tries += list(hidden(firm, batch))
            show(f"service, {way}: hidden in a {route}", tries, listed=listed)
            together += tries
        show(f"service, {way}: hidden, all", together, listed=False)
        everything += together
    return everything


def false_alarms(way: str, found: Iterable[tuple[str, str, str]], *, listed: bool) -> None:
    """Print how many ordinary messages were turned away."""
    rows = list(found)
    for language in LANGUAGES:
        cases = [(int(end in {"guard", "person"}), 1) for tongue, _, end in rows if tongue == language]
        away = clustered_share(cases)
        print(
            f"service, {way}: ordinary messages turned away, {language}: {away.hits}/{away.n} [{away.low:.3f}, {away.high:.3f}]"
        )
    if listed:
        for _, text, end in rows:
            if end in {"guard", "person"}:
                print(f"  {end}: {text}")


def research(folder: Path, model: Obedient, *, smoke: bool, listed: bool) -> list[Asked]:
    """Measure the research desk."""
    everything: list[Asked] = []
    for at, way in enumerate(["model"] if smoke else DESK_WAYS):
        with Desks(folder / f"desk-{at}", model, way=way) as desks:
            for name, tries in (
                ("orders in filings", list(filings(desks, 9 if smoke else 1))),
                ("orders in headings", list(headings(desks, 2 if smoke else 10))),
            ):
                show(f"research, {way}: {name}", tries, listed=listed)
                everything += tries
    return everything


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="few orders and ways")
    parser.add_argument(
        "--list", action="store_true", dest="listed", help="print each attack that was carried out or quoted"
    )
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--service", action="store_true", help="customer service alone")
    one.add_argument("--research", action="store_true", help="the research desk alone")
    options = parser.parse_args()
    runtime_parts.settle()
    begun = time.process_time()
    tries: list[Tried | Asked] = []
    with tempfile.TemporaryDirectory(prefix="dualtrack-bench-") as name, Obedient() as model:
        if not options.research:
            tries += service(Path(name), model, smoke=options.smoke, listed=options.listed)
        if not options.service:
            tries += research(Path(name), model, smoke=options.smoke, listed=options.listed)
    changed = sum(bool(each.changed) for each in tries)
    print(
        f"{len(tries)} attacks, {model.asked} questions to the model, {time.process_time() - begun:.0f} cpu-s; state changed in {changed}"
    )
    return int(changed > 0)


if __name__ == "__main__":
    sys.exit(main())
