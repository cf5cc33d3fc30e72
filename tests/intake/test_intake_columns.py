"""Mapping columns: what is sure is used, everything else is asked."""

from datetime import date

import intake_workbooks as ugly
import pytest

from dualtrack.errors import FieldError
from dualtrack.intake.headers import header_score
from dualtrack.intake.lexicon import columns
from dualtrack.intake.report import gap_report

AT = date(2026, 11, 22)


def best(*headers):
    score, field = max((header_score(field, headers)[0], field) for field in columns().fields)
    return field if score >= columns().threshold else ""


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("AI模型名稱", "name"), ("Owner 負責人", "owner"), ("模型名稱\nModel name", "name"), ("OWNER", "owner"),
        ("Ｏｗｎｅｒ", "owner"), ("Date of last validation", "validation_date"), ("Customer facing? (Y/N)", "customer_facing"),
        ("问责高层", "executive"), ("Vendor / in-house", "vendor"), ("是否面向客户", "customer_facing"),
        ("Type", ""), ("Contact", ""), ("Model Onwer", ""), ("Onwer", ""), ("Validation", ""), ("Date", ""), ("Approved", ""),
    ],
)  # fmt: skip
def test_headers(header, field):
    assert best(header) == field


def test_the_upper_header_decides_what_the_lower_means():
    assert best("Validation", "Owner") == "validator"
    assert best("Validation", "Date") == "validation_date"
    assert best("People", "Owner") == "owner"
    assert best("Vendor", "Owner") == ""


def test_every_listed_name_means_its_field_alone():
    for field, spec in columns().fields.items():
        for phrase in (*spec.exact, *spec.whole):
            assert header_score(field, (phrase,))[0] == 1.0
            others = [name for name in columns().fields if name != field and header_score(name, (phrase,))[0] == 1.0]
            assert others == [], phrase


def match(path, letter, **more):
    return next(m for m in gap_report(path, at=AT, **more).matches if m.column == letter)


def test_values_speak_against_a_header(tmp_path):
    rows = [["Name", "Purpose", "Validation date"], *[[f"Model {n}", "p", "see report"] for n in range(4)]]
    got = match(ugly.save(tmp_path, "v.xlsx", ("S", rows)), "C")
    assert (got.field, got.state, got.confidence) == ("", "asked", 0.6)
    assert "only 0 of 4" in got.reason.en
    assert "validation_date" in got.candidates


def test_two_columns_for_one_field_are_asked_about(tmp_path):
    path = ugly.save(tmp_path, "t.xlsx", ("S", [["Name", "Owner", "Business owner"], ["A", "x", "y"]]))
    assert {match(path, letter).state for letter in "BC"} == {"asked"}
    assert "column C could be it as well" in match(path, "B").reason.en
    told = {letter: match(path, letter, mapping={"owner": "Business owner"}).field for letter in "BC"}
    assert told == {"B": "", "C": "owner"}


def test_told_by_letter_and_misspelt(tmp_path):
    path = ugly.save(tmp_path, "m.xlsx", ("S", [["Name", "Purpose", "Onwer"], ["A", "p", "y"]]))
    assert match(path, "C").reason.en == "the header resembles “owner”, perhaps misspelt"
    got = match(path, "C", mapping={"owner": "c"})
    assert (got.field, got.confidence, got.reason.en) == ("owner", 1.0, "you said so")


@pytest.mark.parametrize(
    ("mapping", "found"),
    [
        ({"ownr": "B"}, "no field 'ownr'"),
        ({"owner": "Z"}, "no single column 'Z'"),
        ({"owner": "B", "executive": "Owner"}, "given to both"),
    ],
)
def test_wrong_mappings_are_refused(tmp_path, mapping, found):
    path = ugly.save(tmp_path, "m.xlsx", ("S", [["Name", "Owner"], ["A", "y"], ["B", "y"]]))
    with pytest.raises(FieldError, match=found):
        gap_report(path, at=AT, mapping=mapping)
    assert not (tmp_path / "gap-report.html").exists()
