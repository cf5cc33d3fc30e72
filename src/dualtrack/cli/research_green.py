"""`dualtrack research green`: the claims about the environment in a report, each with a verdict and what in the report bears on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from dualtrack.apps.research.documents.model import About, Form
from dualtrack.apps.research.green.taxonomy import grade_words
from dualtrack.cli.desk import json_option, print_json
from dualtrack.cli.files import check_absent, write_new
from dualtrack.domain.records import encode, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.apps.research.green.records import Claim, Mapping, Report, Verdict

__all__ = ["green_command"]


@click.command(
    "green",
    epilog="Example: dualtrack research green esg-report.pdf --licence 'HKEX filing' --period 2025 -o checked.json",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--licence", required=True, help="Under which terms the report may be used.")
@click.option("--issuer", default="", help="Whom the report is of.")
@click.option("--period", default="", help="Its period, as FY2025; else the latest year of its tables is taken.")
@click.option(
    "--form", type=click.Choice(get_args(Form)), default="esg", show_default=True, help="What kind of document it is."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Keep the whole check in this file, as JSON.")
@click.option("--ocr", is_flag=True, help="Read pages that are pictures, too; they are named.")
@json_option
def green_command(
    file: Path, licence: str, issuer: str, period: str, form: Form, output: Path | None, ocr: bool, as_json: bool
) -> int:
    """Check the green claims of FILE against the report itself: by rules, without a model. Nothing is recorded.

    Ends with 1 where a claim is contradicted or unsupported. Rows of the Hong Kong Taxonomy are indicative: no criterion is checked.
    """
    from dualtrack.apps.research.documents.loading import load_document  # noqa: PLC0415 - needs the optional part
    from dualtrack.apps.research.green.check import check_report  # noqa: PLC0415 - as above

    if output is not None:
        check_absent(output)
    about = About(name=file.name, licence=licence, issuer=issuer, period=period, form=form, ocr=ocr)
    report = check_report(*load_document(file, about))
    if output is not None:
        write_new(output, encode(report) + b"\n")
    if as_json:
        print_json(to_plain(report))
    else:
        for line in _lines(report):
            click.echo(line)
    return 1 if report.counts["contradicted"] or report.counts["unsupported"] else 0


def _lines(report: Report) -> Iterator[str]:
    """Yield the check as lines: each claim with its verdict, then how many of each, then what limits it."""
    rows: dict[int, list[Mapping]] = {}
    for mapping in report.mappings:
        rows.setdefault(mapping.claim, []).append(mapping)
    for claim, verdict in zip(report.claims, report.verdicts, strict=True):
        yield from _claim(claim, verdict, rows.get(claim.number, []))
    yield ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items())
    share = report.unsupported
    if share.low is not None and share.high is not None:
        yield f"unsupported: {share.count} of {share.n} claims, 95% interval {share.low:.0%} to {share.high:.0%}"
    for note in report.notes:
        yield f"{note.en} {note.zh}"
    if report.mappings:
        yield f"{grade_words().en} {grade_words().zh}"


def _claim(claim: Claim, verdict: Verdict, rows: list[Mapping]) -> Iterator[str]:
    yield f"page {claim.page}, {claim.kind}, {verdict.outcome}: {claim.text}"
    for reason in verdict.reasons:
        yield f"  {reason.en} {reason.zh}"
    for each in verdict.evidence:
        yield f"  {each.kind}, {each.address or f'page {each.page}'}: {each.text}"
    if verdict.trace is not None:
        yield f"  computed: {verdict.trace.value} {verdict.trace.unit.words}"
    for row in rows:
        yield f"  taxonomy, {row.grade}, as of {row.as_of}: {row.activity}, {row.name.en} {row.name.zh}"
