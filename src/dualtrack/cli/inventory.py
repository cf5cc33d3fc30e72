"""`dualtrack try` and `dualtrack import`: the spreadsheet a firm already has, and what is missing in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import (
    clock,
    console,
    institution_option,
    json_option,
    print_json,
    signer_option,
    sitting,
    workspace_option,
)
from dualtrack.cli.files import write_new
from dualtrack.domain.records import Record
from dualtrack.domain.time import hong_kong_date
from dualtrack.domain.vocabulary import Sector
from dualtrack.errors import FieldError
from dualtrack.intake import sample_path
from dualtrack.intake.drafts import drafts
from dualtrack.intake.report import HTML_NAME, XLSX_NAME, as_records, gap_report

if TYPE_CHECKING:
    from dualtrack.intake.report import GapReport

__all__ = ["import_command", "try_command"]


class _Inventory(Record, frozen=True):
    """What an import records: the file by digest, the mapping that was accepted, and every original row."""

    file: str
    sha256: str
    sheet: str
    mapping: dict[str, str]
    rows: list[dict[str, str]]


def _mapping(pairs: tuple[str, ...]) -> dict[str, str] | None:
    mapping = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals:
            raise FieldError(f"{pair!r}", where="--map", expected="FIELD=COLUMN, as owner=PIC or owner=D")
        mapping[field] = column
    return mapping or None


@click.command("try", epilog="Example: dualtrack try inventory.xlsx   (without a file: a carried sample)")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder to write to."
)
@click.option("--sheet", help="Sheet to read, also a hidden one.")
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Say what a column is.")
@json_option
def try_command(file: Path | None, output: Path, sheet: str | None, pairs: tuple[str, ...], as_json: bool) -> None:
    """Say what an examiner would find missing in an AI inventory; needs no workspace, account or key.

    Writes gap-report.html, one page in English and Traditional Chinese, and gap-report.xlsx.
    """
    output.mkdir(parents=True, exist_ok=True)
    report = gap_report(
        file or sample_path(), at=hong_kong_date(clock()), out_dir=output, sheet=sheet, mapping=_mapping(pairs)
    )
    if as_json:
        print_json(as_records(report))
        return
    if file is None:
        click.echo("No file named: this is the carried sample of a fictional firm.")
    _show(report)
    click.echo(f"\nwrote {output / HTML_NAME} and {output / XLSX_NAME}")


def _show(report: GapReport) -> None:
    out = console()
    out.print(f"{report.file}, sheet {report.sheet}: {len(report.rows)} rows")
    table = Table("finding", "發現", "severity", "rows")
    for count in report.counts:
        rows = "the table" if count.table else f"{count.n} of {count.of}"
        table.add_row(count.title.en, count.title.zh, count.severity, rows)
    out.print(table)
    asked = [match for match in report.matches if match.state == "asked"]
    if asked:
        names = ", ".join(f"{match.column} ({match.header})" for match in asked)
        out.print(f"Not understood, so not used: {names}. Say what they are with --map FIELD=COLUMN.")
    people = [owner for owner in report.todo if owner.kind == "owner"]
    out.print(f"To do: {sum(owner.steps for owner in report.todo)} things, for {len(people)} named owners.")


@click.command("import", epilog="Example: dualtrack import inventory.xlsx --sector bank --as second-line")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sector", type=click.Choice([item.value for item in Sector]), required=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("drafts"), show_default=True
)
@click.option("--sheet", help="Sheet to read, also a hidden one.")
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Say what a column is.")
@click.option("--yes", is_flag=True, help="Accept the proposed mapping without being asked.")
@signer_option("second-line")
@institution_option
@workspace_option
@json_option
def import_command(
    file: Path,
    sector: str,
    output: Path,
    sheet: str | None,
    pairs: tuple[str, ...],
    yes: bool,
    holder: str,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Take an inventory into the workspace: every row is kept, and becomes a draft declaration to complete.

    The proposed meaning of each column is shown with its confidence and must be accepted; nothing is guessed silently.
    """
    report = gap_report(file, at=hong_kong_date(clock()), out_dir=None, sheet=sheet, mapping=_mapping(pairs))
    if not as_json:
        _show_mapping(report)
    if not yes:
        click.confirm("Is this what the columns mean?", abort=True)
    with sitting(workspace, institution) as desk:
        signer = desk.signer(holder)
        made = drafts(report, desk.register.institution, sector)
        output.mkdir(parents=True, exist_ok=True)
        clash = next((draft.slug for draft in made if (output / f"{draft.slug}.yaml").exists()), None)
        if clash:
            raise FieldError(f"{clash}.yaml exists", where=str(output), fix="name another folder with -o")
        receipt = desk.register.append_record("inventory/1", desk.register.institution, _record(report), [signer])
        for draft in made:
            write_new(output / f"{draft.slug}.yaml", draft.text.encode())
    if as_json:
        print_json({"index": receipt.index, "drafts": [draft.slug for draft in made], "report": as_records(report)})
        return
    _show(report)
    click.echo(f"\nkept {len(report.rows)} rows (entry {receipt.index}); {len(made)} drafts in {output}/")


def _show_mapping(report: GapReport) -> None:
    table = Table("column", "header", "taken for", "confidence", "why")
    for match in report.matches:
        meaning = match.field or {"asked": "not understood", "aside": "kept, not used"}.get(match.state, "")
        table.add_row(match.column, match.header, meaning, f"{match.confidence:.2f}", match.reason.en)
    console().print(table)


def _record(report: GapReport) -> _Inventory:
    return _Inventory(
        file=report.file,
        sha256=report.sha256,
        sheet=report.sheet,
        mapping={match.column: match.field for match in report.matches if match.field},
        rows=[{kept.ref: kept.text for kept in row.original} for row in report.rows],
    )
