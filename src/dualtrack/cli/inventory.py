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
from dualtrack.cli.files import check_absent, check_new, make_folders, write_new
from dualtrack.domain.time import hong_kong_date
from dualtrack.domain.vocabulary import Sector
from dualtrack.errors import FieldError
from dualtrack.intake import sample_path
from dualtrack.intake.drafts import drafts
from dualtrack.intake.inventory import inventory_parts
from dualtrack.intake.report import HTML_NAME, XLSX_NAME, as_records, gap_report, write_html, write_xlsx

if TYPE_CHECKING:
    from dualtrack.intake.drafts import Draft
    from dualtrack.intake.result import GapReport
    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register

__all__ = ["import_command", "try_command"]


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
    report = gap_report(file or sample_path(), at=hong_kong_date(clock()), sheet=sheet, mapping=_mapping(pairs))
    make_folders(output)
    names = [HTML_NAME, XLSX_NAME] + ([sample_path().name] if file is None and not as_json else [])
    for name in names:  # all before the first is written: half a report looks like a whole one
        check_new(output / name, force=True)
    write_html(report, output / HTML_NAME)
    write_xlsx(report, output / XLSX_NAME)
    if as_json:
        print_json(as_records(report))
        return
    if file is None:
        sample = output / sample_path().name
        write_new(sample, sample_path().read_bytes(), force=True)
        click.echo(f"No file named: this is the carried sample of a fictional firm, left as {sample}.")
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
) -> int:
    """Take an inventory into the workspace: every row is kept, and becomes a draft declaration to complete.

    The proposed meaning of each column is shown with its confidence and must be accepted; nothing is guessed silently.
    """
    report = gap_report(file, at=hong_kong_date(clock()), sheet=sheet, mapping=_mapping(pairs))
    if as_json and not yes:
        raise FieldError(
            "nobody accepted the mapping", where="--yes", fix="look at it once without --json, then give --yes"
        )
    with sitting(workspace, institution) as desk:
        signer = desk.signer(holder)
        if not as_json:
            _show_mapping(report)
        _check_named(report)
        if not yes and not click.confirm("Is this what the columns mean?"):
            click.echo("nothing was taken in; say what a column is with --map FIELD=COLUMN")
            return 1
        made = drafts(report, desk.register.institution, sector)
        index = _take_in(desk.register, signer, report, made, output)
    if as_json:
        print_json({"index": index, "drafts": [draft.slug for draft in made], "report": as_records(report)})
        return 0
    _show(report)
    click.echo(f"\nkept {len(report.rows)} rows (entry {index}); {len(made)} drafts in {output}/")
    return 0


def _check_named(report: GapReport) -> None:
    if not any(row.text("name").strip() for row in report.rows):
        headers = ", ".join(f"{match.column} ({match.header})" for match in report.matches)
        raise FieldError(
            "no column was understood to hold the names of the uses",
            where=f"{report.file}, sheet {report.sheet}",
            expected=f"one of {headers}",
            fix="say which: --map name=COLUMN",
        )


def _take_in(register: Register, signer: Signer, report: GapReport, made: list[Draft], output: Path) -> int:
    """Write the drafts and record the rows; when the record cannot be made, the drafts are taken away again."""
    paths = [output / f"{draft.slug}.yaml" for draft in made]
    for path in paths:
        check_absent(path)
    folders = make_folders(output)
    try:
        for draft, path in zip(made, paths, strict=True):
            write_new(path, draft.text.encode())
        receipts = register.append_records("inventory/1", register.institution, inventory_parts(report), [signer])
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        for folder in folders:
            folder.rmdir()
        raise
    return receipts[0].index


def _show_mapping(report: GapReport) -> None:
    table = Table("column", "header", "taken for", "confidence", "why")
    for match in report.matches:
        meaning = match.field or {"asked": "not understood", "aside": "kept, not used"}.get(match.state, "")
        table.add_row(match.column, match.header, meaning, f"{match.confidence:.2f}", match.reason.en)
    console().print(table)
