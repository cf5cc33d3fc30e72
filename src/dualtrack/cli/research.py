"""`dualtrack research`: figures over a file, computed from cells that anybody can look up, and checked again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.apps.research.figure import Figure, Stated, check_figure, make_figure, make_named
from dualtrack.apps.research.metrics import catalogue, find_metric, metric_roles
from dualtrack.apps.research.reported import SCALES
from dualtrack.cli.desk import console, json_option, print_json
from dualtrack.cli.files import read_document, write_new
from dualtrack.cli.research_green import green_command
from dualtrack.cli.research_measure import measure_command
from dualtrack.cli.research_view import reply_lines
from dualtrack.domain.records import encode, to_plain
from dualtrack.domain.time import hong_kong_date, parse_date
from dualtrack.errors import FieldError
from dualtrack.intake.workbook import read_workbook

if TYPE_CHECKING:
    from dualtrack.apps.research.metrics import Metric
    from dualtrack.apps.research.program import Trace

__all__ = ["research_command"]

_PAGES_SHOWN = 20
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "^"}


@click.group("research")
def research_command() -> None:
    """Answer questions from documents and tables, compute figures from cells, and compute them again."""


research_command.add_command(measure_command)
research_command.add_command(green_command)


@research_command.command("compute", epilog="Example: dualtrack research compute '(C7 - B7) / B7' --data income.xlsx")
@click.argument("expression")
@click.option("--data", type=click.Path(path_type=Path), help="The file that the cells are of: xlsx, xls, ods, csv.")
@click.option("--unit", help="Unit that the file's heading states for its numbers, as HKD.")
@click.option(
    "--scale", type=click.Choice(list(SCALES)), metavar="WORD", help="Scale that the heading states, as thousand."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Keep the figure in this file, to be checked.")
@json_option
def _compute(
    expression: str, data: Path | None, unit: str | None, scale: str | None, output: Path | None, as_json: bool
) -> None:
    """Compute EXPRESSION over cells (B7, income!B7) and numbers, in decimals, with every operand and step shown."""
    workbook = None if data is None else read_workbook(data)
    _keep(make_figure(expression, workbook, Stated(unit=unit, scale=scale)), output, as_json=as_json)


def _keep(figure: Figure, output: Path | None, *, as_json: bool) -> None:
    if output is not None:
        write_new(output, encode(figure) + b"\n")
    if as_json:
        print_json(to_plain(figure))
        return
    _show(figure.trace)


@research_command.command(
    "ask",
    epilog="Example: dualtrack research ask 'What was revenue in 2025?' --document report.pdf --issuer Lantern --licence 'HKEX filing'",
)
@click.argument("question")
@click.option(
    "--document",
    "documents",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="PDF, XBRL, xlsx or csv; may be given again.",
)
@click.option("--licence", required=True, help="Under which terms the documents may be used.")
@click.option("--issuer", default="", help="Whom the documents are of, as the question names it.")
@click.option("--period", default="", help="Their period, as FY2025.")
@click.option("--on", "day", metavar="DAY", help="Day against which 'last year' is read; today if not given.")
@click.option("--ocr", is_flag=True, help="Read pages that are pictures, too; what is read so says it.")
@click.option("--meaning", is_flag=True, help="Put pages in order by a small model, too (needs the extra vectors).")
@json_option
def _ask(
    question: str,
    documents: tuple[Path, ...],
    licence: str,
    issuer: str,
    period: str,
    day: str | None,
    ocr: bool,
    meaning: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION from documents, without a model: a figure with its cells, a quotation, or why there is none. Nothing is recorded."""
    from dualtrack.apps.research.local import ask_files  # noqa: PLC0415 - needs the optional part

    on = parse_date(day, where="--on") if day else hong_kong_date(datetime.now(UTC))
    reply = ask_files(
        question,
        documents,
        licence=licence,
        issuer=issuer,
        period=period,
        on=on,
        ocr=ocr,
        meaning=meaning,
        unread=_unread,
    )
    if as_json:
        print_json(to_plain(reply))
        return
    for line in reply_lines(reply):
        click.echo(line)


def _unread(name: str, pages: tuple[int, ...]) -> None:
    """Say which pages of a document were not read."""
    numbers = ", ".join(str(page) for page in pages[:_PAGES_SHOWN]) + (" ..." if len(pages) > _PAGES_SHOWN else "")
    click.echo(f"{name}: pages that are pictures and were not read: {numbers}", err=True)


