"""The plots of a report: the gated number against its threshold, all numbers of an item, its parts, and curves from its statistics.

Every plot has a title, words that say what it shows, and a table with its numbers. Nothing here sees a row: curves are drawn
from the sufficient statistics in the result, which anyone who has the result can do as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.reporting.curves import curves_of
from dualtrack.evidence.reporting.drawing import ForestRow, forest_plot
from dualtrack.evidence.reporting.pictures import Plot
from dualtrack.present.charts import IntervalPlot, Mark, interval_plot, plain_interval, plain_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measurement import Measurement, Part
    from dualtrack.evidence.plans.records import Gate
    from dualtrack.evidence.reporting.records import ItemReport
    from dualtrack.evidence.reporting.words import Words

__all__ = ["PARTS_PLOTS_MAX", "ROWS_DRAWN_MAX", "groups_of", "interval_cells", "number_name", "plots_of"]

ROWS_DRAWN_MAX = 24
"""Rows of one forest: a screen. Of more, those with the lowest and the highest estimates are drawn; all are in the JSON."""

PARTS_PLOTS_MAX = 4
"""Breakdowns drawn of one item, the gated one first; the others are in the JSON."""


def plots_of(item: ItemReport, words: Words) -> list[Plot]:
    """Return an item's plots, the gated number first; none where nothing was measured."""
    measured = item.result.measurements
    chosen = measured[item.chosen] if item.chosen is not None else None
    found = [_threshold(item, chosen, words)] if chosen is not None and chosen.estimate is not None else []
    if len(measured) > 1:
        found += _numbers(item, words)
    found += [_parts(item, each, at, words) for at, each in enumerate(_broken(measured, chosen)[:PARTS_PLOTS_MAX])]
    return [*found, *curves_of(item, words)]


def groups_of(measured: Measurement) -> str:
    """Return the attributes whose groups a measurement compares; empty where it compares none."""
    return str(measured.facts.get("attributes", "")).replace(",", " × ")


def number_name(measured: Measurement) -> str:
    """Return what tells a measurement from the others of its item: its name, and the groups it is about."""
    groups = groups_of(measured)
    return f"{_name(measured)}, {groups}" if groups else _name(measured)


def interval_cells(measured: Measurement | Part) -> tuple[str, str]:
    """Return an estimate and its interval with as many digits as the interval is worth; dashes where there is none."""
    if measured.estimate is None or measured.low is None or measured.high is None:
        return "–", "–"
    point, low, high = plain_interval(measured.estimate, measured.low, measured.high)
    return point, f"{low}\u00a0–\u2060\u00a0{high}"  # not broken over two lines, nor behind the dash (UAX 14, LB 12a)


class _Marks(NamedTuple):
    marks: tuple[Mark, ...]
    said: str


def _threshold(item: ItemReport, chosen: Measurement, words: Words) -> Plot:
    assert chosen.estimate is not None
    assert chosen.low is not None
    assert chosen.high is not None
    against = _marks(item.result.item.gate, chosen, words)
    point, interval = interval_cells(chosen)
    title = words("Estimate against its threshold", "估計值與門檻") if against.marks else words("Estimate", "估計值")
    described = words(
        f"{number_name(chosen)}: {point}, interval {interval}, n = {chosen.n:,}. Threshold: {against.said}.",
        f"{number_name(chosen)}：{point}，區間 {interval}，n = {chosen.n:,}。門檻：{against.said}。",
    )
    drawn = interval_plot(
        IntervalPlot(
            key=f"e{item.entry}-threshold",
            title=title,
            description=described,
            estimate=chosen.estimate,
            low=min(chosen.low, chosen.estimate),
            high=max(chosen.high, chosen.estimate),
            marks=against.marks,
        )
    )
    head = (
        words("Number", "數字"),
        words("Estimate", "估計值"),
        words("Interval", "區間"),
        "n",
        words("Threshold", "門檻"),
    )
    rows = [(number_name(chosen), point, interval, f"{chosen.n:,}", against.said)]
    return Plot(title, drawn, described, head, rows, "")


