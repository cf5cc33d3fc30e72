"""`dualtrack report`: the assurance report of a use as a page, a PDF or JSON."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from dualtrack.cli.desk import institution_of, json_option, print_json, sitting, workspace_option
from dualtrack.cli.files import check_new, write_new
from dualtrack.domain.ids import parse_use
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from dualtrack.evidence.reporting.records import AssuranceReport
    from dualtrack.evidence.reporting.words import LanguageTag

__all__ = ["report_command"]


@click.command(
    "report", epilog="Example: dualtrack report my-bank/early-warning --format pdf --output early-warning.pdf"
)
@click.argument("use")
@click.option(
    "--format", "form", type=click.Choice(["html", "pdf", "json"]), default="html", show_default=True, help="Its form."
)
@click.option(
    "--language", type=click.Choice(["en", "zh-Hant"]), default="en", show_default=True, help="Of page and PDF."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to a file, not to standard output.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--release", metavar="DIGEST", help="The release it is about; the newest if not given.")
@workspace_option
@json_option
def report_command(
    use: str,
    form: str,
    language: str,
    output: Path | None,
    force: bool,
    release: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Report what was measured of USE against its registered plan, and what was not tested.

    It reads the ledger alone and records nothing: the same ledger gives the same report. With --output, --json says what
    was written and its SHA-256; without, it is --format json.
    """
    from dualtrack.evidence.reporting.content import assurance_report  # noqa: PLC0415 - needs the optional part `evidence`

    parse_use(use, where="USE")
    if as_json and output is None:
        form = "json"
    if form == "pdf" and output is None:
        raise FieldError("no file named for a PDF", where="--output", fix="name one: --output report.pdf")
    if output is not None:
        check_new(output, force=force)
    with sitting(workspace, institution_of(use, None)) as desk:
        report = assurance_report(desk.register, use, release)
    data = _form(report, form, cast("LanguageTag", language))
    if output is None:
        click.echo(data.decode(), nl=False)
        return
    write_new(output, data, force=force)
    if as_json:
        print_json({"written": str(output), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)})
    else:
        click.echo(f"wrote {output}")


def _form(report: AssuranceReport, form: str, language: LanguageTag) -> bytes:
    from dualtrack.evidence.reporting.html import report_html  # noqa: PLC0415 - as above
    from dualtrack.evidence.reporting.plain import report_json  # noqa: PLC0415 - as above
    from dualtrack.evidence.reporting.typst import report_pdf  # noqa: PLC0415 - needs the optional part `reports` as well

    if form == "json":
        return report_json(report)
    return report_pdf(report, language) if form == "pdf" else report_html(report, language).encode()
