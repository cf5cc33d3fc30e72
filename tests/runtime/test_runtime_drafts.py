from __future__ import annotations

import pytest

from dualtrack.domain.records import Text
from dualtrack.runtime.drafts import (
    duties_of_change,
    duties_of_incident,
    is_sfc_high_risk,
    reporting_duties,
    significant_change,
)
from dualtrack.runtime.incidents import open_incident
from dualtrack.runtime.lookup import find_declaration
from permit.firm import USE

ADVICE = {"language_model": True, "gives_advice": True, "after_sales_only": False}


def raised(desk, severity: str = "material"):
    return open_incident(
        desk.register, kind="wrong-answers", severity=severity, note="It said too much", by="owner", use=USE
    )


def by_id(lines):
    return {line.duty.id: line for line in lines}


def test_a_licensed_firm_reports_a_material_failure_at_once(make_desk):
    desk = make_desk(type="licensed_corporation")
    incident = raised(desk)
    line = by_id(duties_of_incident(desk.register, incident.id))["sfc-breach-report"]
    assert line.clock_from == incident.at
    assert "12.5" in line.duty.cites
    minor = raised(desk, "minor")
    assert "sfc-breach-report" not in by_id(duties_of_incident(desk.register, minor.id))


def test_a_bank_is_not_told_of_duties_of_others(make_desk):
    desk = make_desk(type="bank", facts=ADVICE)
    assert set(by_id(duties_of_incident(desk.register, raised(desk).id))) == {"hkma-incident", "pcpd-breach"}
    assert not any(line.duty.regulator == "SFC" for line in duties_of_change(desk.register, USE))
    assert significant_change(desk.register, USE) is None


@pytest.mark.parametrize(
    ("kind", "duty", "regulator"), [("insurer", "ia-incident", "IA"), ("mpf_trustee", "mpfa-incident", "MPFA")]
)
def test_an_insurer_and_a_trustee_are_told_that_nothing_was_verified(make_desk, kind, duty, regulator):
    desk = make_desk(type=kind)
    lines = by_id(duties_of_incident(desk.register, raised(desk).id))
    assert set(lines) == {duty, "pcpd-breach"}
    line = lines[duty]
    assert (line.duty.regulator, line.duty.grade, line.clock_from) == (regulator, "unseen", None)
    assert line.clock == Text(en="period not verified", zh="期限未經核實")


def test_no_clock_runs_where_no_period_was_read(make_desk):
    desk = make_desk(type="licensed_corporation", facts=ADVICE)
    lines = by_id([*duties_of_change(desk.register, USE), *duties_of_incident(desk.register, raised(desk).id)])
    assert lines["sfc-significant-change"].clock.en == "period not verified"
    assert lines["sfc-early-discussion"].clock.en.startswith("voluntary")
    running = {name for name, line in lines.items() if line.clock_from is not None}
    assert running == {"sfc-breach-report"}
    for line in lines.values():
        assert line.duty.grade == "primary" or line.clock_from is None


def test_what_is_not_known_is_asked_and_a_no_leaves_the_duty_out(make_desk):
    desk = make_desk(type="licensed_corporation")
    incident = raised(desk)
    assert by_id(duties_of_incident(desk.register, incident.id))["pcpd-breach"].unknown == ("personal_data",)
    yes = by_id(duties_of_incident(desk.register, incident.id, facts={"personal_data": True}))
    assert yes["pcpd-breach"].unknown == ()
    no = by_id(duties_of_incident(desk.register, incident.id, facts={"personal_data": False}))
    assert "pcpd-breach" not in no


def test_a_high_risk_use_is_asked_about_with_a_draft_for_either_answer(make_desk):
    desk = make_desk(type="licensed_corporation", facts=ADVICE)
    found = significant_change(desk.register, USE)
    assert "section 4 and Schedule 3" in found.cites
    for text in (found.asks, found.yes, found.no):
        assert "Early warning" in text.en
        assert "（譯）Early warning" in text.zh
        assert "{" not in text.en + text.zh
    assert desk.release_digest[:16] in found.yes.en
    assert "2026-11-23" in found.no.zh


@pytest.mark.parametrize(
    ("change", "high"),
    [({}, True), ({"after_sales_only": True}, False), ({"gives_advice": False}, False), ({"language_model": False}, False)],
)  # fmt: skip
def test_high_risk_is_a_test_of_purpose(make_desk, change, high):
    desk = make_desk(type="licensed_corporation", facts=ADVICE | change)
    assert is_sfc_high_risk(find_declaration(desk.register, USE)) is high
    assert (significant_change(desk.register, USE) is not None) is high
    assert ("sfc-significant-change" in by_id(duties_of_change(desk.register, USE))) is high


def test_a_question_without_an_answer_counts_as_high_risk(make_desk):
    assert is_sfc_high_risk(find_declaration(make_desk().register, USE))


def test_an_incident_of_the_whole_firm_has_its_duties_too(make_desk):
    desk = make_desk(type="licensed_corporation")
    found = open_incident(desk.register, kind="outage", severity="major", note="All is down", by="owner")
    assert "sfc-breach-report" in by_id(duties_of_incident(desk.register, found.id))


def test_a_period_stands_only_beside_a_source_that_was_read():
    checked_on, duties = reporting_duties()
    assert checked_on
    for duty in duties:
        assert duty.period is None or duty.grade == "primary", duty.id
        assert duty.cites, duty.id
        assert duty.says.en, duty.id
        assert duty.says.zh, duty.id
    assert len({duty.id for duty in duties}) == len(duties)
