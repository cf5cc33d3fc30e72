"""Complaints of a chat: clocks in days, cause and redress before the reply, and the report of a month with its intervals."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from textwrap import dedent

import pytest
from page_language import english_in
from server_world import ConsoleRole
from service_world import SETTINGS, ServiceWorld, plain

from dualtrack.apps.service.complaints import complaint_words, complaints, month_report, take_step
from dualtrack.apps.service.settings import read_settings
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import ConflictError, FieldError, NotFoundError

LIST = "/apps/service/complaints"


@pytest.fixture
def served(tmp_path):
    world = ServiceWorld(tmp_path)
    yield world
    world.close()


def today(served):
    return hong_kong_date(served.world.clock())


def complained(served):
    browser, address = served.start()
    served.write(browser, address, "I want to complain: the answer was wrong")
    return complaints(served.register, on=today(served))[0]


def test_a_complaint_has_its_clocks_and_they_run_out(served):
    row = complained(served)
    words = complaint_words()
    assert (row.acknowledge_by - row.received, row.reply_by - row.received) == (
        timedelta(days=words.acknowledge_days),
        timedelta(days=words.reply_days),
    )
    for days, late in ((7, ()), (8, ("acknowledge",)), (31, ("acknowledge", "reply"))):
        (seen,) = complaints(served.register, on=row.received + timedelta(days=days))
        assert seen.late == late


def test_a_person_takes_the_steps_on_the_page_in_their_order(served):
    row = complained(served)
    agent = served.signed_in(ConsoleRole.COMPLIANCE)
    assert f"{LIST}/of/{row.entry}" in agent.get(LIST).text
    page = f"{LIST}/of/{row.entry}"
    early = agent.post(page, {"do": "replied"})
    assert early.status_code == 409
    assert "record cause and redress before the reply" in early.text
    assert agent.post(page, {"do": "cause", "value": "weather"}).status_code == 400
    for form in (
        {"do": "acknowledged"},
        {"do": "cause", "value": "wrong_answer"},
        {"do": "redress", "value": "correction"},
        {"do": "replied"},
    ):
        assert agent.post(page, form).status_code == 303
    (seen,) = complaints(served.register, on=today(served))
    assert (seen.cause, seen.redress, seen.late) == ("wrong_answer", "correction", ())
    assert seen.acknowledged == seen.replied == today(served)
    with pytest.raises(ConflictError, match="acknowledged already"):
        take_step(served.register, row.entry, "acknowledged", by="x")
    with pytest.raises(NotFoundError):
        take_step(served.register, 0, "acknowledged", by="x")
    assert agent.get(f"{LIST}/of/0").status_code == 404


def test_the_month_counts_shares_with_what_they_are_of_and_intervals(served):
    row = complained(served)
    take_step(served.register, row.entry, "acknowledged", by="x")
    served.start()
    month = f"{today(served):%Y-%m}"
    report = month_report(served.register, month, on=today(served))
    assert (report.received, report.acknowledged_in_time, report.replied_in_time, report.open) == (1, 1, 0, 1)
    assert (report.causes, report.conversations) == ({"": 1}, 2)
    agent = served.signed_in(ConsoleRole.COMPLIANCE)
    page = plain(agent.get(f"{LIST}/report?month={month}"))
    assert "Complaints per 1,000 conversations 500" in page
    rows = {line["figure"]: line for line in csv.DictReader(io.StringIO(agent.get(f"{LIST}/report.csv").text))}
    assert (rows["acknowledged"]["value"], rows["acknowledged"]["of"], rows["acknowledged"]["estimate"]) == (
        "1",
        "1",
        "1.0000",
    )
    assert float(rows["per_1000"]["low"]) < 500 < float(rows["per_1000"]["high"])
    assert rows["cause not recorded"]["value"] == "1"
    empty = agent.get(f"{LIST}/report?month=2020-01")
    assert "Nothing to compute a share of." in empty.text
    with pytest.raises(FieldError):
        month_report(served.register, "last", on=today(served))
    assert agent.get(f"{LIST}/report?month=last").status_code == 400
    for address in (LIST, f"{LIST}/of/{row.entry}", f"{LIST}/report"):
        assert [text for text in english_in(agent.get(f"{address}?lang=zh-Hant").text) if "（譯）" not in text] == []


OWN_DAYS = """
        complaints: {{acknowledge: {0}, reply: {1}, source: {{en: "House rule 7", zh-Hant: "內部守則第7條"}}}}
"""


def settings_with(acknowledge, reply):
    return SETTINGS.rstrip() + OWN_DAYS.format(acknowledge, reply)


@pytest.mark.parametrize(
    ("acknowledge", "reply", "said"),
    [
        (9, 3, "not shorter than acknowledge"),
        (-1, 3, "acknowledge"),
        (1, 0, "reply"),
        (1, 4000, "reply"),
        ("soon", 3, "acknowledge"),
    ],
)
def test_days_that_cannot_be_are_refused_by_name(tmp_path, acknowledge, reply, said):
    file = tmp_path / "service.yaml"
    file.write_text(dedent(settings_with(acknowledge, reply)), encoding="utf-8")

    class Folder:
        def path(self, name):
            return tmp_path / name

    with pytest.raises(FieldError, match=said):
        read_settings(Folder())
