"""The assurance report as the console shows it: the report's own view, its tables and facts as the console's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from dualtrack.web.parts import Badge, Column, Fact, Tone

if TYPE_CHECKING:
    from dualtrack.evidence.reporting import cells
    from dualtrack.evidence.reporting.pictures import Plot
    from dualtrack.evidence.reporting.section import Section
    from dualtrack.evidence.reporting.view import ReportView
    from dualtrack.web.views.wording import Say

__all__ = ["AssurancePage", "ShownBlock", "ShownPlot", "ShownSection", "ShownTable", "assurance_page"]

_TONES: dict[str, Tone] = {"good": "good", "high": "bad", "medium": "amber", "note": "note"}

_BADGE = Markup('<span class="badge {tone}">{text}</span>')
_LINK = Markup('<a href="{href}">{text}</a>')
_HASH = Markup('<span class="hash">{text}</span>')
_SUB = Markup('{main}<span class="sub">{sub}</span>')


class ShownTable(NamedTuple):
    """A table for the macro `data.table`."""

    caption: str
    columns: tuple[Column, ...]
    rows: list[tuple[str, ...]]


class ShownPlot(NamedTuple):
    """A picture with the same numbers as a table."""

    title: str
    picture: Markup
    note: str
    table: ShownTable


class ShownSection(NamedTuple):
    """One item with its parts as the console's macros take them."""

    item: Section
    badge: Badge
    facts: list[Fact]
    readable: list[Fact]
    numbers: ShownTable
    plots: list[ShownPlot]
    methods: list[str]


class ShownBlock(NamedTuple):
    """One kind of gap."""

    title: str
    lead: str
    table: ShownTable | None


class AssurancePage(NamedTuple):
    """Everything of the page that is not a plain text of the report's view."""

    view: ReportView
    head: list[Fact]
    verdict: ShownTable
    sections: list[ShownSection]
    exploratory: list[ShownSection]
    history: ShownTable
    blocks: list[ShownBlock]


def assurance_page(view: ReportView, say: Say) -> AssurancePage:
    """Return the report's view with its tables made for the console; every entry is a link to the ledger."""
    return AssurancePage(
        view=view,
        head=_facts(view.head, say),
        verdict=_table(view.verdict, say),
        sections=[_section(item, say) for item in view.sections],
        exploratory=[_section(item, say) for item in view.exploratory],
        history=_table(view.history, say),
        blocks=[
            ShownBlock(block.title, block.lead, _table(block.table, say) if block.table else None)
            for block in view.blocks
        ],
    )


def _section(item: Section, say: Say) -> ShownSection:
    return ShownSection(
        item=item,
        badge=Badge(_TONES[item.tone], item.standing),
        facts=_facts(item.facts, say),
        readable=_facts(item.readable, say),
        numbers=_table(item.numbers, say),
        plots=[_plot(plot, say) for plot in item.plots],
        methods=[say.quoted(method) for method in item.methods],
    )


def _plot(plot: Plot, say: Say) -> ShownPlot:
    columns = tuple(Column(name, numeric=at > 0) for at, name in enumerate(plot.head))
    rows = [tuple(say.quoted(cell) for cell in row) for row in plot.rows]
    return ShownPlot(plot.title, plot.picture, plot.note, ShownTable(plot.title, columns, rows))


def _table(table: cells.Table, say: Say) -> ShownTable:
    columns = tuple(Column(column.label, numeric=column.numeric) for column in table.columns)
    return ShownTable(table.caption, columns, [tuple(_cell(cell, say) for cell in row) for row in table.rows])


def _cell(cell: cells.Cell, say: Say) -> str:
    main: str = say.quoted(cell.text)
    if cell.tone is not None:
        main = _BADGE.format(tone=_TONES[cell.tone], text=cell.text)
    elif cell.href:
        main = _LINK.format(href=cell.href, text=main)
    elif cell.code:
        main = _HASH.format(text=cell.text)
    return _SUB.format(main=main, sub=say.quoted(cell.sub)) if cell.sub else main


def _facts(facts: list[cells.Fact], say: Say) -> list[Fact]:
    return [Fact(say.quoted(fact.term), _value(fact, say), code=fact.code) for fact in facts]


def _value(fact: cells.Fact, say: Say) -> str:
    if fact.code:
        return fact.value
    if fact.entry is not None:
        return _LINK.format(href=f"/ledger/{fact.entry}", text=fact.value)
    return say.quoted(fact.value)
