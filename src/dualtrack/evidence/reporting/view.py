"""The report said in one language: everything that a reader sees, in order, as plain texts and pictures for any form to set.

A form (page, PDF, console) only sets what stands here, so that no form can say more, or less, than another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.reporting.cells import Cell, Column, Fact, Table, entry_cell, tone_cell
from dualtrack.evidence.reporting.not_tested_view import Block, not_tested_blocks
from dualtrack.evidence.reporting.plots import interval_cells
from dualtrack.evidence.reporting.section import Section, section_of
from dualtrack.evidence.reporting.words import STANDING_SIGNS, STANDING_TONES, Words
from dualtrack.present.charts import plain_interval

if TYPE_CHECKING:
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.reporting.records import AssuranceReport, HistoryLine, ItemReport
    from dualtrack.evidence.reporting.words import LanguageTag

__all__ = ["ReportView", "report_view"]

_DIGEST_SHOWN = 16


class ReportView(NamedTuple):
    """The whole report in one language; a part that has nothing to show says so in words."""

    language: LanguageTag
    title: str
    kicker: str
    lead: str
    demo: str
    counts: str
    head: list[Fact]
    verdict: Table
    sections_title: str
    sections: list[Section]
    exploratory_title: str
    exploratory_lead: str
    exploratory: list[Section]
    history_title: str
    history_lead: str
    history: Table
    open_title: str
    open_lead: str
    blocks: list[Block]
    again_title: str
    again_lead: str
    commands: list[tuple[str, str]]
    words: dict[str, str]
    taken_at: str


def report_view(report: AssuranceReport, language: LanguageTag) -> ReportView:
    """Return the report in a language."""
    words = Words(language)
    return ReportView(
        language=language,
        title=words.text(report.title),
        kicker=words("Assurance report", "量度報告"),
        lead=words(
            "What was measured, held against thresholds that were registered before the data were seen, and what was not tested.",
            "量度了甚麼、與取得數據前已登記的門檻比較的結果，以及有甚麼未經測試。",
        ),
        demo=words(
            "Demonstration: institution, people and permits are fictional.", "示範：機構、人物及准許均屬虛構。"
        ) if report.demo else "",
        counts=_counts(report, words),
        head=_head(report, words),
        verdict=_verdict(report, words),
        sections_title=words("Each item", "逐項說明"),
        sections=[section_of(item, words) for item in report.items],
        exploratory_title=words("Exploratory results", "探索性結果"),
        exploratory_lead=_exploratory_lead(report, words),
        exploratory=[section_of(item, words) for item in report.exploratory],
        history_title=words("Earlier runs and releases", "較早的運行及發布版本"),
        history_lead=_history_lead(report, words),
        history=_history(report.history, words),
        open_title=words("What was not tested", "未經測試的事項"),
        open_lead=words(
            "As far as the registry of measures, the plan, the adopted packs and the pack on discrimination make it known. "
            "Beyond that nobody can list what is missing.",
            "以量度登記冊、計劃、所採納的規則包及反歧視規則包所能得知者為限。此外無人能列出尚欠甚麼。",
        ),
        blocks=not_tested_blocks(report.not_tested, words),
        again_title=words("Compute it again", "重新計算"),
        again_lead=words(
            "Every number follows from the sufficient statistics in the ledger; no row of a customer is needed.",
            "每個數字均由日誌內的充分統計量得出，毋須任何客戶的個別紀錄。",
        ),
        commands=_commands(report, words),
        words=_form_words(words),
        taken_at=max((item.result.taken_at for item in (*report.items, *report.exploratory)), default=report.as_of),
    )  # fmt: skip


def _counts(report: AssuranceReport, words: Words) -> str:
    """Say in a sentence how the planned items stand; what has no answer is never left out of it."""
    standings = [item.result.standing for item in report.items]
    gated = sum(standing != "reported" for standing in standings)
    if report.plan is None:
        return words("No plan is registered: nothing here can count.", "沒有已登記的計劃：此處一切均不計算在內。")
    met, missed = standings.count("met"), standings.count("missed")
    weak = standings.count("underpowered") + standings.count("not measurable")
    without = report.plan.items - len(standings)
    return words(
        f"Of {report.plan.items} planned items, {gated} have a result held against a threshold: {met} met, {missed} missed, "
        f"{weak} cannot tell. {standings.count('reported')} are reported without a threshold, {without} have no result.",
        f"計劃共{report.plan.items}項，其中{gated}項有結果可與門檻比較：{met}項達標、{missed}項未達標、{weak}項未能判斷。"
        f"{standings.count('reported')}項只作報告而沒有門檻，{without}項沒有結果。",
    )


def _head(report: AssuranceReport, words: Words) -> list[Fact]:
    none = words("none", "沒有")
    facts = [
        Fact(words("Use", "用途"), report.use, code=True),
        Fact(words("Release", "發布版本"), report.release or none, code=report.release is not None),
        Fact(words("As of", "截至"), words.moment(report.as_of) + words(f", {report.entries:,} entries in the ledger",
                                                                       f"，日誌共{report.entries:,}項")),
    ]  # fmt: skip
    plan = report.plan
    if plan is None:
        return [*facts, Fact(words("Plan", "計劃"), none)]
    facts += [
        Fact(words("Plan", "計劃"), words.text(plan.title)),
        Fact(words("Plan registered", "計劃登記於"), words(f"{words.moment(plan.recorded_at)}, entry {plan.entry:,}",
                                                       f"{words.moment(plan.recorded_at)}，第{plan.entry:,}項"), entry=plan.entry),
        Fact(words("Plan digest", "計劃摘要值"), plan.digest, code=True),
        Fact(words("Plan signed by", "計劃簽署人"), words.listed(plan.signed_by)),
        Fact(words("Data planned", "計劃所用數據"), words.text(plan.data)),
    ]  # fmt: skip
    return facts + _runs(report.items, plan.level, words)


def _runs(items: list[ItemReport], planned: float, words: Words) -> list[Fact]:
    """Return what holds for the results shown; where results differ, each value stands once."""
    if not items:
        return [Fact(words("Results", "結果"), words("none for this release", "此發布版本沒有結果"))]

    def once(values: list[str]) -> str:
        return words.listed(list(dict.fromkeys(values)))

    results = [item.result for item in items]
    levels = once([f"{result.level:.6g}" for result in results])
    tried = once([f"{result.variants:,}" for result in results])
    return [
        Fact(words("Results recorded", "結果記錄於"), once([words.moment(item.recorded_at) for item in items])),
        Fact(words("Measured at", "量度時間"), once([words.moment(result.taken_at) for result in results])),
        Fact(words("Results signed by", "結果簽署人"), once([name for item in items for name in item.signed_by])),
        Fact(words("Data digest", "數據摘要值"), once([result.data_digest for result in results]), code=True),
        Fact(words("Rows", "行數"), once([f"{result.rows:,}" for result in results])),
        Fact(words("Level of intervals", "區間的置信水平"), words(f"{levels} (planned {planned:.6g})", f"{levels}（計劃 {planned:.6g}）")),
        Fact(words("Versions tried", "試過的版本"), tried),
        Fact(words("Software", "軟件"), once([f"dualtrack {result.software}, {result.engine}" for result in results])),
    ]  # fmt: skip


def _verdict(report: AssuranceReport, words: Words) -> Table:
    columns = [
        Column(words("What", "項目")),
        Column(words("Threshold registered", "已登記的門檻")),
        Column(words("Estimate", "估計值"), numeric=True),
        Column(words("Interval", "區間"), numeric=True),
        Column("n", numeric=True),
        Column(words("Standing", "結論")),
        Column(words("Entry", "日誌項目"), numeric=True),
    ]
    rows = [_verdict_row(item, words) for item in report.items]
    shown = {item.result.item.id for item in report.items}
    for lacking in report.not_tested.items:
        if lacking.item not in shown:
            what = Cell(words.text(lacking.title), sub=lacking.item)
            dash = Cell("–")
            standing = tone_cell("∅", words("no result", "沒有結果"), "medium")
            rows.append([what, dash, dash, dash, dash, standing, dash])
    return Table(words("Verdict on each planned item", "每個計劃項目的結論"), columns, rows)


def _verdict_row(item: ItemReport, words: Words) -> list[Cell]:
    result = item.result
    chosen = result.measurements[item.chosen] if item.chosen is not None else None
    point, interval = interval_cells(chosen) if chosen else ("–", "–")
    needed = _needed(result.n_needed, words)
    reason = words.reason(result.reason)
    sub = words("; ", "；").join(part for part in (reason, needed, _weak(result.measurements, words)) if part)
    against = words.threshold(result.item.gate)
    if chosen is not None and result.item.gate is not None and result.item.gate.topic == "benefit":
        against = _declared(chosen.facts, words)
    return [
        Cell(words.text(item.title), sub=result.item.id, href=f"#item-{item.entry}"),
        Cell(against, sub=words.text(item.topic_title) if item.topic_title else ""),
        Cell(point, sub=words.unit(chosen.unit) if chosen else ""),
        Cell(interval),
        Cell(f"{chosen.n:,}" if chosen else f"{result.rows:,}"),
        tone_cell(
            STANDING_SIGNS[result.standing], words.standing(result.standing), STANDING_TONES[result.standing], sub
        ),
        entry_cell(item.entry),
    ]


def _declared(facts: dict[str, bool | int | float | str], words: Words) -> str:
    margin, effect = facts.get("margin"), facts.get("declared_effect")
    if isinstance(margin, (int, float)):
        return words(f"above −{margin:g}, the declared margin", f"高於 −{margin:g}（所申報的容許差距）")
    if isinstance(effect, (int, float)):
        return words(f"above 0, and at least {effect:g} as declared", f"高於0，且不低於所申報的 {effect:g}")
    return words("as declared", "按申報")


def _needed(n: int | None, words: Words) -> str:
    return words(f"about {n:,} rows would settle it", f"約需{n:,}行方可判斷") if n else ""


def _weak(measurements: list[Measurement], words: Words) -> str:
    """Say how many numbers of an item cannot answer, whatever the gated one says."""
    weak = sum(each.outcome == "underpowered" for each in measurements)
    n = len(measurements)
    return (
        words(f"{weak} of its {n} numbers are underpowered", f"其{n}個數字中有{weak}個檢定力不足")
        if weak and n > 1
        else ""
    )


def _exploratory_lead(report: AssuranceReport, words: Words) -> str:
    if not report.exploratory:
        return words("None was recorded.", "沒有記錄。")
    return words(
        "EXPLORATORY: no plan stood registered before these were measured. They count for nothing, whatever they say.",
        "探索性：量度前並無已登記的計劃。不論結果如何，一律不計算在內。",
    )


def _history_lead(report: AssuranceReport, words: Words) -> str:
    if not report.history:
        return words("There are none: no other result of a plan is in the ledger.", "沒有：日誌內並無其他計劃結果。")
    return words("Every other planned result in the ledger, newest first.", "日誌內所有其他計劃結果，最新在先。")


def _history(lines: list[HistoryLine], words: Words) -> Table:
    columns = [
        Column(words("What", "項目")),
        Column(words("Recorded", "記錄時間")),
        Column(words("Release", "發布版本")),
        Column(words("Estimate", "估計值"), numeric=True),
        Column("n", numeric=True),
        Column(words("Standing", "結論")),
        Column(words("Entry", "日誌項目"), numeric=True),
    ]
    return Table(words("Earlier results", "較早的結果"), columns, [_history_row(line, words) for line in lines])


def _history_row(line: HistoryLine, words: Words) -> list[Cell]:
    shown, interval = "–", ""
    if line.estimate is not None and line.low is not None and line.high is not None:
        shown, low, high = plain_interval(line.estimate, line.low, line.high)
        interval = f"{low} – {high}"
    return [
        Cell(words.text(line.title), sub=line.item),
        Cell(words.moment(line.recorded_at)),
        Cell(line.release[:_DIGEST_SHOWN], code=True),
        Cell(shown, sub=interval),
        Cell("–" if line.n is None else f"{line.n:,}"),
        _standing_cell(line.standing, words),
        entry_cell(line.entry),
    ]


def _standing_cell(standing: str, words: Words) -> Cell:
    found = next((each for each in STANDING_TONES if each == standing), None)
    return (
        Cell(standing)
        if found is None
        else tone_cell(STANDING_SIGNS[found], words.standing(found), STANDING_TONES[found])
    )


def _commands(report: AssuranceReport, words: Words) -> list[tuple[str, str]]:
    of = f" --release {report.release}" if report.release else ""
    return [
        (words("Make this report again", "再次製作此報告"), f"dualtrack report {report.use} --format json{of}"),
        (words("Write the bundle of the use, and compute its numbers from the statistics in it", "寫出此用途的資料包，並由其中的統計量重算數字"),
         f"dualtrack prove {report.use} -o use.bundle && dualtrack recompute use.bundle"),
        (words("Measure again on the data, recording nothing", "以數據再次量度，不作記錄"),
         f"dualtrack measure {report.use} --data FILE --model MODEL --dry-run"),
        (words("Check the whole ledger", "核對整個日誌"), "dualtrack ledger verify"),
    ]  # fmt: skip


def _form_words(words: Words) -> dict[str, str]:
    """Return the words that forms themselves need."""
    return {
        "entry": words("Ledger entry", "日誌項目"),
        "tables": words("The plots as tables", "以表格列出各圖"),
        "table": words("The same as a table", "以表格列出"),
        "misleads": words("When this misleads", "何時會產生誤導"),
        "methods": words("Methods and sources", "方法及來源"),
        "facts": words("Facts that a rule may read", "規則可讀取的事實"),
        "permit": words(
            "This report is the institution's own record, not a regulator's approval.",
            "本報告為機構自身的記錄，並非監管機構的批准。",
        ),
    }
