"""The first screen: every use on its two lines, what it may do now, what was decided today, what falls due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Area, Effect, Track
from dualtrack.present.words import AREA_WORDS, OUTCOME_WORDS, TIER_WORDS, VERDICT_WORDS
from dualtrack.present.xlsx import SheetSpec
from dualtrack.store.projections import Projections, among
from dualtrack.web.parts import Badge, Stat, verdict_badge
from dualtrack.web.tracks import Ending
from dualtrack.web.views.counts import Waiting, decisions_since_midnight, reviews_waiting
from dualtrack.web.views.lines import ending_of, groups_of, lines_of
from dualtrack.web.views.recorded import newest_recorded, packs_of
from dualtrack.web.views.standing import STANDINGS, standing_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dualtrack.runtime.live import Closed, LiveUse
    from dualtrack.store.register import Register
    from dualtrack.web.tracks import Tracks
    from dualtrack.web.views.lines import Group
    from dualtrack.web.views.recorded import Recorded
    from dualtrack.web.views.standing import Standing
    from dualtrack.web.views.wording import Say

__all__ = ["DUE_MAX", "OPEN_STANDINGS", "Due", "UseRow", "dues_of", "export_sheets", "stats_of", "use_rows"]

DUE_MAX = 12
"""Things that fall due shown on the first screen; each use lists its own."""

OPEN_STANDINGS = frozenset({"live", "trial", "shadow"})
"""Standings under a permit that answers calls; the filter `open` keeps these."""

_ORDER = ("hold", "observe", "trial", "live", "shadow", "closed")
"""Standings in the order of the list: what nobody may overlook comes first."""

_NOBODY = Waiting(0, 0)


class UseRow(NamedTuple):
    """A use in the list; `recorded` is None where it was never assessed."""

    use: str
    title: Text
    area: Area
    recorded: Recorded | None
    groups: list[Group]
    tracks: Tracks
    verdict: Badge
    standing: Standing
    until: str
    today: int
    waiting: Waiting


class Due(NamedTuple):
    """Something with a date: a condition, a rule due later, or the end of a permit or of observing."""

    instant: str
    title: str
    use: UseRow
    anchor: str
    outcome: str


def use_rows(
    register: Register,
    live: Mapping[str, LiveUse | Closed],
    now: datetime,
    say: Say,
    *,
    only: frozenset[str] | None = None,
) -> list[UseRow]:
    """Return the uses of an institution (those in `only`, if given), what stands out first."""
    today = decisions_since_midnight(register, now)
    waiting = reviews_waiting(register, register.now())
    found = []
    for number, row in enumerate(Projections(register.repository).rows("use", **among("id", only))):
        use = row["id"]
        counts = (sum(today.get(use, {}).values()), waiting.get(use, _NOBODY))
        found.append(_row(register, row, live.get(use), counts, f"use{number}", say))
    return sorted(found, key=lambda item: (_ORDER.index(item.standing.kind), say.text(item.title), item.use))


def stats_of(rows: list[UseRow], say: Say, *, decisions: str = "", reviews: str = "") -> list[Stat]:
    """Return the counts at the top, each with the list that has so many; `decisions` and `reviews` are where those are."""
    kinds = [row.standing.kind for row in rows]
    held, observed = kinds.count("hold"), kinds.count("observe")
    waits, late = sum(row.waiting.n for row in rows), sum(row.waiting.late for row in rows)
    open_ = sum(kind in OPEN_STANDINGS for kind in kinds)
    counted = say("counted from the ledger", "由日誌計數")
    today = sum(row.today for row in rows)
    watched = [
        Stat(
            say("Watched, not permitted", "受觀察，並未准許"),
            f"{observed:,}",
            method=counted,
            href="/uses?standing=observe",
            tone="amber",
        )
    ]
    return [
        Stat(say("Open now", "現時開放"), f"{open_:,} / {len(rows):,}", method=say("uses, from the runtime", "用途，由運行系統讀取"), href="/uses?standing=open"),
        *(watched if observed else []),
        Stat(say("On hold", "已暫停"), f"{held:,}", method=counted, href="/uses?standing=hold", tone="bad" if held else None),
        Stat(say("Decisions today", "今日決定"), f"{today:,}", method=say("since 00:00 HKT", "自香港時間00:00起"), href=decisions),
        Stat(
            say("Reviews waiting", "等候覆核"),
            f"{waits:,}",
            method=say(f"{late:,} past their time", f"{late:,}項已逾時"),
            href=reviews,
            tone="bad" if late else None,
        ),
    ]  # fmt: skip


def dues_of(register: Register, rows: list[UseRow], say: Say) -> list[Due]:
    """Return what falls due under recorded permits and observing, soonest first."""
    found = []
    for row in rows:
        assessment = row.recorded.assessment if row.recorded else None
        if assessment is not None and assessment.mode is not None and row.recorded is not None:
            packs = packs_of(register, assessment)
            found += [
                Due(
                    line.due,
                    say.text(packs[line.pack].rule(line.rule).data.title),
                    row,
                    f"#{line.pack}--{line.rule}",
                    say.capital(OUTCOME_WORDS[line.outcome]),
                )
                for line in assessment.rules
                if line.due is not None and line.effect in {Effect.CONDITION, Effect.DUE_LATER} and line.pack in packs
            ]
            if assessment.expires is not None:
                found.append(Due(assessment.expires, say("The permit ends", "准許到期"), row, "", ""))
    by_use = {row.use: row for row in rows}
    for item in Projections(register.repository).rows("observe"):
        if item["use_id"] in by_use and item["ended_at"] is None:
            title = say("Observing ends; then it is closed", "觀察期結束，其後關閉")
            found.append(Due(item["until"], title, by_use[item["use_id"]], "", ""))
    return sorted(found, key=lambda due: (due.instant, due.use.use, due.title))


def export_sheets(rows: list[UseRow], at: str, say: Say) -> list[SheetSpec]:
    """Return the list as a sheet: both languages of names, codes beside words."""
    header = (
        say("Use", "用途"), "Title", "名稱", say("Area", "範疇"), say("Verdict", "判定"), say("Mode", "模式"), say("Tier", "級別"),
        say("Now", "現況"), say("Why", "原因"), say("Benefit done", "效益已符合"), say("Benefit applicable", "效益適用"),
        say("Safety done", "安全已符合"), say("Safety applicable", "安全適用"), say("Until", "有效至"),
        say("Decisions today", "今日決定"), say("Reviews waiting", "等候覆核"), say("Assessed at", "評估時間"),
        say("Verdict digest", "判定摘要值"), say("Exported at", "匯出時間"),
    )  # fmt: skip
    body = tuple(_cells(row, at, say) for row in rows)
    widths = (34, 34, 28, 22, 24, 10, 10, 14, 44, 10, 10, 10, 10, 22, 10, 10, 22, 66, 22)
    return [SheetSpec(title=say("Uses", "用途"), header=header, rows=body, widths=widths)]


def _cells(row: UseRow, at: str, say: Say) -> tuple[str | int | float, ...]:
    found = row.recorded.assessment if row.recorded else None
    counts = [n for track in Track for n in _track_counts(row, track)]
    return (
        row.use,
        row.title.en,
        row.title.zh,
        say.text(AREA_WORDS[row.area]),
        say.text(VERDICT_WORDS[found.verdict]) if found else "",
        found.mode.value if found and found.mode else "",
        say.text(TIER_WORDS[found.tier.value]) if found else "",
        say.text(STANDINGS[row.standing.kind]),
        row.standing.text,
        *counts,
        found.expires or "" if found else "",
        row.today,
        row.waiting.n,
        found.at if found else "",
        row.recorded.digest if row.recorded else "",
        at,
    )


def _track_counts(row: UseRow, track: Track) -> tuple[int, int]:
    mine = [group for group in row.groups if group.track is track]
    return sum(group.done for group in mine), sum(len(group.rules) for group in mine)


def _row(
    register: Register,
    row: Mapping[str, Any],
    live: LiveUse | Closed | None,
    counts: tuple[int, Waiting],
    key: str,
    say: Say,
) -> UseRow:
    title = Text(en=row["title_en"], zh=row["title_zh"])
    recorded = newest_recorded(register, row["id"])
    assessment = recorded.assessment if recorded else None
    groups = groups_of(assessment, packs_of(register, assessment), say) if assessment else []
    ending = ending_of(live, assessment)
    until = say.day(assessment.expires) if assessment and assessment.expires and _granted(ending) else ""
    tracks = lines_of(assessment, groups, ending, key=key, title=say.text(title), until=until)
    verdict = verdict_badge(assessment.verdict, say.language) if assessment else _never(say)
    return UseRow(
        row["id"], title, Area(row["area"]), recorded, groups, tracks, verdict, standing_of(live, say), until, *counts
    )


def _granted(ending: Ending) -> bool:
    return ending in {Ending.LIVE, Ending.TRIAL, Ending.SHADOW}


def _never(say: Say) -> Badge:
    return Badge("note", say("Never assessed", "從未評估"))
