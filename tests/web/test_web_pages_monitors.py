"""The page of signals shows what monitors watch, in both languages: nothing before a window has ended, then each series with its error."""

from __future__ import annotations

import pytest
from acting_world import ActingWorld
from msgspec.structs import replace

from dualtrack.domain.oversight import Signal
from dualtrack.domain.records import encode
from dualtrack.runtime.monitors.reading import SeriesView
from dualtrack.runtime.monitors.running import run_due
from dualtrack.web.pages import signals
from dualtrack.web.views import monitor_rows
from dualtrack.web.views.wording import Say
from permit.firm import FIRM, USE
from runtime.runtime_world import timedelta

OF_USE = {"institution": FIRM, "use": USE.partition("/")[2]}


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, signals.PAGES)
    yield made
    made.close()


def page(world, language="en") -> str:
    query = {"kind": "override", "days": "30"}
    return world.show(
        "GET", "/uses/{institution}/{use}/signals", language=language, by="auditor", path=OF_USE, query=query
    )


def test_before_and_after_a_window_has_ended(world):
    signal = Signal(use=USE, kind="override", at=world.desk.register.now(), value=1, of=1, about="a review")
    world.desk.register.append_plain([("signal/1", USE, encode(signal))])
    assert "Nothing to watch yet" in page(world)
    assert "暫無可供監察" in page(world, "zh-Hant")
    world.desk.decide()
    world.desk.time += timedelta(hours=25)
    assert len(run_due(world.desk.register, USE)) == 2
    english, chinese = page(world), page(world, "zh-Hant")
    assert "at most 1 a year" in english
    assert "The model failed" in english
    assert "learning, 1 so far" in english
    assert "每年預期誤報最多1次" in chinese
    assert "模型失敗" in chinese
    assert "Each hour: " in english


@pytest.mark.parametrize(
    ("series", "at", "english", "chinese"),
    [
        ("slow", 90_000, "Slow: above 90 ms", "緩慢：超過90毫秒"),
        (
            "guard_score: injection/input",
            500,
            "Injected instructions (input), 0.5 or more",
            "注入指令（輸入），0.5或以上",
        ),
        ("blocked", None, "Blocked by a guard", "被防護攔截"),
    ],
)
def test_a_series_is_named_in_words(series, at, english, chinese):
    view = SeriesView(
        schedule="daily", series=series, phase="watching", since="2026-11-26T16:00:00Z", until="2026-11-27T16:00:00Z",
        n=200, estimate=0.1, low=0.07, high=0.15, at=at, reference_n=900, reference_windows=7, reference=0.05,
        reference_low=0.03, reference_high=0.08, evidence=4.2, threshold=9.0, windows_to_false_alarm=8_103,
        false_alarms_per_year=0.05, last_alarm=None,
    )  # fmt: skip
    row = monitor_rows._row(view, Say("en"))
    assert english in row[0]
    assert row[1:] == ("200", "10.0% (7.0%–15.0%)", "5.0% (3.0%–8.0%)", "4.2", "never")
    assert chinese in monitor_rows._row(view, Say("zh-Hant"))[0]


def test_a_window_of_which_not_all_was_read_says_so(world, monkeypatch):
    signal = Signal(use=USE, kind="override", at=world.desk.register.now(), value=1, of=1, about="a review")
    world.desk.register.append_plain([("signal/1", USE, encode(signal))])
    world.desk.decide()
    world.desk.time += timedelta(hours=25)
    run_due(world.desk.register, USE)
    assert " was read" not in page(world)
    found = monitor_rows.watching_of(world.desk.register, USE)
    sampled = replace(found, series=tuple(replace(each, step=3) for each in found.series))
    monkeypatch.setattr(monitor_rows, "watching_of", lambda *_: sampled)
    assert "1 decision in 3 of this window was read" in page(world)
    assert "此時段每3項決定讀取1項" in page(world, "zh-Hant")
