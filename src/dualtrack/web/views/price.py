"""Prices of controls as a page shows them: rows with intervals, the verdict in words, what was left out, and frontiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from dualtrack.evidence.pricing.words import frontier_picture, verdict_words
from dualtrack.present.charts import plain_interval
from dualtrack.present.frontier_view import frontier_plot
from dualtrack.runtime.pricing.columns import HUMAN_REVIEW
from dualtrack.runtime.review_group import REVIEWERS_MIN
from dualtrack.web.parts import Column
from dualtrack.web.views.rendering import Language

if TYPE_CHECKING:
    from dualtrack.evidence.pricing.effects import Effect
    from dualtrack.evidence.pricing.prices import Price
    from dualtrack.runtime.pricing.report import Report
    from dualtrack.web.views.wording import Say

__all__ = ["CHARTS_MAX", "Chart", "compared_lines", "frontier_charts", "nothing_priced", "price_columns", "price_rows"]

CHARTS_MAX = 8
"""Frontiers on one page: those of the controls that acted, most first."""

_DIGEST_SHOWN = 12

_SETTINGS = {
    "block": ("blocks from", "攔截，門檻"),
    "redact": ("takes out from", "刪去內容，門檻"),
    "route": ("passes to a person from", "轉交人手，門檻"),
    "watch": ("only notes, from", "只作記錄，門檻"),
}


class Chart(NamedTuple):
    """A picture with the same numbers as a table."""

    picture: Markup
    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, str, str]]


def price_columns(say: Say) -> tuple[Column, ...]:
    """Return the heads of the table of prices."""
    return (
        Column(say("Control", "監控措施")),
        Column(say("Acted on", "採取行動"), numeric=True),
        Column(say("Harm averted", "所避免的損害"), numeric=True),
        Column(say("Benefit withheld", "所扣起的效益"), numeric=True),
        Column(say("Truth known", "已知真相"), numeric=True),
        Column(say("Verdict", "判斷")),
    )


def price_rows(report: Report, say: Say) -> list[tuple[str | Markup, ...]]:
    """Return a row a control; below each number what it would be if the control stood alone."""
    return [_row(item, say) for item in sorted(report.prices, key=lambda item: -item.alone.acted)]


def nothing_priced(report: Report, say: Say) -> tuple[str, str]:
    """Return what stands in place of the table: there is no decision, or no control that a decision says anything of."""
    if report.compared.decisions:
        return (
            say("No control to price", "沒有可計算代價的監控措施"),
            say("The policy of these decisions has no guard with a logged score, and no person ended a review of one.",
                "這些決定的政策並無已記錄評分的防護，亦沒有由人手完成的覆核。"),
        )  # fmt: skip
    return (
        say("No decision to compare", "沒有可比較的決定"),
        say(
            "Prices come from logged decisions; there is none of this use to compare.",
            "代價由已記錄的決定得出；此用途並無可比較的決定。",
        ),
    )


def compared_lines(report: Report, say: Say) -> list[str]:
    """Return what was compared and what was left out, a sentence each."""
    found, truths = report.compared, report.truths
    n = f"{len(found.decisions):,}"
    lines = [
        say(
            f"Decisions compared, of one release and one policy: {n}.", f"所比較的決定（同一發布版本及同一政策）：{n}。"
        )
    ]
    lines += [
        say(f"Left out, of another release or policy ({release[:_DIGEST_SHOWN]}): {count:,}.",
            f"不計入（另一發布版本或政策，{release[:_DIGEST_SHOWN]}）：{count:,}。")
        for (release, _), count in sorted(found.others.items())
    ]  # fmt: skip
    observed, drilled = found.modes.get("observe", 0), found.modes.get("drill", 0)
    if observed:
        lines.append(say(f"Apart, in observe mode: {observed:,}.", f"另計（觀察模式）：{observed:,}。"))
    if drilled:
        lines.append(say(f"Apart, drills: {drilled:,}.", f"另計（演練）：{drilled:,}。"))
    if found.planted:
        lines.append(
            say(
                f"Left out, planted known-wrong items: {found.planted:,}.",
                f"不計入（已知錯誤項目）：{found.planted:,}。",
            )
        )
    if found.erased:
        lines.append(
            say(f"Left out, records whose content was erased: {found.erased:,}.",
                f"不計入（內容已刪除的記錄）：{found.erased:,}。")
        )  # fmt: skip
    if not found.whole:
        lines.append(
            say("There are older decisions that were not read for this page.", "另有較舊的決定，本頁並無讀取。")
        )
    known = f"{len(truths.harmful):,}"
    lines.append(
        say(f"Decisions whose truth a review told: {known}. The others count as unknown, never as harmless.",
            f"由覆核得知真相的決定：{known}。其餘當作未知，絕不當作無害。")
    )  # fmt: skip
    return lines + [_without_price(name, say) for name in report.refused]


def _without_price(name: str, say: Say) -> str:
    """Say why a control has no price: nobody logged a score of it, or its figure would tell of single people."""
    if name == HUMAN_REVIEW:
        return say(
            f"Human review has no price here: a figure needs {REVIEWERS_MIN} reviewers or more, none with over half of the reviews.",
            f"人手覆核在此並無代價數字：須有不少於{REVIEWERS_MIN}名覆核人員，且無人佔覆核過半，方可顯示數字。",
        )
    said = say("{} has no price here: no decision has a score of it.", "{} 在此並無代價數字：沒有決定記錄其評分。")
    return Markup(said).format(say.quoted(name))  # noqa: S704 - both sentences stand above


def frontier_charts(report: Report, say: Say) -> list[Chart]:
    """Return the frontiers of controls that acted, those that acted most first."""
    acted = sorted((item for item in report.prices if item.alone.acted), key=lambda item: -item.alone.acted)
    names = [item.counts.control.name for item in acted if item.counts.control.name in report.frontiers]
    return [_chart(report, name, number, say) for number, name in enumerate(names[:CHARTS_MAX])]


def _row(item: Price, say: Say) -> tuple[str | Markup, ...]:
    control, view, alone = item.counts.control, item.marginal, item.alone
    words = _SETTINGS.get(control.kind)
    setting = say("as logged", "按記錄") if words is None or control.at is None else f"{say(*words)} {control.at:g}"
    name = Markup('{}<span class="sub">{}</span>').format(say.quoted(control.name), setting)
    return (
        name,
        _two(f"{view.acted:,}", f"{alone.acted:,}", say),
        _two(_shown(view.averted, say), _shown(alone.averted, say), say),
        _two(_shown(view.withheld, say), _shown(alone.withheld, say), say),
        f"{view.acted - view.unknown:,} / {view.acted:,}",
        say.text(verdict_words(item)),
    )


def _two(marginal: str, alone: str, say: Say) -> str | Markup:
    if marginal == alone:
        return marginal
    return Markup('{}<span class="sub">{} {}</span>').format(marginal, say("alone", "單獨計"), alone)


def _shown(effect: Effect, say: Say) -> str:
    point, low, high = plain_interval(effect.estimate, effect.low, effect.high)
    if effect.bound_low < effect.bound_high:
        least, most = (plain_interval(bound, effect.low, effect.high)[0] for bound in effect[:2])
        point = say(f"{least} to {most}", f"{least}至{most}")
    return f"{point} ({low} – {high})"


def _chart(report: Report, name: str, number: int, say: Say) -> Chart:
    found = report.frontiers[name]
    picture = frontier_picture(found, key=f"frontier-{number}", chinese=say.language is Language.ZH)
    rows = [
        (
            point.label + (say(" (now)", "（現行）") if point.present else ""),
            _span(point.averted),
            _span(point.withheld),
        )
        for point in picture.points
    ]
    head = (say("Threshold", "門檻"), say("Harm averted", "所避免的損害"), say("Benefit withheld", "所扣起的效益"))
    return Chart(frontier_plot(picture), picture.title, head, rows)


def _span(values: tuple[float, float, float]) -> str:
    low, estimate, high = values
    return "{} ({} – {})".format(*plain_interval(estimate, low, high))
