"""One item of a report in one language: its plots, every number with interval and n, methods, facts, and when it misleads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.evidence.reporting.cells import Cell, Column, Fact, Table, tone_cell
from dualtrack.evidence.reporting.plots import interval_cells, number_name, plots_of
from dualtrack.evidence.reporting.words import STANDING_SIGNS, STANDING_TONES
from dualtrack.present.charts import plain_number

if TYPE_CHECKING:
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.reporting.pictures import Plot
    from dualtrack.evidence.reporting.records import ItemReport
    from dualtrack.evidence.reporting.words import Tone, Words

__all__ = ["Section", "section_of"]


class Section(NamedTuple):
    """One item: `entry` is its result in the ledger, `mark` stands beside the title of what does not count."""

    entry: int
    title: str
    name: str
    mark: str
    sign: str
    standing: str
    tone: Tone
    reason: str
    facts: list[Fact]
    numbers: Table
    methods: list[str]
    readable: list[Fact]
    plots: list[Plot]
    misleads: str


def section_of(item: ItemReport, words: Words) -> Section:
    """Return an item's section; an exploratory one is marked, and never green."""
    result = item.result
    methods = dict.fromkeys(
        f"{each.method.name}, v{each.method.version} ({each.method.source})" for each in result.measurements
    )
    chosen = result.measurements[item.chosen] if item.chosen is not None else None
    needed = (
        words(f"About {result.n_needed:,} rows would settle it.", f"約需{result.n_needed:,}行方可判斷。")
        if result.n_needed
        else ""
    )
    reason = words.capital(words.reason(result.reason))
    stop = "" if not reason or reason.endswith((".", "。")) else words(". ", "。")
    return Section(
        entry=item.entry,
        title=words.text(item.title),
        name=f"{result.item.id} ({result.item.measure})",
        mark=words("EXPLORATORY, does not count", "探索性，不計算在內") if result.exploratory else "",
        sign=STANDING_SIGNS[result.standing],
        standing=words.standing(result.standing),
        tone="note" if result.exploratory else STANDING_TONES[result.standing],
        reason=(reason + stop + needed).strip(),
        facts=_facts(item, chosen, words),
        numbers=_numbers(result.measurements, words),
        methods=list(methods),
        readable=[Fact(name, _value(value, words)) for name, value in sorted((chosen.facts if chosen else {}).items())],
        plots=plots_of(item, words),
        misleads=words.text(item.misleads) if item.misleads else "",
    )  # fmt: skip


def _facts(item: ItemReport, chosen: Measurement | None, words: Words) -> list[Fact]:
    result = item.result
    return [
        Fact(words("Threshold registered", "已登記的門檻"), words.threshold(result.item.gate)),
        Fact(words("Rows", "行數"), f"{result.rows:,}"),
        Fact(words("Level, versions tried", "置信水平、試過的版本"), f"{result.level:.6g}, {result.variants:,}"),
        Fact(words("Draws", "抽樣"), _draws(chosen, result.measurements, words)),
        Fact(words("Settings", "設定"), canonical.encode(result.item.settings).decode() if result.item.settings else "{}", code=True),
        Fact(words("Release", "發布版本"), result.release, code=True),
        Fact(words("Data digest", "數據摘要值"), result.data_digest, code=True),
        Fact(words("Digest of the result", "結果摘要值"), item.digest, code=True),
        Fact(words("Recorded", "記錄時間"), words.moment(item.recorded_at)),
        Fact(words("Signed by", "簽署人"), words.listed(item.signed_by)),
    ]  # fmt: skip


def _draws(chosen: Measurement | None, measured: list[Measurement], words: Words) -> str:
    """Say what was drawn for the number held against the threshold; where only others of the item were drawn for, say that."""
    drawn = chosen.draws if chosen is not None else None
    others = next((each.draws for each in measured if each.draws is not None), None)
    if drawn is None and others is None:
        return words("none: the interval is a formula", "沒有：區間由公式得出")
    used = drawn or others
    assert used is not None
    said = words(
        f"{used.draws:,}, seed {used.seed} ({used.generator}, numpy {used.numpy})",
        f"{used.draws:,}次，種子數 {used.seed}（{used.generator}，numpy {used.numpy}）",
    )
    if drawn is not None or chosen is None:
        return said
    name = number_name(chosen)
    return words(
        f"none for {name}, whose interval is a formula; others: {said}",
        f"{name} 沒有，其區間由公式得出；其他數字：{said}",
    )


def _numbers(measurements: list[Measurement], words: Words) -> Table:
    columns = [
        Column(words("Number", "數字")),
        Column(words("Estimate", "估計值"), numeric=True),
        Column(words("Interval", "區間"), numeric=True),
        Column("n", numeric=True),
        Column(words("Outcome", "結果")),
    ]
    return Table(words("All numbers", "所有數字"), columns, [_number_row(each, words) for each in measurements])


def _number_row(measured: Measurement, words: Words) -> list[Cell]:
    point, interval = interval_cells(measured)
    weak = measured.outcome == "underpowered"
    outcome = (
        tone_cell("?", words("underpowered", "檢定力不足"), "medium") if weak else Cell(words("measured", "已量度"))
    )
    return [
        Cell(number_name(measured), sub=words.unit(measured.unit)),
        Cell(point),
        Cell(interval),
        Cell(f"{measured.n:,}"),
        outcome,
    ]


def _value(value: object, words: Words) -> str:
    if isinstance(value, bool):
        return words("yes", "是") if value else words("no", "否")
    if isinstance(value, int):
        return f"{value:,}"
    return plain_number(value) if isinstance(value, float) else str(value)