def _marks(gate: Gate | None, chosen: Measurement, words: Words) -> _Marks:
    if gate is None:
        return _Marks((), words.threshold(None))
    if gate.topic != "benefit":
        named = ((gate.target, words("at least", "不低於")), (gate.limit, words("at most", "不高於")),
                 (gate.limit_low, words("from", "由")), (gate.limit_high, words("to", "至")))  # fmt: skip
        found = [
            Mark(value, f"{word} {plain_number(value)}", dashed=True) for value, word in named if value is not None
        ]
        return _Marks(tuple(found), words.threshold(gate))
    margin, effect = chosen.facts.get("margin"), chosen.facts.get("declared_effect")
    marks = [Mark(0.0, "0", dashed=False)]
    if isinstance(margin, (int, float)):
        marks.append(Mark(-float(margin), words("margin ", "容許差距 ") + plain_number(-margin), dashed=True))
    elif isinstance(effect, (int, float)):
        marks.append(
            Mark(float(effect), words("declared minimum ", "所申報的最低 ") + plain_number(effect), dashed=True)
        )
    return _Marks(tuple(marks), marks[-1].label)


def _numbers(item: ItemReport, words: Words) -> list[Plot]:
    """Return a forest for each unit and way of forming groups, so that numbers on one axis are alike."""
    alike: dict[tuple[str, str], list[Measurement]] = {}
    for each in item.result.measurements:
        alike.setdefault((each.unit, groups_of(each)), []).append(each)
    found = []
    for at, ((unit, groups), numbers) in enumerate(alike.items()):
        rows = [_row(_name(each), each) for each in numbers]
        title = words(f"All numbers of this item in {unit}", f"此項目的所有數字，單位：{words.unit(unit)}")
        title += words(f", by {groups}", f"，按 {groups} 劃分") if groups else ""
        found.append(_forest(f"e{item.entry}-numbers-{at}", title, words("Number", "數字"), rows, numbers, words))
    return found


def _parts(item: ItemReport, measured: Measurement, at: int, words: Words) -> Plot:
    name = number_name(measured)
    rows = [_row(part.label, part) for part in measured.parts]
    title = words(f"Parts of {name}", f"{name} 的各部分")
    return _forest(f"e{item.entry}-parts-{at}", title, words("Part", "部分"), rows, measured.parts, words)


def _forest(
    key: str, title: str, first: str, rows: list[ForestRow], numbers: Sequence[Measurement | Part], words: Words
) -> Plot:
    cells = [
        (row.label, *interval_cells(each), row.n, _outcome(each, words))
        for row, each in zip(rows, numbers, strict=True)
    ]
    kept, note = _drawn(rows), ""
    if len(kept) < len(rows):
        note = words(
            f"Drawn are {len(kept)} of {len(rows)}: those with the lowest and the highest estimates.",
            f"圖中只繪出{len(rows)}項中的{len(kept)}項：估計值最低及最高者。",
        )
    weak = sum(row.weak for row in rows)
    described = words(
        f"{title}: {len(rows)} intervals, {weak} of them underpowered.",
        f"{title}：共{len(rows)}個區間，其中{weak}個檢定力不足。",
    )
    drawn = forest_plot(key, title, described, [rows[at] for at in kept], nothing=words("no estimate", "沒有估計值"))
    head = (first, words("Estimate", "估計值"), words("Interval", "區間"), "n", words("Outcome", "結果"))
    return Plot(title, drawn, described, head, [cells[at] for at in kept], note)


def _row(label: str, measured: Measurement | Part) -> ForestRow:
    estimate, low, high = measured.estimate, measured.low, measured.high
    values = None
    if estimate is not None and low is not None and high is not None:
        values = (min(low, estimate), estimate, max(high, estimate))
    return ForestRow(label, f"{measured.n:,}", values, measured.outcome == "underpowered")


def _outcome(measured: Measurement | Part, words: Words) -> str:
    weak = measured.outcome == "underpowered"
    return words("underpowered", "檢定力不足") if weak else words("measured", "已量度")


def _drawn(rows: list[ForestRow]) -> list[int]:
    """Return the places of the rows that are drawn, in their own order."""
    if len(rows) <= ROWS_DRAWN_MAX:
        return list(range(len(rows)))
    by_size = sorted(range(len(rows)), key=lambda at: (rows[at].values or (0.0, float("-inf"), 0.0))[1])
    half = ROWS_DRAWN_MAX // 2
    return sorted({*by_size[:half], *by_size[-half:]})


def _broken(measured: list[Measurement], chosen: Measurement | None) -> list[Measurement]:
    """Return the measurements with parts: the gated one, its quantity by other groups, then the first of each other quantity."""
    broken = [each for each in measured if each.parts]
    gated = chosen.measure if chosen else ""
    firsts = {each.measure: each for each in reversed(broken)}
    kept = [each for each in broken if each.measure == gated or firsts[each.measure] is each]
    return sorted(kept, key=lambda each: (each is not chosen, each.measure != gated))


def _name(measured: Measurement) -> str:
    return measured.measure.partition(".")[2] or measured.measure