@research_command.command(
    "sql", epilog="Example: dualtrack research sql 'total revenue by region' --data sales.csv --licence 'own data'"
)
@click.argument("question")
@click.option(
    "--data",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="csv, xlsx or parquet; may be given again.",
)
@click.option("--licence", required=True, help="Under which terms the files may be used.")
@click.option("--personal", multiple=True, help="A column about people: only counted, summed or averaged.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Keep the result in this file, to be checked.")
@click.option("--plot", type=click.Path(path_type=Path), help="Write a picture of the result here, as SVG.")
@json_option
def _sql(
    question: str,
    files: tuple[Path, ...],
    licence: str,
    personal: tuple[str, ...],
    output: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Answer QUESTION (words or one SELECT) from tables: the SQL that ran, what it means, its rows, where each column comes from."""
    from dualtrack.apps.research.local import ask_tables  # noqa: PLC0415 - needs the optional part
    from dualtrack.apps.research.tables.plot import draw_chart, make_chart  # noqa: PLC0415 - as above

    result = ask_tables(question, files, licence=licence, personal=personal, day=str(hong_kong_date(datetime.now(UTC))))
    if output is not None:
        write_new(output, encode(result) + b"\n")
    if plot is not None:
        chart = make_chart(result)
        if chart is None:
            raise FieldError("this result has no picture", where="--plot", fix="group by one column")
        write_new(plot, draw_chart(chart, key="result", language="en").encode())
    if as_json:
        print_json(to_plain(result))
        return
    click.echo(f"SQL: {result.query.sql}")
    click.echo(f"{result.restated.en}\n{result.restated.zh}")
    table = Table(*(column.name for column in result.columns))
    for row in result.rows:
        table.add_row(*("" if value is None else value for value in row))
    console().print(table)
    click.echo(f"{len(result.rows)} rows{', cut off' if result.cut else ''}; DuckDB {result.duckdb}")


@research_command.command("metrics", epilog="Example: dualtrack research metrics net_gearing")
@click.argument("name", required=False)
@json_option
def _metrics(name: str | None, as_json: bool) -> None:
    """List the figures that have a definition, or show the one named NAME with what it is made of."""
    found = catalogue().metrics if name is None else {name: find_metric(name, where="NAME")}
    if as_json:
        print_json({each: {**_plain(metric), "roles": list(metric_roles(metric))} for each, metric in found.items()})
        return
    table = Table("name", "figure", "formula", "source")
    for each, metric in found.items():
        table.add_row(each, f"{metric.en}\n{metric.zh}", metric.formula, metric.source)
    console().print(table)
    if name is not None:
        for role in metric_roles(found[name]):
            words = catalogue().roles[role]
            click.echo(f"{role}: {words.en} {words.zh} ({words.kind})")


@research_command.command(
    "metric",
    epilog="Example: dualtrack research metric gross_margin revenue=C2 cost_of_sales=-C3 --data income.xlsx --unit HKD",
)
@click.argument("name")
@click.argument("roles", nargs=-1, metavar="ROLE=CELL...")
@click.option("--data", type=click.Path(path_type=Path), help="The file that the cells are of: xlsx, xls, ods, csv.")
@click.option("--unit", help="Currency of the report, as HKD.")
@click.option(
    "--scale",
    type=click.Choice(list(SCALES)),
    metavar="WORD",
    help="Scale that the heading states for money, as thousand.",
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Keep the figure in this file, to be checked.")
@json_option
def _metric(
    name: str,
    roles: tuple[str, ...],
    data: Path | None,
    unit: str | None,
    scale: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Compute the figure NAME by its definition, from the cells (or calculations over cells) that its roles point at."""
    given: dict[str, str] = {}
    for each in roles:
        role, sign, where = each.partition("=")
        if not sign or not where or role in given:
            raise FieldError(f"{each!r:.60}", where="ROLE=CELL", expected="each role once, as revenue=C2")
        given[role] = where
    workbook = None if data is None else read_workbook(data)
    _keep(make_named(name, given, workbook, Stated(unit=unit, scale=scale)), output, as_json=as_json)


@research_command.command("check", epilog="Example: dualtrack research check growth.json --data income.xlsx")
@click.argument("figure", type=click.Path(path_type=Path))
@click.option(
    "--data", type=click.Path(path_type=Path), help="The file that the figure is of; without it arithmetic only."
)
@json_option
def _check(figure: Path, data: Path | None, as_json: bool) -> int:
    """Compute the figure in FIGURE again, from the cells where --data gives the file. Ends with 1 where something does not hold."""
    kept = read_document(figure, Figure)
    problems = check_figure(kept, None if data is None else read_workbook(data))
    if as_json:
        print_json({"holds": not problems, "problems": problems, "cells_checked": data is not None})
    else:
        looked = "arithmetic and cells" if data is not None else "arithmetic only: the cells were not looked at"
        click.echo("\n".join(problems) if problems else f"{kept.trace.value} {kept.trace.unit.words}: holds ({looked})")
    return 1 if problems else 0


def _plain(metric: Metric) -> dict[str, str]:
    return {"title": metric.en, "title_zh": metric.zh, "formula": metric.formula, "source": metric.source}


def _show(trace: Trace) -> None:
    table = Table("name", "from", "printed or computed", "value", "unit")
    for operand in trace.operands:
        table.add_row(operand.name, operand.source, operand.text, operand.value, operand.unit.words)
    for each in trace.steps:
        first, *rest = each.step.arguments
        said = f"-{first}" if each.step.operation == "negate" else f"{first} {_SIGNS[each.step.operation]} {rest[0]}"
        table.add_row(each.step.name, "", said, each.value, each.unit.words)
    console().print(table)
    click.echo(f"{trace.value} {trace.unit.words}")
