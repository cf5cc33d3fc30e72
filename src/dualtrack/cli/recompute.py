"""`dualtrack recompute`: the numbers of a bundle, computed again from their sufficient statistics by whoever received it."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from dualtrack.cli.desk import console, json_option, print_json
from dualtrack.cli.files import read_bytes
from dualtrack.permit.bundle import read_bundle

__all__ = ["recompute_command"]

_WORDS = {
    "equal": "equal",
    "differs": "DIFFERS",
    "cannot": "CANNOT be computed again",
    "elsewhere": "measured elsewhere",
}


@click.command("recompute", epilog="Example: dualtrack recompute early-warning.bundle")
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def recompute_command(bundle: Path, as_json: bool) -> int:
    """Compute every measurement in BUNDLE again from counts and sums; no row of a customer is needed, and none is in it.

    Ends with 1 where a number differs, with 3 where none does and one cannot be computed though it was planned here. That the bundle itself holds is for `dualtrack_verify.py` to say.
    """
    from dualtrack.supervisor.figures import recompute_figures  # noqa: PLC0415 - needs the optional part `evidence`

    figures = recompute_figures(read_bundle(read_bytes(bundle)))
    counted = {word: sum(figure.found.agreement == word for figure in figures) for word in _WORDS}
    if as_json:
        print_json(
            {"counts": counted, "figures": [{**each._asdict(), "found": each.found._asdict()} for each in figures]}
        )
    else:
        table = Table("entry", "topic", "item", "again")
        for each in figures:
            said = _WORDS[each.found.agreement] + (f": {each.found.said}" if each.found.said else "")
            table.add_row(str(each.entry), each.topic, each.item or "", said)
        console().print(table)
        click.echo(", ".join(f"{counted[word]} {said.lower()}" for word, said in _WORDS.items()))
    return 1 if counted["differs"] else 3 if counted["cannot"] else 0
