"""How the market view, notices and returns are shown in a terminal; foreign text only as plain text, never as markup."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
from rich.table import Table
from rich.text import Text as Shown

from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.domain.vocabulary import Area, Verdict
from dualtrack.present.phrases import interval_text
from dualtrack.present.words import AREA_WORDS, EFFECT_WORDS, SECTOR_WORDS, VERDICT_WORDS
from dualtrack.supervisor.market_page import DEMO_WORDS
from dualtrack.supervisor.plain import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from dualtrack.supervisor.dry_run import Impact
    from dualtrack.supervisor.market import Cell, Market
    from dualtrack.supervisor.notice import OpenedNotice
    from dualtrack.supervisor.returns import CheckedReturn

__all__ = ["show_heads", "show_impacts", "show_market", "show_notice", "show_return"]

_FINDING = {"equal": "equal", "differs": "DIFFERS", "cannot": "cannot be recomputed from what was received"}


def show_market(out: Console, market: Market) -> None:
    """Print the market: one row an area, one column a sector; then estimates, firms, what is missing and unknown."""
    if market.demo:
        out.print(DEMO_WORDS.en)
    sectors = list(dict.fromkeys(cell.sector for cell in market.cells))
    authentic = sum(cell.authentic for cell in market.cells)
    uses = sum(cell.n for cell in market.cells)
    out.print(
        f"{market.bundles} bundles of {len(market.institutions)} institutions; {uses} uses recomputed, "
        f"{authentic} of them authentic by the anchors"
        + (f"; {market.earlier} older verdicts" if market.earlier else "")
    )
    table = Table("area", *(SECTOR_WORDS[sector].en for sector in sectors), show_lines=True)
    for area in Area:
        row = [cell for cell in market.cells if cell.area is area]
        table.add_row(AREA_WORDS[area].en, *(_cell(cell) for cell in row))
    out.print(table)
    out.print(
        "n = uses; safety, benefit: rules met or waived, of those that apply. Small cells are for the supervisor only."
    )
    for cell in market.cells:
        for item in cell.estimates:
            out.print(
                Shown(
                    f"  benefit {item.use}: {interval_text(msgspec.structs.asdict(item))}, n = {item.n:,}, "
                    f"{plain_text(item.unit)} ({plain_text(item.method)}; data {item.data_digest[:12]})"
                )
            )
    for firm in market.firms:
        out.print(Shown(f"  {firm.institution}: requirements evidenced, {firm.held} of {firm.applicable}; no licence"))
    out.print(f"not recomputed: {len(market.not_recomputed)} of {market.bundles} bundles")
    for line in market.not_recomputed:
        out.print(Shown(f"  {line.source}: {line.reason}: {plain_text(line.words)}"))
    show_heads(out, market)
    out.print("this view does not establish:")
    for words in market.not_established:
        out.print(f"  - {words.en}")


def _cell(cell: Cell) -> str:
    if not cell.n:
        return "-"
    verdicts = [f"{count} {VERDICT_WORDS[Verdict(name)].en}" for name, count in cell.verdicts.items()]
    tracks = (
        f"safety {cell.safety.held}/{cell.safety.applicable}, benefit {cell.benefit.held}/{cell.benefit.applicable}"
    )
    return "\n".join([f"n = {cell.n}", *verdicts, tracks])


def show_heads(out: Console, market: Market) -> None:
    """Print each institution's head: co-signed, or why not."""
    out.print("ledger heads:")
    for head in market.heads:
        size = f"size {head.size}, root {(head.root or '')[:16]}" if head.size is not None else "no head"
        said = "co-signed" if head.line else f"NOT co-signed ({head.reason})"
        out.print(Shown(f"  {head.institution}: {size}: {said}: {plain_text(head.detail)}"))
        for other in head.others:
            out.print(Shown(f"    {plain_text(other)}"))


def show_notice(out: Console, opened: OpenedNotice) -> None:
    """Print what a notice says; its text is the supervisor's, and only text."""
    notice = opened.notice
    if notice.demo:
        out.print(DEMO_WORDS.en)
    out.print(
        Shown(f"notice {notice.id} of {notice.supervisor}, issued {notice.issued_at}, digest {opened.digest[:16]}")
    )
    for title in dict.fromkeys((notice.title.en, notice.title.zh)):
        out.print(Shown(f"  {plain_text(title)}"))
    if opened.pack is not None:
        data = opened.pack.data
        out.print(
            Shown(
                f"  rule pack {data.id} {plain_text(data.version)}, {len(data.rules)} rules, {data.status.value}, "
                f"in effect from {data.effective_from}, digest {opened.pack.digest[:16]}"
            )
        )
    if notice.asks:
        out.print(Shown(f"  asks: {', '.join(f'{item.id} ({item.query})' for item in notice.asks)}"))
        out.print(f"  answer by: {notice.answer_by or 'no date'}")


def show_impacts(out: Console, found: Sequence[Impact]) -> None:
    """Print the dry run: verdict now, at the day without the pack and with it, and the rules that would newly bite."""
    if not found:
        out.print("no assessed use or institution is concerned")
        return
    table = Table("subject", "recorded", "that day without it", "with it", "changed", "new gaps")
    for item in found:
        words = [VERDICT_WORDS[verdict].en if verdict else "?" for verdict in (item.without, item.with_pack)]
        changed = "cannot be computed" if item.problem else "yes" if item.changes else "no"
        table.add_row(
            item.use or item.institution, VERDICT_WORDS[item.recorded].en, *words, changed, str(len(item.gaps))
        )
    out.print(table)
    for item in found:
        if item.problem:
            out.print(Shown(f"  {item.use or item.institution}: {plain_text(item.problem)}"))
        for gap in item.gaps if item.changes else ():
            title = plain_text(gap.title.en) if gap.title else ""
            lacking = f"; missing {', '.join(gap.missing)}" if gap.missing else ""
            out.print(
                Shown(
                    f"  {item.use or item.institution}: {gap.pack}/{gap.rule} {EFFECT_WORDS[gap.effect].en}: {title}{lacking}"
                )
            )
    changed_count = sum(item.changes for item in found)
    day = hong_kong_date(parse_instant(max(item.at for item in found)))
    out.print(f"dry run at {day}: {changed_count} of {len(found)} verdicts would change; nothing was recorded")


def show_return(out: Console, checked: CheckedReturn) -> None:
    """Print each figure of a return with what the supervisor computed."""
    answer = checked.answer
    if answer.demo:
        out.print(DEMO_WORDS.en)
    trust = "" if checked.authentic else "; the bundles' authenticity is not established"
    out.print(Shown(f"return of {answer.institution} at {answer.at}, signed by {', '.join(checked.signed_by)}{trust}"))
    table = Table("data point", "stated", "finding", "computed", "n")
    for point in checked.points:
        stated, computed = _compact(point.stated), _compact(point.computed)
        again = "the same" if point.finding == "equal" else computed
        table.add_row(Shown(point.id), Shown(stated), _FINDING[point.finding], Shown(again), str(point.n or "-"))
    out.print(table)
    for point in checked.points:
        if point.why:
            out.print(Shown(f"  {plain_text(point.id)}: {plain_text(point.why)}"))
    if checked.unanswered:
        out.print(Shown(f"  not answered: {', '.join(checked.unanswered)}"))


def _compact(value: object) -> str:
    """Return a figure as short text: counts as they are, of a list how long it is."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"{len(value)} items: {plain_text(json.dumps(value, ensure_ascii=False), most=60)}"
    return plain_text(json.dumps(value, ensure_ascii=False), most=120)
