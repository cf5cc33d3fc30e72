"""What monitors watch of a use, as tables of a page: share with interval, reference with limits, evidence, last alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.runtime.monitors.reading import watching_of
from dualtrack.web.parts import Column
from dualtrack.web.views.use_facts import guard_name

if TYPE_CHECKING:
    from dualtrack.runtime.monitors.reading import SeriesView
    from dualtrack.store.register import Register
    from dualtrack.web.views.wording import Say

__all__ = ["MonitorTable", "MonitorTables", "monitor_tables"]

_SERIES: dict[str, Text] = {
    "failed": Text(en="the model failed", zh="模型失敗"),
    "fallback": Text(en="answered by the fallback", zh="由後備方案回應"),
    "slow": Text(en="slow", zh="緩慢"),
    "blocked": Text(en="blocked by a guard", zh="被防護攔截"),
    "routed": Text(en="routed to a person", zh="轉交人手"),
    "guard_fired": Text(en="guard fired", zh="防護觸發"),
    "guard_score": Text(en="score of a guard", zh="防護評分"),
    "disagreement": Text(en="model and baseline differ in shadow", zh="影子運行中與基準不同"),
    "overridden": Text(en="output changed or rejected by a reviewer", zh="輸出被覆核人員更改或否決"),
}
_SCHEDULES: dict[str, Text] = {"hourly": Text(en="Each hour", zh="每小時"), "daily": Text(en="Each day", zh="每日")}


class MonitorTable(NamedTuple):
    """The series of one schedule."""

    caption: str
    hint: str
    rows: list[tuple[str, ...]]


class MonitorTables(NamedTuple):
    """Heading, a sentence on the error, the columns, and a table for each schedule that has run."""

    title: str
    lead: str
    columns: tuple[Column, ...]
    tables: list[MonitorTable]


def monitor_tables(register: Register, use: str, say: Say) -> MonitorTables:
    """Return the tables of a use; without a run, none and a sentence that says so."""
    found = watching_of(register, use)
    count = f"{found.false_alarms_per_year:g}"
    nothing = say(
        "Nothing to watch yet: no window with decisions has ended.", "暫無可供監察的內容：尚未有含決定的時段完結。"
    )
    error = say(
        f"False alarms to be expected of all series together, if nothing changes: at most {count} a year. The figure is ours, "
        f"of {say.day(f'{found.checked_on}T00:00:00Z')}. An alarm makes a signal and calls for a look; it closes nothing.",
        f"若一切不變，所有序列合計每年預期誤報最多{count}次。此數字由我們訂定（{say.day(f'{found.checked_on}T00:00:00Z')}）。警報會產生訊號並要求查看，不會關閉任何用途。",
    )
    columns = (
        Column(say("Series", "序列")),
        Column("n", numeric=True),
        Column(say("Share, 95% interval", "比例（95%區間）"), numeric=True),
        Column(say("Reference, its limits", "參照（界限）"), numeric=True),
        Column(say("Evidence", "證據"), numeric=True),
        Column(say("Last alarm", "上次警報")),
    )
    tables = []
    for schedule in dict.fromkeys(each.schedule for each in found.series):
        mine = [each for each in found.series if each.schedule == schedule]
        tables.append(_table(schedule, mine, say))
    return MonitorTables(say("Monitors", "監察"), error if tables else nothing, columns, tables)


def _table(schedule: str, series: list[SeriesView], say: Say) -> MonitorTable:
    first = series[0]
    name = say.text(_SCHEDULES[schedule]) if schedule in _SCHEDULES else schedule
    since, until = say.moment(first.since), say.moment(first.until)
    caption = say(f"{name}: {since} to {until}", f"{name}：{since}至{until}")
    hint = say(
        f"Alarm at evidence {first.threshold:.1f}: one false alarm of a series in {first.windows_to_false_alarm:,} windows or more",
        f"證據達{first.threshold:.1f}即警報：每個序列平均不少於{first.windows_to_false_alarm:,}個時段才有一次誤報",
    )
    if first.step > 1:
        hint += say(f"; 1 decision in {first.step:,} of this window was read", f"；此時段每{first.step:,}項決定讀取1項")
    return MonitorTable(caption, hint, [_row(each, say) for each in series])


def _row(series: SeriesView, say: Say) -> tuple[str, ...]:
    share = "–" if series.estimate is None else f"{series.estimate:.1%} ({series.low:.1%}–{series.high:.1%})"
    if series.reference is None:
        reference = say("learning", "學習中") if series.phase == "learning" else "–"
    elif series.reference_low is None:
        learning = say(f"learning, {series.reference_n:,} so far", f"學習中，已有{series.reference_n:,}")
        reference = f"{series.reference:.1%} ({learning})"
    else:
        reference = f"{series.reference:.1%} ({series.reference_low:.1%}–{series.reference_high:.1%})"
    return (
        _name(series, say),
        f"{series.n:,}",
        share,
        reference,
        "–" if series.evidence is None else f"{series.evidence:.1f}",
        say.moment(series.last_alarm) if series.last_alarm else say("never", "從未"),
    )


def _name(series: SeriesView, say: Say) -> str:
    kind, _, about = series.series.partition(": ")
    name = say.capital(_SERIES[kind]) if kind in _SERIES else kind
    if about:
        guard, _, stage = about.partition("/")
        at = say("input", "輸入") if stage == "input" else say("output", "輸出")
        name = say(f"{name}: {guard_name(guard, say)} ({at})", f"{name}：{guard_name(guard, say)}（{at}）")
    if series.at is None:
        return name
    if kind == "slow":
        return say(f"{name}: above {series.at / 1000:,.0f} ms", f"{name}：超過{series.at / 1000:,.0f}毫秒")
    return say(f"{name}, {series.at / 1000:g} or more", f"{name}，{series.at / 1000:g}或以上")
